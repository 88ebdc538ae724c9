// The document of a flow: its nodes and edges, found by id and by key, and what leads where.
const GRID = 8;

/** Positions lie on a grid. */
export const snap = (value) => Math.round(value / GRID) * GRID;

export const keyOf = ({ from, port = "out", to }) => `${from}.${port}>${to}`;

export class FlowModel {
  constructor(document) {
    this.read(document);
  }

  read({ nodes = [], edges = [], ...rest }) {
    this.rest = structuredClone(rest);
    this.nodes = new Map(nodes.map((node) => [node.id, structuredClone(node)]));
    this.edges = new Map();
    this.touching = new Map();
    for (const edge of edges) this.insertEdge(edge);
  }

  get document() {
    return structuredClone({ ...this.rest, nodes: [...this.nodes.values()], edges: [...this.edges.values()] });
  }

  node(id) {
    const node = this.nodes.get(id);
    if (!node) throw new RangeError(id);
    return node;
  }

  edge(edge) {
    const found = this.edges.get(keyOf(edge));
    if (!found) throw new RangeError(keyOf(edge));
    return found;
  }

  insertEdge(edge, at = this.edges.size) {
    const key = keyOf(edge);
    const whole = { ...structuredClone(edge), port: edge.port ?? "out" };
    if (at < this.edges.size) {
      const entries = [...this.edges];
      entries.splice(at, 0, [key, whole]);
      this.edges = new Map(entries);
    } else this.edges.set(key, whole);
    for (const id of [edge.from, edge.to]) {
      if (!this.touching.has(id)) this.touching.set(id, new Set());
      this.touching.get(id).add(key);
    }
  }

  deleteEdge(key) {
    const edge = this.edges.get(key);
    this.edges.delete(key);
    this.touching.get(edge.from).delete(key);
    this.touching.get(edge.to).delete(key);
  }

  /** The edges at a node, in the order of the document where `sorted`. */
  edgesAt(id) {
    return [...(this.touching.get(id) ?? [])].map((key) => this.edges.get(key));
  }

  outOf(id) {
    return this.edgesAt(id).filter((edge) => edge.from === id);
  }

  place(collection, key) {
    return [...collection.keys()].indexOf(key);
  }

  /** The ids reached from a node without loop edges, itself included; `backwards` goes against the edges. */
  reach(id, backwards = false) {
    const [near, far] = backwards ? ["to", "from"] : ["from", "to"];
    const found = new Set([id]);
    for (const here of found) {
      for (const edge of this.edgesAt(here)) if (edge[near] === here && !edge.loop) found.add(edge[far]);
    }
    return found;
  }

  leads(source, target) {
    return this.reach(source).has(target);
  }

  /** The nodes that a loop edge repeats: all on a path from where it leads to where it comes from. */
  body({ from, to }) {
    const before = this.reach(from, true);
    return new Set([...this.reach(to)].filter((id) => before.has(id)));
  }

  loops() {
    return [...this.edges.values()].filter((edge) => edge.loop);
  }

  freshId(wanted, taken = new Set()) {
    const base = wanted.toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^[^a-z]+/, "").slice(0, 58) || "node";
    let id = base;
    for (let count = 2; this.nodes.has(id) || taken.has(id); count++) id = `${base}_${count}`;
    return id;
  }
}
