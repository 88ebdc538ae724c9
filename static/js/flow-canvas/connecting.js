// Connecting: loaded when the first port or line is taken, or by the first C.
import { KeyedConnection } from "./connect-by-keys.js";
import { DragConnection } from "./drag-connection.js";

export const byKeys = (canvas, id) => new KeyedConnection(canvas, id);

export const fromPort = (canvas, node, { dataset: { port, dir } }) => new DragConnection(canvas, { node, port }, { isBackwards: dir === "in" });

/** By the end of an edge that is nearer to the pointer. */
export function byEnd(canvas, key, world) {
  const edge = canvas.model.edges.get(key);
  const [start, end] = [canvas.cards.out(edge.from, edge.port), canvas.cards.into(edge.to)];
  const away = (point) => Math.hypot(point.x - world.x, point.y - world.y);
  return away(start) < away(end)
    ? new DragConnection(canvas, { node: edge.to, port: "in" }, { isBackwards: true, replacing: edge })
    : new DragConnection(canvas, { node: edge.from, port: edge.port }, { replacing: edge });
}
