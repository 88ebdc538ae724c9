// The operations on a document: each one applied answers with those that take it back. The protocol's, and no others.
import { keyOf } from "./model.js";

/** Applies operations, all or none. Answers with those that undo them, in order. Throws a RangeError where one can't be done. */
export function applyAll(model, operations) {
  const inverse = [];
  try {
    for (const operation of operations) {
      const verb = VERBS[operation.op];
      if (!verb) throw new RangeError(operation.op);
      inverse.unshift(...verb(model, operation));
    }
  } catch (error) {
    for (const operation of inverse) VERBS[operation.op](model, operation);
    throw error;
  }
  return inverse;
}

function change(target, set) {
  const before = {};
  for (const [field, value] of Object.entries(set)) {
    before[field] = target[field] ?? null;
    if (value === null) delete target[field];
    else target[field] = structuredClone(value);
  }
  return before;
}

/** Expressions follow a renamed step, as they do on the server. */
export function renamedSteps(value, names) {
  if (typeof value === "string") {
    return value.replace(/\bsteps\.([a-z][a-z0-9_]*)/g, (all, id) => (names.has(id) ? `steps.${names.get(id)}` : all));
  }
  if (Array.isArray(value)) return value.map((item) => renamedSteps(item, names));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renamedSteps(item, names)]));
  }
  return value;
}

const VERBS = {
  add(model, { node, at }) {
    if (model.nodes.has(node.id)) throw new RangeError(node.id);
    const entries = [...model.nodes];
    entries.splice(at ?? entries.length, 0, [node.id, structuredClone(node)]);
    model.nodes = new Map(entries);
    return [{ op: "remove", node: node.id }];
  },

  remove(model, { node: id }) {
    const node = model.node(id);
    const edges = model.edgesAt(id)
      .map((edge) => ({ op: "connect", edge, at: model.place(model.edges, keyOf(edge)) }))
      .sort((one, other) => one.at - other.at);
    const add = { op: "add", node, at: model.place(model.nodes, id) };
    for (const { edge } of edges) model.deleteEdge(keyOf(edge));
    model.nodes.delete(id);
    return [add, ...edges];
  },

  move(model, { positions }) {
    const before = {};
    for (const id of Object.keys(positions)) before[id] = model.node(id).position ?? null;
    for (const [id, position] of Object.entries(positions)) change(model.node(id), { position });
    return [{ op: "move", positions: before }];
  },

  connect(model, { edge, at }) {
    model.node(edge.from);
    model.node(edge.to);
    if (model.edges.has(keyOf(edge))) throw new RangeError(keyOf(edge));
    model.insertEdge(edge, at);
    return [{ op: "disconnect", edge: ends(edge) }];
  },

  disconnect(model, { edge }) {
    const found = model.edge(edge);
    const at = model.place(model.edges, keyOf(edge));
    model.deleteEdge(keyOf(edge));
    return [{ op: "connect", edge: found, at }];
  },

  configure(model, { node, set }) {
    return [{ op: "configure", node, set: change(model.node(node), set) }];
  },

  loop(model, { edge, max }) {
    const before = change(model.edge(edge), { loop: max === null ? null : { max } });
    return [{ op: "loop", edge: ends(edge), max: before.loop?.max ?? null }];
  },

  rename(model, { node: id, to }) {
    model.node(id);
    if (model.nodes.has(to)) throw new RangeError(to);
    const names = new Map([[id, to]]);
    const { nodes, edges } = model.document;
    for (const node of nodes) {
      if (node.id === id) node.id = to;
      if (node.config) node.config = renamedSteps(node.config, names);
    }
    for (const edge of edges) for (const end of ["from", "to"]) if (edge[end] === id) edge[end] = to;
    model.read({ ...model.rest, nodes, edges });
    return [{ op: "rename", node: to, to: id }];
  },

  settings(model, { set }) {
    return [{ op: "settings", set: change(model.rest, set) }];
  },

  replace(model, { document }) {
    const before = model.document;
    model.read(document);
    return [{ op: "replace", document: before }];
  },
};

const ends = ({ from, port = "out", to }) => ({ from, port, to });
