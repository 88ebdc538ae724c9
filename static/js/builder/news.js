// What the server edited (forms, fixes): its news come with the answer as JSON and go to the canvas as `draft:changed`.

/** The draft is another than what is live. */
function showDraft() {
  for (const badge of document.querySelectorAll("[data-draft-badge]")) badge.hidden = false;
}

/** Counts on the tab Problems, as the panel says. */
export function showCounts() {
  const panel = document.getElementById("problems");
  if (!panel) return;
  for (const kind of ["errors", "warnings"]) {
    const badge = document.querySelector(`[data-count=${kind}]`);
    if (!badge) continue;
    badge.firstElementChild.textContent = panel.dataset[kind];
    badge.hidden = panel.dataset[kind] === "0";
  }
}

function take(block) {
  const news = JSON.parse(block.textContent);
  block.remove();
  document.dispatchEvent(new CustomEvent("draft:changed", { detail: news }));
  document.dispatchEvent(new CustomEvent("draft:saved", { detail: { revision: news.revision } }));
}

document.addEventListener("htmx:after:swap", () => {
  for (const block of document.querySelectorAll("script#draft-change")) take(block);
});
document.addEventListener("canvas:saved", ({ detail }) => {
  document.dispatchEvent(new CustomEvent("draft:saved", { detail }));
});
document.addEventListener("draft:saved", () => {
  showCounts();
  showDraft();
});
