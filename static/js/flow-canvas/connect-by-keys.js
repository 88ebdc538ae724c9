// Connecting with the keyboard: left and right choose the port, up and down the target, each announced.
import { Connection } from "./connect.js";
import { bestPort } from "./edit-keys.js";
import { say } from "./words.js";

export class KeyedConnection {
  constructor(canvas, id) {
    this.canvas = canvas;
    this.id = id;
    this.ports = [...canvas.cards.get(id).ports.keys()];
    this.port = Math.max(0, this.ports.indexOf(bestPort(canvas, id)));
    this.choice = 0;
    if (!this.ports.length) return void canvas.refuse(say("refused-out-of-end", { from: canvas.cards.nameOf(id) }));
    canvas.keyboard.taker = this;
    this.#start();
  }

  /** What a key does while this goes on: all but Tab stay here. */
  action({ key }) {
    const move = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[key];
    if (key === "Tab") return void this.end();
    if (key === "Escape") return () => this.#leave();
    if (key === "Enter") return () => this.#commit();
    return () => move && this.#step(...move);
  }

  #leave() {
    this.end();
    this.canvas.announce(say("cancelled"));
  }

  end() {
    this.connection?.end();
    this.canvas.keyboard.taker = null;
  }

  #start() {
    this.connection?.end();
    this.connection = new Connection(this.canvas, { node: this.id, port: this.ports[this.port] });
    this.targets = this.#targets();
    this.#show();
  }

  #step(ports, targets) {
    const turn = (index, by, length) => (index + by + length) % length;
    if (ports) {
      this.port = turn(this.port, ports, this.ports.length);
      this.choice = 0;
      return this.#start();
    }
    if (this.targets.length) this.choice = turn(this.choice, targets, this.targets.length);
    this.#show();
  }

  /** The possible targets: those ahead first, then by distance; loops come last. */
  #targets() {
    const { cards } = this.canvas;
    const here = cards.get(this.id);
    const far = (card) => Math.hypot(card.x - here.x, card.y - here.y) + (card.x < here.x ? 400 : 0);
    return [...cards.byId.values()]
      .map((card) => ({ card, found: this.connection.verdict({ node: card.id, port: "in" }) }))
      .filter(({ found }) => !found.refused)
      .sort((one, other) => Boolean(one.found.loop) - Boolean(other.found.loop) || far(one.card) - far(other.card));
  }

  #show() {
    const { cards, view } = this.canvas;
    const named = { from: cards.nameOf(this.id), port: this.ports[this.port] };
    const chosen = this.targets[this.choice];
    if (!chosen) return this.canvas.announce(say("no-target", named));
    this.connection.show({ node: chosen.card.id, port: "in" });
    view.reveal(cards.box(chosen.card.id));
    const place = { to: cards.nameOf(chosen.card.id), place: this.choice + 1, count: this.targets.length };
    this.canvas.announce(say(chosen.found.loop ? "connecting-loop" : "connecting", { ...named, ...place }));
  }

  #commit() {
    const chosen = this.targets[this.choice];
    this.canvas.keyboard.taker = null;
    if (chosen) this.connection.commit({ node: chosen.card.id, port: "in" });
    else this.connection.end();
  }
}
