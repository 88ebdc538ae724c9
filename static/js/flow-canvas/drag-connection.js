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
    if (!isBackwards && !replacing) this.canvas.adding.open({ under: { x: world.x + 88, y: world.y }, from: this.from });
  }

  cancel() {
    this.connection?.end();
  }

  #portAt(card, { x, y }) {
    return [...card.ports].find(([, port]) => Math.abs(card.y + port.y - y) <= NEAR_PORT && x > card.x + card.w / 2)?.[0];
  }
}
