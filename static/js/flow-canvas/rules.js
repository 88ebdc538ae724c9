// Which connections are possible (contract, sections 4.1 and 4.5). Pure: the server checks all of it again.
import { keyOf } from "./model.js";
import { say } from "./words.js";

const ALLOWED = { allowed: true };
const refused = (name, values) => ({ refused: say(`refused-${name}`, values) });

/**
 * What may become of an edge {from, port, to}: `{allowed}`, `{refused: sentence}` or `{loop: true}` where it leads back.
 * `replacing` is the edge that it takes the place of, if any; `nameOf(id)` is what people call a node.
 */
export function verdict(model, types, nameOf, edge, replacing = null) {
  const { from, port, to } = edge;
  const source = model.nodes.get(from);
  const target = model.nodes.get(to);
  if (!source || !target) return refused("gone");
  const named = { from: nameOf(from), port, to: nameOf(to) };
  if (source.type === "end") return refused("out-of-end", named);
  if (target.type === "start" || types[target.type]?.accepts_in === false) return refused("into-start", named);
  const replacedKey = replacing && keyOf(replacing);
  if (model.edges.has(keyOf(edge)) && keyOf(edge) !== replacedKey) {
    return refused("duplicate", named);
  }
  const samePort = model.outOf(from).filter((other) => other.port === port && keyOf(other) !== replacedKey);
  if (samePort.some((other) => other.loop)) return refused("port", named);
  return from === to || leadsBack(model, edge, replacedKey) ? loopVerdict(model, edge, named, samePort.length, replacedKey) : ALLOWED;
}

function leadsBack(model, { from, to }, replacedKey) {
  if (!replacedKey) return model.leads(to, from);
  const found = new Set([to]);
  for (const here of found) {
    for (const edge of model.outOf(here)) if (!edge.loop && keyOf(edge) !== replacedKey) found.add(edge.to);
  }
  return found.has(from);
}

function loopVerdict(model, edge, named, shares, replacedKey) {
  if (model.nodes.get(edge.to).type === "join") return refused("join", named);
  if (model.nodes.get(edge.from).config?.multiple) return refused("multiple", named);
  if (shares) return refused("shared", named);
  const body = model.body(edge);
  for (const loop of model.loops()) {
    if (keyOf(loop) === replacedKey) continue;
    if (!apartOrInside(body, model.body(loop))) return refused("overlap");
  }
  return { loop: true };
}

function apartOrInside(one, other) {
  const shared = [...one].filter((id) => other.has(id)).length;
  return shared === 0 || (shared === Math.min(one.size, other.size) && one.size !== other.size);
}
