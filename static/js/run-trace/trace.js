// The state of the run as the page knows it: steps and their calls, folded from a snapshot and the events behind it.
import { CALL_EVENTS, closeCalls, foldCall } from "./calls.js";
import { turnOf } from "./turns.js";

export const keyOf = ({ node, iteration, item }) => (item == null ? `${node}/${iteration}/` : `${node}/${iteration}/${item}/`);
const ACTIVE = new Set(["running", "waiting"]);

export class Trace {
  rows = new Map();
  top = []; // rows without an item, by start
  changed = new Set(); // keys of rows since the last frame
  grew = true; // a row or a call came, so the outline is another

  constructor(state) {
    const { seq, status, created, start, end, cost, tokens, nodes, edges, flow } = state;
    Object.assign(this, { asof: seq, status, created, start, end, cost, tokens, edges, flow });
    this.nodes = { __proto__: null, ...nodes }; // a node may be called "constructor"
    this.take(state.rows, seq, state.calls);
  }

  get finished() {
    return ["succeeded", "failed", "cancelled"].includes(this.status);
  }

  /** How many nodes ran to an end, and how many were skipped and never ran. */
  get progress() {
    const [ran, skipped] = [new Set(), new Set()];
    for (const { status, node } of this.top) if (!ACTIVE.has(status) && status !== "pending") (status === "skipped" ? skipped : ran).add(node);
    return { ran: ran.size, skipped: [...skipped].filter((node) => !ran.has(node)).length };
  }

  /** Rows as of `asof`; `calls` are events, null where they are read when a row is unfolded. */
  take(rows, asof, calls) {
    for (const row of rows) this.#place({ ...row, asof, calls: calls ? new Map() : null });
    for (const event of calls ?? []) {
      const row = this.rows.get(keyOf(event));
      if (row) foldCall(row.calls, event);
    }
    for (const row of rows) if (row.end) closeCalls(this.rows.get(keyOf(row)).calls, row.end);
  }

  takeCalls(key, events, asof) {
    const row = this.rows.get(key);
    const later = [...(row.later ?? [])].filter((event) => event.seq > asof);
    row.calls = new Map();
    for (const event of [...events, ...later]) foldCall(row.calls, event);
    if (row.end) closeCalls(row.calls, row.end);
    delete row.later;
    this.changed.add(key);
    this.grew = true;
  }

  apply(event) {
    const { type, at, seq, data } = event;
    if (event.node == null) return this.#applyToRun(event);
    const key = keyOf(event);
    let row = this.rows.get(key);
    if (row && seq <= row.asof) return;
    if (seq > this.asof && (type === "model.called" || type === "tool.called")) this.#spend(this, data);
    if (!row) row = this.#place({ ...event, status: "running", ports: [], attempts: 1, cost: 0, input: 0, output: 0, start: null, end: null, place: type === "step.skipped" ? null : seq, calls: new Map() });
    this.changed.add(key);
    if (CALL_EVENTS.has(type)) this.#call(row, event);
    STEPS[type]?.(row, at, data);
    if (type === "step.finished") closeCalls(row.calls, at);
  }

  #call(row, event) {
    if (row.calls) foldCall(row.calls, event);
    else (row.later ??= []).push(event);
    this.grew = true;
    if (event.type === "model.called" || event.type === "tool.called") {
      this.#spend(row, event.data);
      if (row.status === "waiting") row.status = "running";
    }
  }

  #spend(target, { cost_usd, tokens }) {
    target.cost += Math.round((cost_usd ?? 0) * 1e9);
    if (target === this) target.tokens += (tokens?.input ?? 0) + (tokens?.output ?? 0);
    else {
      target.input += tokens?.input ?? 0;
      target.output += tokens?.output ?? 0;
    }
  }

  #applyToRun({ type, at, seq, data }) {
    if (seq <= this.asof) return;
    if (type === "run.started") Object.assign(this, { status: "running", start: at });
    else if (type === "run.waiting") this.status = "waiting";
    else if (type === "run.resumed") this.status = "running";
    else if (type === "run.finished") Object.assign(this, { status: data.status, end: at, cause: data.error?.node });
  }

  #place(row) {
    const key = keyOf(row);
    row.key = key;
    const known = this.rows.get(key);
    if (known) return Object.assign(known, row);
    this.rows.set(key, row);
    this.grew = true;
    if (row.item == null) this.#sorted(row);
    else this.#parent(row).items.push(row);
    return row;
  }

  #sorted(row) {
    row.items ??= [];
    let at = this.top.length;
    while (at && (this.top[at - 1].place ?? Infinity) > (row.place ?? Infinity)) at--;
    this.top.splice(at, 0, row);
  }

  /** Items come after the step that they belong to; should its page be missing, a place is kept. */
  #parent({ node, iteration, place, asof }) {
    const known = this.rows.get(keyOf({ node, iteration }));
    return known ?? this.#place({ node, iteration, item: null, status: "running", ports: [], attempts: 1, cost: 0, input: 0, output: 0, start: null, end: null, place, asof, calls: new Map() });
  }
}

const STEPS = {
  __proto__: null,
  "step.started": (row, at, data) => Object.assign(row, { status: "running", start: at, tried: at, attempts: 1 }, turnOf(data)),
  "step.finished": (row, at, data) => Object.assign(row, { status: data.status, end: at, ports: data.ports ?? [], note: data.error?.code }),
  "step.skipped": (row, at) => Object.assign(row, { status: "skipped", end: at }),
  "step.waiting": (row) => (row.status = "waiting"),
  "step.retrying": (row, at, { after_s }) => Object.assign(row, { attempts: row.attempts + 1, tried: at + (after_s ?? 0) * 1000 }),
  "approval.decided": (row) => (row.status = "running"),
};
