// Links of the builder that need not load the page: a node by name, a panel, the trial of a node.
import { canvas, inspector, remember, showPanel } from "./page.js";

const ACTS = {
  "[data-select-node]": (link) => canvas()?.select([link.dataset.selectNode]),
  "[data-try-node]": (link) => showPanel("test", link.dataset.tryNode),
  "[data-show-panel]": (link) => showPanel(link.dataset.showPanel, link.dataset.reload),
  "[data-close-inspector]": () => canvas()?.select([]),
};

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

const nothing = inspector()?.querySelector(".inspector__empty")?.cloneNode(true);

document.addEventListener("canvas:select", ({ detail }) => {
  const [only] = detail.ids.length === 1 ? detail.ids : [];
  remember({ node: only ?? "", tab: "" });
  if (only) return;
  inspector()?.replaceChildren(...(nothing ? [nothing.cloneNode(true)] : []));
});

// A node that is gone is not inspected any more.
document.addEventListener("canvas:change", () => {
  const shown = inspector()?.querySelector("[data-node]");
  if (shown && !canvas().model.nodes.has(shown.dataset.node)) inspector().replaceChildren();
});

document.addEventListener("inspector:refresh", ({ target }) => {
  const current = target.querySelector(".tabs a[aria-current]");
  if (current) window.htmx.ajax("GET", current.getAttribute("hx-get"), { target: inspector(), swap: "innerMorph" });
});
