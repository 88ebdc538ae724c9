// Links of the builder that need not load the page: a node by name, a panel, the trial of a node.
import { canvas, inspector, remember, showPanel } from "./page.js";

const ACTS = {
  "[data-select-node]": (link) => canvas()?.select([link.dataset.selectNode]),
  "[data-try-node]": (link) => showPanel("test", link.dataset.tryNode),
  "[data-show-panel]": (link) => showPanel(link.dataset.showPanel, link.dataset.reload),
  "[data-close-inspector]": () => closeInspector(),
};

/** Back to the canvas, and to the node that was inspected. */
function closeInspector() {
  const { node } = inspector().querySelector("[data-node]")?.dataset ?? {};
  canvas().select([]);
  canvas().selection.settle(node, true);
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || !canvas()) return;
  for (const [selector, act] of Object.entries(ACTS)) {
    const link = event.target.closest?.(selector);
    if (!link) continue;
    event.preventDefault();
    act(link);
    return;
  }
});

// Escape leaves the inspector, unless what has the focus took it for itself (a list of completions).
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !canvas() || document.querySelector("dialog[open]")) return;
  if (inspector()?.querySelector("[data-node]") && event.target.closest?.("#inspector")) closeInspector();
});

/** Nothing is selected: the inspector lists the nodes as they are now. */
function showNodes() {
  const pane = inspector();
  if (!pane || (pane.querySelector(".inspector__empty") && !pane.hasAttribute("data-outdated"))) return;
  pane.removeAttribute("data-outdated");
  window.htmx.ajax("GET", pane.dataset.nodesUrl, { source: pane, target: pane, swap: "innerHTML" }); // what is asked for last is shown
}

document.addEventListener("canvas:select", ({ detail }) => {
  const [only] = detail.ids.length === 1 ? detail.ids : [];
  remember({ node: only ?? "", tab: "" });
  if (!only) showNodes();
});

// A node that is gone is not inspected any more, and the list of nodes is old after every edit.
document.addEventListener("draft:saved", () => {
  const shown = inspector()?.querySelector("[data-node]");
  inspector()?.setAttribute("data-outdated", "");
  const { nodes } = canvas().selection;
  if (shown ? !canvas().model.nodes.has(shown.dataset.node) : nodes.size !== 1) showNodes(); // one alone is asked for
});

document.addEventListener("inspector:refresh", ({ target }) => {
  const { node } = target.closest("[data-node]")?.dataset ?? {};
  if (!canvas().model.nodes.has(node) || canvas().saving?.isFresh(node)) return; // the server knows it no more, or not yet
  const current = target.querySelector(".tabs a[aria-current]");
  if (current) window.htmx.ajax("GET", current.getAttribute("hx-get"), { target: inspector(), swap: "innerMorph" });
});
