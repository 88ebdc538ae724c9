// Copy, cut, paste, duplicate. What is copied is text that any tab or flow can take; what is pasted is not trusted.
import { isField } from "./elements.js";
import { snap } from "./model.js";
import { renamedSteps } from "./operations.js";
import { say } from "./words.js";

const MARK = "baton-nodes-1";
const MOST = { text: 1_000_000, nodes: 500, edges: 2_000, depth: 48, name: 200, config: 200_000, place: 1_000_000 };
const FIELDS = {
  name: (value) => typeof value === "string" && value.length <= MOST.name,
  config: (value) => isPlain(value) && JSON.stringify(value).length <= MOST.config,
  retry: isPlain,
  timeout_s: Number.isFinite,
  fallback: (value) => Array.isArray(value) && value.every((one) => typeof one === "string"),
  escalate: isPlain,
  on_error: (value) => value === "fail" || value === "port",
  cache_ttl_s: Number.isFinite,
  note: (value) => typeof value === "string" && value.length <= 10_000,
};
const NODE_ID = /^[a-z][a-z0-9_]{0,63}$/;
const PORT = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const SHIFT = 32;

export class Clipboard {
  constructor(canvas, signal) {
    this.canvas = canvas;
    document.addEventListener("copy", (event) => this.#copy(event), { signal });
    document.addEventListener("cut", (event) => this.#copy(event) && canvas.editable && canvas.keys.remove(), { signal });
    document.addEventListener("paste", (event) => this.#paste(event), { signal });
  }

  duplicate() {
    const text = this.text();
    if (text) this.insert(read(text, this.canvas.types), "duplicate");
  }

  /** The selected nodes and the edges among them, as text; "" where nothing is selected. */
  text() {
    const { model, selection, cards } = this.canvas;
    const ids = selection.nodes;
    if (!ids.size) return "";
    const nodes = [...model.nodes.values()].filter((node) => ids.has(node.id))
      .map((node) => ({ ...node, position: { x: cards.get(node.id).x, y: cards.get(node.id).y } }));
    const edges = [...model.edges.values()].filter((edge) => ids.has(edge.from) && ids.has(edge.to));
    return JSON.stringify({ [MARK]: true, nodes, edges });
  }

  /** Adds copies with ids of their own; expressions among them follow. */
  insert(part, label) {
    if (!part || !this.canvas.editable) return false;
    const { model } = this.canvas;
    const hasStart = [...model.nodes.values()].some((node) => node.type === "start");
    const nodes = part.nodes.filter((node) => !(hasStart && node.type === "start"));
    const names = new Map();
    for (const node of nodes) names.set(node.id, model.freshId(node.id.replace(/_\d+$/, ""), new Set(names.values())));
    const shift = this.#shift(nodes);
    const added = nodes.map((node) => ({
      op: "add",
      node: { ...renamedSteps(node, names), id: names.get(node.id), position: { x: snap(node.position.x + shift.x), y: snap(node.position.y + shift.y) } },
    }));
    const connected = part.edges.filter((edge) => names.has(edge.from) && names.has(edge.to))
      .map((edge) => ({ op: "connect", edge: { ...edge, from: names.get(edge.from), to: names.get(edge.to) } }));
    if (!this.canvas.editing.perform([...added, ...connected], say(label, { count: added.length }))) return false;
    this.canvas.selection.select(names.values());
    this.canvas.selection.settle(names.values().next().value, true);
    this.canvas.announce(say("pasted", { count: added.length }));
    return true;
  }

  /** Beside the original where that is in view, else in the middle. */
  #shift(nodes) {
    if (!nodes.length) return { x: 0, y: 0 };
    const { seen } = this.canvas.view;
    const [xs, ys] = ["x", "y"].map((axis) => nodes.map((node) => node.position[axis]));
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    const taken = (by) => [...this.canvas.cards.byId.values()].some((card) => card.x === snap(left + by) && card.y === snap(top + by));
    let by = SHIFT;
    while (taken(by)) by += SHIFT;
    const isSeen = left >= seen.x && top >= seen.y && left <= seen.x + seen.w && top <= seen.y + seen.h;
    if (isSeen) return { x: by, y: by };
    const middle = { x: (left + Math.max(...xs)) / 2 + 88, y: (top + Math.max(...ys)) / 2 + 24 };
    return { x: seen.x + seen.w / 2 - middle.x, y: seen.y + seen.h / 2 - middle.y };
  }

  #isHere() {
    const focus = document.activeElement;
    return this.canvas.contains(focus) && !isField(focus);
  }

  #copy(event) {
    const text = this.#isHere() ? this.text() : "";
    if (!text) return false;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    this.canvas.announce(say("copied", { count: this.canvas.selection.nodes.size }));
    return true;
  }

  #paste(event) {
    if (!this.#isHere() || !this.canvas.editable) return;
    event.preventDefault();
    const part = read(event.clipboardData.getData("text/plain"), this.canvas.types);
    if (part) this.insert(part, "paste");
    else this.canvas.refuse(say("paste-refused"));
  }
}

/** {nodes, edges} of a text that this canvas could have written; null of any other, and of one wrong part. */
export function read(text, types) {
  if (text.length > MOST.text) return null;
  let found;
  try {
    found = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  if (!isPlain(found) || found[MARK] !== true || !isList(found.nodes, MOST.nodes) || !isList(found.edges, MOST.edges)) return null;
  if (!found.nodes.length || depth(found) > MOST.depth) return null;
  const nodes = found.nodes.map((node) => readNode(node, types));
  const edges = found.edges.map(readEdge);
  const ids = new Set(nodes.map((node) => node?.id));
  const whole = nodes.every(Boolean) && edges.every(Boolean) && ids.size === nodes.length;
  return whole && edges.every((edge) => ids.has(edge.from) && ids.has(edge.to)) ? { nodes, edges } : null;
}

function readNode(given, types) {
  if (!isPlain(given) || typeof given.id !== "string" || !NODE_ID.test(given.id) || !Object.hasOwn(types, given.type)) return null;
  const { x, y } = isPlain(given.position) ? given.position : {};
  if (![x, y].every((value) => Number.isFinite(value) && Math.abs(value) <= MOST.place)) return null;
  const node = { id: given.id, type: given.type, position: { x, y } };
  for (const [field, fits] of Object.entries(FIELDS)) {
    if (!Object.hasOwn(given, field)) continue;
    if (!fits(given[field])) return null;
    node[field] = given[field];
  }
  return node;
}

function readEdge(given) {
  if (!isPlain(given)) return null;
  const { from, port = "out", to, loop } = given;
  if (![from, port, to].every((value) => typeof value === "string") || !PORT.test(port)) return null;
  if (loop === undefined) return { from, port, to };
  const max = isPlain(loop) ? loop.max : 0;
  return Number.isInteger(max) && max >= 1 && max <= 1000 ? { from, port, to, loop: { max } } : null;
}

function isPlain(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isList(value, most) {
  return Array.isArray(value) && value.length <= most;
}

function depth(value) {
  let [level, layer] = [0, [value]];
  for (; layer.length && level <= MOST.depth; level++) {
    layer = layer.flatMap((one) => (one && typeof one === "object" ? Object.values(one) : []));
  }
  return level;
}
