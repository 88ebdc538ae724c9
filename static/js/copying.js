// [data-copy="ID"] copies what the element called ID holds, and says so on the button.
const SAID_MS = 2000;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const text = source?.value ?? source?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without HTTPS there is no clipboard: what is selected can be copied by hand.
    source?.select?.();
    return;
  }
  button.dataset.copied = "";
  setTimeout(() => delete button.dataset.copied, SAID_MS);
});
