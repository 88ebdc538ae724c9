// What the server sends back: cards, problems, the estimate.
import { swapById } from "./elements.js";
import { loaded } from "./parts.js";

/** Takes newer renderings of cards, {id: html}, and redraws only what they changed. Where the page's own gesture made
 * them grow, there is made room. */
export function takeCards(canvas, cards = {}, operations = []) {
  const changed = Object.entries(cards).filter(([id, fragment]) => canvas.cards.swap(id, fragment)).map(([id]) => id);
  if (!changed.length) return;
  const known = changed.map((id) => canvas.cards.get(id));
  const heights = known.map((card) => card.h);
  canvas.cards.measure(known);
  for (const card of known) {
    if (canvas.selection.nodes.has(card.id)) card.element.setAttribute("aria-current", "true");
  }
  canvas.edges.drawAt(new Set(changed));
  canvas.minimap.draw();
  const touched = new Set(operations.flatMap(({ node, to, edge }) => [node?.id ?? node, to, edge?.from]));
  const grown = known.filter((card, index) => card.h > heights[index] && touched.has(card.id));
  if (grown.length) loaded(canvas, import("./room.js")).then((part) => part?.makeRoom(canvas, grown, operations));
}

/** Marks the nodes that have problems, {nodes: {id: "error" | "warning"}}, and no others. */
export function takeSummary(canvas, summary) {
  if (!summary?.nodes) return;
  for (const id of canvas.cards.byId.keys()) canvas.cards.setProblem(id, summary.nodes[id]);
}

export function takePanels({ problems, estimate }) {
  swapById(problems);
  swapById(estimate);
}

/** The inspector shows a node that a gesture changed, an undo perhaps: it is asked for again, unless somebody types in it. */
export function refreshInspector(operations) {
  const inspector = document.getElementById("inspector");
  const shown = inspector?.querySelector("[data-node]");
  if (!shown || inspector.contains(document.activeElement)) return;
  const touched = operations.filter(({ op }) => op !== "move" && op !== "add")
    .flatMap(({ node, edge, to }) => [node, to, edge?.from, edge?.to]);
  if (touched.includes(shown.dataset.node)) shown.dispatchEvent(new CustomEvent("inspector:refresh", { bubbles: true }));
}
