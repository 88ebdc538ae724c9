// Letters of the builder: t tests the draft, p publishes it. Off while typing, and where the person switched them off.
const TYPING = "input, textarea, select, [contenteditable]:not([contenteditable=false])";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (document.documentElement.dataset.shortcuts === "off") return;
  if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
  const action = document.querySelector(`.top__actions [aria-keyshortcuts="${CSS.escape(event.key)}"]`);
  if (!action) return;
  event.preventDefault();
  action.click();
});
