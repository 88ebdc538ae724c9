// Draws a whole document: cards, frames, edges.

/** Draws everything anew; `rendered(id)` gives a card of the server, if there is one. */
export function paintAll(canvas, rendered = () => undefined) {
  const { cards, edges, frames, model, selection } = canvas;
  cards.clear();
  edges.clear();
  const added = [...model.nodes.values()].map((node) => cards.add(node, rendered(node.id)));
  cards.measure(added);
  canvas.placeAll();
  for (const edge of model.edges.values()) if (cards.get(edge.from) && cards.get(edge.to)) edges.add(edge);
  frames.rebuild();
  edges.drawAll();
  selection.nodes = new Set();
  selection.edge = null;
  selection.settle(model.nodes.keys().next().value);
  canvas.minimap.draw();
}
