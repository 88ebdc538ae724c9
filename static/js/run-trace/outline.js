// Which rows the table has, in order: the run, its steps by start or by node, their items and calls where unfolded.
const OPEN_UP_TO = 60; // rows: a small run shows its calls at once

const failed = (one) => one.status === "failed" || one.status === "blocked";

export class Outline {
  folded = new Map(); // id → whether a person folded it
  view = "waterfall";
  errorsOnly = false;

  constructor(trace) {
    this.trace = trace;
  }

  isOpen(id, opens) {
    return this.folded.has(id) ? !this.folded.get(id) : opens;
  }

  fold(id, folded) {
    this.folded.set(id, folded);
  }

  /** [{id, level, kind, row?, call?, node?, rows?, open?, size?}], `open` only where there is something to unfold. */
  entries() {
    this.opens = this.trace.rows.size <= OPEN_UP_TO;
    const steps = this.view === "tree" ? this.#byNode() : this.trace.top.flatMap((row) => this.#step(row, 2));
    const open = this.isOpen("run", true);
    return [{ id: "run", level: 1, kind: "run", open }, ...(open ? steps : [])];
  }

  #byNode() {
    const groups = new Map(Object.keys(this.trace.nodes).map((node) => [node, []]));
    for (const row of this.trace.top) groups.get(row.node)?.push(row);
    return [...groups.values()].filter((rows) => rows.length).flatMap((rows) => this.#node(rows));
  }

  #node(rows) {
    if (rows.length === 1) return this.#step(rows[0], 2);
    const below = rows.flatMap((row) => this.#step(row, 3));
    if (this.errorsOnly && !below.length) return [];
    const id = `node:${rows[0].node}`;
    const open = this.isOpen(id, this.opens || this.errorsOnly);
    return [{ id, level: 2, kind: "node", row: rows.at(-1), rows, open }, ...(open ? below : [])];
  }

  #step(row, level) {
    const items = this.errorsOnly ? (row.items ?? []).filter(failed) : (row.items ?? []);
    if (this.errorsOnly && !failed(row) && !items.length && ![...(row.calls?.values() ?? [])].some(failed)) return [];
    const may = row.calls === null && this.trace.nodes[row.node]?.calls; // they are read when it is unfolded
    const has = items.length || may || row.calls?.size;
    const open = has ? this.isOpen(row.key, this.opens || (this.errorsOnly && items.length > 0)) : undefined;
    const entry = { id: row.key, level, kind: "step", row, open };
    return open ? [entry, ...this.#items(items, level + 1), ...this.#calls(row, level + 1)] : [entry];
  }

  #items(items, level) {
    items.sort((one, other) => one.item - other.item);
    return items.flatMap((row) => this.#step(row, level));
  }

  #calls(row, level) {
    const calls = [...(row.calls?.values() ?? [])].filter((call) => !this.errorsOnly || failed(call));
    return calls.map((call) => ({ id: `${row.key}#${call.call}`, level, kind: "call", row, call }));
  }
}
