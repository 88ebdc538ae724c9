// Drawing a connection with the pointer: from a port, or by one end of an edge that is there.
import { Connection } from "./connect.js";

const NEAR_PORT = 14;

export class DragConnection {
  autopans = true;

  constructor(canvas, from, options) {
    this.canvas = canvas;
    this.from = from;
    this.options = options ?? {};
  }

  /** Of an edge: the end that is nearer to the pointer is the one that moves. */
  static ofEdge(canvas, key, world) {
    const edge = canvas.model.edges.get(key);
    const [start, end] = [canvas.cards.out(edge.from, edge.port), canvas.cards.into(edge.to)];
    const away = (point) => Math.hypot(point.x - world.x, point.y - world.y);
    return away(start) < away(end)
      ? new DragConnection(canvas, { node: edge.to, port: "in" }, { isBackwards: true, replacing: edge })
      : new DragConnection(canvas, { node: edge.from, port: edge.port }, { replacing: edge });
  }

  move({ world }) {
    this.connection ??= new Connection(this.canvas, this.from, this.options);
    const card = this.canvas.cards.at(world);
    this.target = card ? this.connection.targetIn(card.id, this.#portAt(card, world)) : null;
    this.connection.show(this.target, world);
  }

  drop({ world }) {
    if (!this.connection) return;
    if (this.target) return void this.connection.commit(this.target);
    this.connection.end();
    const { isBackwards, replacing } = this.options;
    if (!isBackwards && !replacing) this.canvas.adding.quick.open({ under: { x: world.x + 88, y: world.y }, from: this.from });
  }

  cancel() {
    this.connection?.end();
  }

  #portAt(card, { x, y }) {
    return [...card.ports].find(([, port]) => Math.abs(card.y + port.y - y) <= NEAR_PORT && x > card.x + card.w / 2)?.[0];
  }
}
