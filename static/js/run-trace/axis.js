// The time axis of the waterfall: from the run's start to its end or to now, with a mark at round times.
import { duration } from "./format.js";
import { drawn } from "./words.js";

const STEPS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800];
const APART_PX = 64;

export class Axis {
  marks = [];

  constructor(svg, clock) {
    this.svg = svg;
    this.clock = clock; // the server's now, in milliseconds
  }

  /** Fits the run; true where the marks moved. */
  fit(trace) {
    this.start = trace.start ?? trace.created;
    this.end = Math.max(trace.end ?? this.clock(), this.start + 1);
    const span = this.end - this.start;
    const most = Math.max(Math.floor(this.svg.clientWidth / APART_PX), 1);
    const step = (STEPS_S.find((seconds) => span / (seconds * 1000) <= most) ?? 604800 * Math.ceil(span / 604800_000 / most)) * 1000;
    const marks = Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step);
    const moved = marks.length !== this.marks.length || step !== this.step;
    [this.marks, this.step] = [marks, step];
    return moved;
  }

  /** Percent of the width. */
  at(time) {
    return Math.min(Math.max(((time - this.start) / (this.end - this.start)) * 100, 0), 100);
  }

  draw() {
    this.svg.replaceChildren(
      ...this.marks.map((mark) => {
        const text = drawn("text", { x: `${this.at(this.start + mark).toFixed(1)}%`, y: 14 });
        text.textContent = this.#label(mark);
        return text;
      }),
    );
  }

  #label(mark) {
    if (this.step < 1000) return `${mark}ms`;
    return mark ? duration(mark).replace(/\.0s$/, "s").replace(/ 00[sm]$/, "") : "0s";
  }
}
