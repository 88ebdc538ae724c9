// What is selected, and which node Tab stops at: one stop in the whole canvas.
import { say } from "./words.js";

export class Selection {
  nodes = new Set();
  edge = null; // the key of one edge, never together with nodes
  current = null; // the node that holds the Tab stop

  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Selects nodes; `quietly` leaves the inspector as it is. */
  select(ids, { quietly = false } = {}) {
    const wanted = new Set([...ids].filter((id) => this.canvas.cards.get(id)));
    const same = !this.edge && wanted.size === this.nodes.size && [...wanted].every((id) => this.nodes.has(id));
    this.#markEdge(null);
    for (const id of this.nodes) if (!wanted.has(id)) this.#mark(id, false);
    for (const id of wanted) this.#mark(id, true);
    this.nodes = wanted;
    if (!same && !quietly) this.tell();
  }

  /** Says so to the inspector, on the card itself where it is one: its own request hangs on that event. */
  tell() {
    const [only] = this.nodes.size === 1 ? this.nodes : [];
    if (only && this.canvas.saving?.isFresh(only)) return; // the server does not know it yet: told once it is saved
    const target = only ? this.canvas.cards.get(only).element : this.canvas;
    target.dispatchEvent(new CustomEvent("canvas:select", { bubbles: true, detail: { ids: [...this.nodes] } }));
    if (this.nodes.size !== 1) this.canvas.announce(say("selected", { count: this.nodes.size }));
  }

  /** The node that a key acts on. */
  get chosen() {
    return this.nodes.size ? [...this.nodes].at(-1) : this.current;
  }

  toggle(id) {
    const ids = new Set(this.nodes);
    if (!ids.delete(id)) ids.add(id);
    this.select(ids);
  }

  selectEdge(key) {
    this.select([]);
    this.#markEdge(key);
    const edge = this.canvas.model.edges.get(key);
    const { cards } = this.canvas;
    if (edge) this.canvas.announce(say("edge-selected", { from: cards.nameOf(edge.from), port: edge.port, to: cards.nameOf(edge.to) }));
  }

  /** Moves the Tab stop to a node, and the focus too if asked. */
  settle(id, focus = false) {
    const { cards } = this.canvas;
    const old = cards.get(this.current);
    if (old) old.element.tabIndex = -1;
    const card = cards.get(id);
    this.current = card ? id : null;
    this.canvas.tabIndex = card ? -1 : 0;
    if (card) card.element.tabIndex = 0;
    if (focus) (card?.element ?? this.canvas).focus({ preventScroll: true });
  }

  /** Forgets what is not there any more. */
  prune() {
    const { cards, model } = this.canvas;
    const ids = [...this.nodes].filter((id) => cards.get(id));
    if (ids.length !== this.nodes.size) this.select(ids);
    if (this.edge && !model.edges.has(this.edge)) this.#markEdge(null);
    if (!cards.get(this.current)) this.settle(cards.byId.keys().next().value);
  }

  #mark(id, on) {
    const element = this.canvas.cards.get(id)?.element;
    if (!element) return;
    element.toggleAttribute("data-selected", on);
    if (on) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  }

  #markEdge(key) {
    if (this.edge) this.canvas.edges.mark(this.edge, false);
    this.edge = key;
    if (key) {
      this.canvas.edges.mark(key, true);
      if (this.canvas.editable) this.canvas.edges.offerInsert(key);
    } else this.canvas.edges.insert.hidden = true;
  }
}
