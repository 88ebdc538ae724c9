// The keys that change the flow.
import { hasLetters } from "./keyboard.js";
import { ARROWS, neighbour } from "./look-keys.js";
import { keyOf } from "./model.js";
import { say } from "./words.js";

const [STEP, LEAP] = [8, 40];

export class EditKeys {
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** What a key does, as a function; nothing where it is none of these. */
  action(event) {
    const { key, altKey, shiftKey } = event;
    if (event.ctrlKey || event.metaKey) return this.#withControl(event);
    if (altKey) return null;
    if (ARROWS[key]) return () => this.#nudge(ARROWS[key], shiftKey);
    if (key === "Delete" || key === "Backspace") return () => this.remove();
    const { edge } = this.canvas.selection;
    if (key === "Enter" && edge) return () => this.canvas.changeLoop(edge);
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

  #removeEdge({ from, port, to }) {
    const what = say("connections", { count: 1 });
    if (!this.canvas.editing.perform([{ op: "disconnect", edge: { from, port, to } }], say("delete", { what }))) return;
    this.canvas.announce(say("deleted", { nodes: say("nodes", { count: 0 }), edges: what }));
  }

  #heir(ids) {
    const near = ["left", "up", "right", "down"].map((direction) => neighbour(this.canvas.cards, ids[0], direction));
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
    if (key === "a" || key === "/") return () => this.#addAfter(chosen);
    if (key === "c" && chosen) return () => canvas.keyboard.after(import("./connecting.js"), ({ byKeys }) => byKeys(canvas, chosen));
    if (key === "l") return () => canvas.tidy();
    return null;
  }

  /** Opens the quick-add, after a node by the port that suits best. */
  #addAfter(id) {
    const port = this.canvas.cards.get(id) && bestPort(this.canvas, id);
    this.canvas.adding.open(port ? { from: { node: id, port } } : {});
  }

  #nudge([, dx, dy], isLeap) {
    const { selection, cards, editing } = this.canvas;
    const ids = selection.nodes.size ? [...selection.nodes] : [selection.current].filter(Boolean);
    const by = isLeap ? LEAP : STEP;
    const positions = Object.fromEntries(ids.map((id) => [id, { x: cards.get(id).x + dx * by, y: cards.get(id).y + dy * by }]));
    if (ids.length) editing.perform([{ op: "move", positions }], say("move", { count: ids.length }), { merge: `nudge ${ids.join()}` });
  }
}

/** The port of a node that a new connection best leaves from: a free one, else one that repeats no loop. */
export function bestPort({ cards, model }, id) {
  const ports = [...cards.get(id).ports.keys()];
  const edges = model.outOf(id);
  return ports.find((port) => !edges.some((edge) => edge.port === port)) ??
    ports.find((port) => !edges.some((edge) => edge.port === port && edge.loop)) ?? null;
}
