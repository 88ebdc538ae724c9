// Short notes at the bottom right: they leave after 6 s, but stay while pointed at, focused, or when they tell of an error.
const LEAVE_MS = 6000;
const ICONS = { succeeded: "circle-check", failed: "circle-x", waiting: "triangle-alert", running: "info" };
const region = document.getElementById("toasts");

// `toast("Saved", {text, status, key, action: {label, run}})`. A toast with a `key` takes the place of the one before it.
export function toast(title, { text = "", status = "succeeded", key = "", action = null } = {}) {
  const template = document.getElementById("toast");
  if (!region || !template) return null;
  const made = template.content.firstElementChild.cloneNode(true);
  made.dataset.status = status;
  made.querySelector("b").textContent = title;
  if (text) made.querySelector("p").textContent = text;
  else made.querySelector("p").remove();
  const use = made.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#i-${ICONS[status] ?? "info"}`));
  if (action) {
    const button = made.querySelector("[data-act]");
    button.textContent = action.label;
    button.hidden = false;
    button.addEventListener("click", () => { made.remove(); action.run(); });
  }
  if (key) {
    dismiss(key);
    made.dataset.key = key;
  }
  region.append(made);
  return made;
}

export function dismiss(key) {
  for (const old of region?.querySelectorAll(".toast") ?? []) if (old.dataset.key === key) old.remove();
}

function arm(note) {
  if (note.dataset.status === "failed") return;
  const leave = () => (note.matches(":hover, :focus-within") ? setTimeout(leave, 1000) : note.remove());
  setTimeout(leave, LEAVE_MS);
}

if (region) {
  region.querySelectorAll(".toast").forEach(arm);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.matches?.(".toast")) arm(node);
  }).observe(region, { childList: true });
}
// A server says it with the header `HX-Trigger: {"toast": {"title": …, "text": …, "status": …}}`.
document.addEventListener("toast", (event) => toast(event.detail.title, event.detail));
