// A connection that is being drawn: pointer and keyboard share it. It says which targets are possible, and makes the edge.
import { loaded } from "./parts.js";
import { route } from "./routing.js";
import { verdict } from "./rules.js";
import { say } from "./words.js";

export class Connection {
  /** `from` {node, port} is the fixed end; `isBackwards`: it is where the edge leads to; `replacing` an edge. */
  constructor(canvas, from, { isBackwards = false, replacing = null } = {}) {
    Object.assign(this, { canvas, from, isBackwards, replacing });
    canvas.toggleAttribute("data-connecting", true);
    this.#dim();
  }

  get anchor() {
    const { cards } = this.canvas;
    return this.isBackwards ? cards.into(this.from.node) : cards.out(this.from.node, this.from.port);
  }

  /** The edge that a target {node, port} would make. */
  edgeTo({ node, port }) {
    return this.isBackwards ? { from: node, port, to: this.from.node } : { from: this.from.node, port: this.from.port, to: node };
  }

  verdict(target) {
    const { model, types, cards } = this.canvas;
    return verdict(model, types, (id) => cards.nameOf(id), this.edgeTo(target), this.replacing);
  }

  /** What a node offers: the best of its ports where the fixed end is where the edge leads to. */
  targetIn(id, port) {
    if (!this.isBackwards) return { node: id, port: "in" };
    const ports = port ? [port] : [...this.canvas.cards.get(id).ports.keys()];
    const targets = ports.map((one) => ({ node: id, port: one }));
    return targets.find((target) => this.verdict(target).allowed) ?? targets.find((target) => this.verdict(target).loop) ?? targets[0];
  }

  /** Draws the line to a target, or to a point where there is none. */
  show(target, point) {
    const { cards, draft, layer } = this.canvas;
    const end = !target ? point : this.isBackwards ? cards.out(target.node, target.port) : cards.into(target.node);
    const [a, b] = this.isBackwards ? [end, this.anchor] : [this.anchor, end];
    draft.setAttribute("d", route(a, b).d);
    draft.classList.toggle("is-bad", Boolean(target && this.verdict(target).refused));
    layer.querySelector("[data-target]")?.removeAttribute("data-target");
    if (target) cards.get(target.node).element.dataset.target = "";
  }

  /** Makes the edge, asks for the limit of a loop, or says why not. */
  async commit(target) {
    const found = this.verdict(target);
    const edge = this.edgeTo(target);
    this.end();
    if (found.refused) return this.canvas.refuse(found.refused);
    const { cards } = this.canvas;
    const names = { from: cards.nameOf(edge.from), to: cards.nameOf(edge.to) };
    if (found.loop) {
      const part = await loaded(this.canvas, import("./loops.js"));
      const max = await part?.askLoop(this.canvas, edge, this.replacing?.loop?.max);
      if (!max) return this.canvas.announce(say("cancelled"));
      edge.loop = { max };
    }
    this.#make(edge, names);
  }

  #make(edge, names) {
    const { replacing } = this;
    const { from, port, to } = replacing ?? {};
    const operations = [
      ...(replacing ? [{ op: "disconnect", edge: { from, port, to } }] : []),
      { op: "connect", edge },
    ];
    if (replacing && from === edge.from && port === edge.port && to === edge.to) return;
    const label = say(replacing ? "reconnect" : "connect", names);
    if (this.canvas.editing.perform(operations, label)) this.canvas.announce(say("connected", names));
  }

  end() {
    const { canvas } = this;
    canvas.removeAttribute("data-connecting");
    canvas.draft.setAttribute("d", "");
    canvas.draft.classList.remove("is-bad");
    for (const card of canvas.layer.querySelectorAll("[data-impossible], [data-target]")) {
      card.removeAttribute("data-impossible");
      card.removeAttribute("data-target");
    }
  }

  #dim() {
    for (const { id, element } of this.canvas.cards.byId.values()) {
      const target = this.targetIn(id);
      if (!target || this.verdict(target).refused) element.dataset.impossible = "";
    }
  }
}
