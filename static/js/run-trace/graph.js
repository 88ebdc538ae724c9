// The run on the canvas: the status of each node's newest step, and what became of each edge.
import { duration } from "./format.js";
import { word } from "./words.js";

const BUSY = { running: "live", waiting: "waiting" };

export class Graph {
  touched = new Set();

  constructor(page, canvas) {
    Object.assign(this, { page, canvas });
    this.touched = new Set(Object.keys(page.trace.nodes));
    customElements.whenDefined("flow-canvas").then(() => {
      this.ready = Boolean(canvas?.setStatus);
      if (this.ready) page.firstLook.ready(canvas);
      page.frames.ask();
    });
  }

  touch(node) {
    this.touched.add(node);
  }

  /** Called in a frame. */
  show() {
    if (!this.ready || !this.touched.size) return;
    this.newest = new Map();
    for (const row of this.page.trace.top) this.newest.set(row.node, row);
    for (const node of this.touched) this.#node(node);
    for (const [from, port, to, isLoop] of this.page.trace.edges) {
      if (this.touched.has(from) || this.touched.has(to)) this.canvas.setEdge(from, port, to, this.#edge(from, port, to, isLoop));
    }
    this.touched.clear();
  }

  #node(node) {
    const row = this.newest.get(node);
    if (row) this.canvas.setStatus(node, row.status, { fact: this.#fact(row), iteration: row.iteration });
  }

  #fact(row) {
    const { attempts } = this.page.trace.nodes[row.node] ?? {};
    if (row.items?.length) return `${row.items.filter(({ end }) => end !== null).length} ${word("of")} ${row.items.length}`;
    if (row.status === "running" && row.attempts > 1) return `${word("attempt")} ${row.attempts} ${word("of")} ${Math.max(attempts, row.attempts)}`;
    if (row.iteration > 1) return `${word("iteration")} ${row.iteration}`;
    return row.start != null && row.end != null ? duration(row.end - row.start) : undefined;
  }

  #edge(from, port, to, isLoop) {
    const source = this.newest.get(from);
    if (!source || source.status === "running" || source.status === "waiting") return null;
    const ports = isLoop ? this.#everChosen(from) : source.ports;
    if (!ports.includes(port)) return "not-taken";
    const target = this.newest.get(to);
    return (target && BUSY[target.status]) || "taken";
  }

  #everChosen(node) {
    return this.page.trace.top.filter((row) => row.node === node).flatMap((row) => row.ports);
  }
}
