// Putting copied nodes in, beside the originals. What is pasted is not trusted.
import { MARK } from "./clipboard.js";
import { snap } from "./model.js";
import { renamedSteps } from "./operations.js";
import { say } from "./words.js";

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

/** Adds what a text of the clipboard holds, or says that it holds nothing for this canvas. */
export function paste(canvas, text, label) {
  const part = read(text, canvas.types);
  if (part) insert(canvas, part, label);
  else canvas.refuse(say("paste-refused"));
}

/** Adds copies with ids of their own; expressions among them follow. */
function insert(canvas, part, label) {
  if (!canvas.editable) return;
  const { model, selection } = canvas;
  const hasStart = [...model.nodes.values()].some((node) => node.type === "start");
  const nodes = part.nodes.filter((node) => !(hasStart && node.type === "start"));
  const names = new Map();
  for (const node of nodes) names.set(node.id, model.freshId(node.id.replace(/_\d+$/, ""), new Set(names.values())));
  const shift = besides(canvas, nodes);
  const added = nodes.map((node) => ({
    op: "add",
    node: { ...renamedSteps(node, names), id: names.get(node.id), position: { x: snap(node.position.x + shift.x), y: snap(node.position.y + shift.y) } },
  }));
  const connected = part.edges.filter((edge) => names.has(edge.from) && names.has(edge.to))
    .map((edge) => ({ op: "connect", edge: { ...edge, from: names.get(edge.from), to: names.get(edge.to) } }));
  if (!canvas.editing.perform([...added, ...connected], say(label, { count: added.length }))) return;
  selection.select(names.values());
  selection.settle(names.values().next().value, true);
  canvas.announce(say("pasted", { count: added.length }));
}

/** Beside the original where that is in view, else in the middle. */
function besides(canvas, nodes) {
  if (!nodes.length) return { x: 0, y: 0 };
  const { seen } = canvas.view;
  const [xs, ys] = ["x", "y"].map((axis) => nodes.map((node) => node.position[axis]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const taken = (by) => [...canvas.cards.byId.values()].some((card) => card.x === snap(left + by) && card.y === snap(top + by));
  let by = SHIFT;
  while (taken(by)) by += SHIFT;
  const isSeen = left >= seen.x && top >= seen.y && left <= seen.x + seen.w && top <= seen.y + seen.h;
  if (isSeen) return { x: by, y: by };
  const middle = { x: (left + Math.max(...xs)) / 2 + 88, y: (top + Math.max(...ys)) / 2 + 24 };
  return { x: seen.x + seen.w / 2 - middle.x, y: seen.y + seen.h / 2 - middle.y };
}

/** {nodes, edges} of a text that this canvas could have written; null of any other, and of one wrong part. */
function read(text, types) {
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
