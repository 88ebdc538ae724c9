// Laying the graph out from left to right, with dagre, which is loaded when it is first needed.
import { snap } from "./model.js";
import { say } from "./words.js";

const ROW = 96;
const SPACING = { rankdir: "LR", nodesep: 40, edgesep: 24, ranksep: 72 };

/** One gesture that moves every node to its place. */
export async function tidy(canvas) {
  if (!canvas.editable) return;
  const positions = await places(canvas);
  canvas.unplaced.clear();
  if (canvas.editing.perform([{ op: "move", positions }], say("tidied"))) canvas.announce(say("tidied"));
  canvas.fit();
}

async function places({ cards, model }) {
  const { Graph, layout } = await import("../../vendor/dagre/dagre.esm.js");
  const graph = new Graph({ multigraph: true }).setGraph({ ...SPACING });
  for (const { id, w, h } of cards.byId.values()) graph.setNode(id, { width: w, height: Math.max(h, 48) });
  for (const [key, { from, port, to, loop }] of model.edges) {
    if (loop || !cards.get(from) || !cards.get(to)) continue;
    const label = port === "out" ? {} : { width: 7 * port.length + 16, height: 20, labelpos: "c" };
    graph.setEdge(from, to, label, key);
  }
  layout(graph);
  return Object.fromEntries(
    [...cards.byId.values()].map(({ id, w, h }) => {
      const { x, y } = graph.node(id);
      return [id, { x: snap(x - w / 2), y: snap(y - Math.max(h, 48) / 2) }];
    }),
  );
}

/** Places nodes that the document gives no place: all by dagre where none has one, else in a column behind the others. */
export async function unplaced(canvas, ids) {
  const { cards, model } = canvas;
  const free = cards.bounds([...cards.byId.keys()].filter((id) => !ids.includes(id)));
  const rows = Object.fromEntries(ids.map((id, row) => [id, free && { x: snap(free.x + free.w + 64), y: snap(free.y) + row * ROW }]));
  const positions = free ? rows : await places(canvas);
  for (const id of ids) {
    const card = cards.get(id);
    if (!card || model.nodes.get(id)?.position) continue; // somebody moved it meanwhile
    cards.place(card, positions[id].x, positions[id].y);
    canvas.unplaced.set(id, positions[id]);
  }
  canvas.remeasure();
  canvas.fit();
}
