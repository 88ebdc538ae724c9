// The keys that change the flow.
import { KeyedConnection } from "./connect-by-keys.js";
import { isField } from "./elements.js";
import { ARROWS, hasLetters } from "./keyboard.js";
import { askLoop } from "./loop-dialog.js";
import { keyOf } from "./model.js";
import { say } from "./words.js";

const [STEP, LEAP] = [8, 40];

export class EditKeys {
  connecting = null; // a connection that the keyboard draws takes every key

  constructor(canvas, signal) {
    this.canvas = canvas;
    document.addEventListener("keydown", (event) => this.#elsewhere(event), { signal });
  }

  /** What a key does, as a function; nothing where it is none of these. */
  action(event) {
    const { key, altKey, shiftKey } = event;
    if (this.connecting) return this.connecting.action(event);
    if (event.ctrlKey || event.metaKey) return this.#withControl(event);
    if (altKey) return null;
    if (ARROWS[key]) return () => this.#nudge(ARROWS[key], shiftKey);
    if (key === "Delete" || key === "Backspace") return () => this.remove();
    const { edge } = this.canvas.selection;
    if (key === "Enter" && edge) return () => this.changeLoop(edge);
    return hasLetters() ? this.#letter(key) : null;
  }

  /** Deletes what is selected: an edge, or nodes with their edges. The focus goes to a neighbour. */
  remove() {
    const { canvas } = this;
    const { selection, model, editing } = canvas;
    if (selection.edge) return this.#removeEdge(model.edges.get(selection.edge));
    const ids = [...(selection.nodes.size ? selection.nodes : [selection.current])].filter((id) => model.nodes.has(id));
    if (!ids.length) return;
    const edges = new Set(ids.flatMap((id) => model.edgesAt(id).map(keyOf)));
    const next = this.#heir(ids);
    const nodes = say("nodes", { count: ids.length });
    if (!editing.perform(ids.map((node) => ({ op: "remove", node })), say("delete", { what: nodes }))) return;
    selection.settle(next ?? selection.current, true);
    canvas.announce(say("deleted", { nodes, edges: say("connections", { count: edges.size }) }));
  }

  async changeLoop(key) {
    const { cards, model, editing } = this.canvas;
    const edge = model.edges.get(key);
    if (!edge?.loop) return;
    const { from, port, to, loop } = edge;
    const names = { from: cards.nameOf(from), to: cards.nameOf(to) };
    const max = await askLoop(this.canvas, say(from === to ? "loop-offer-self" : "loop-offer", names), loop.max);
    if (max && max !== loop.max) editing.perform([{ op: "loop", edge: { from, port, to }, max }], say("repeat", { count: max }));
  }

  #removeEdge({ from, port, to }) {
    const what = say("connections", { count: 1 });
    if (!this.canvas.editing.perform([{ op: "disconnect", edge: { from, port, to } }], say("delete", { what }))) return;
    this.canvas.announce(say("deleted", { nodes: say("nodes", { count: 0 }), edges: what }));
  }

  #heir(ids) {
    const { selection } = this.canvas;
    const near = ["left", "up", "right", "down"].map((direction) => selection.neighbour(ids[0], direction));
    return near.find((id) => id && !ids.includes(id));
  }

  #withControl({ key, shiftKey }) {
    const { editing, clipboard } = this.canvas;
    const actions = {
      z: () => (shiftKey ? editing.redo() : editing.undo()),
      y: () => editing.redo(),
      d: () => clipboard.duplicate(),
    };
    return actions[key.toLowerCase()];
  }

  #letter(key) {
    const { canvas } = this;
    const { chosen } = canvas.selection;
    if (key === "a" || key === "/") return () => canvas.adding.after(chosen);
    if (key === "c" && chosen) return () => new KeyedConnection(canvas, chosen);
    if (key === "l") return () => canvas.tidy();
    return null;
  }

  #nudge([, dx, dy], isLeap) {
    const { selection, cards, editing } = this.canvas;
    const ids = selection.nodes.size ? [...selection.nodes] : [selection.current].filter(Boolean);
    const by = isLeap ? LEAP : STEP;
    const positions = Object.fromEntries(ids.map((id) => [id, { x: cards.get(id).x + dx * by, y: cards.get(id).y + dy * by }]));
    if (ids.length) editing.perform([{ op: "move", positions }], say("move", { count: ids.length }), { merge: `nudge ${ids.join()}` });
  }

  /** Undo works from the whole page, wherever nothing is being typed. */
  #elsewhere(event) {
    const { canvas } = this;
    const undoes = (event.ctrlKey || event.metaKey) && ["z", "y"].includes(event.key.toLowerCase());
    if (!undoes || canvas.contains(event.target) || isField(event.target) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.#withControl(event)();
  }
}
