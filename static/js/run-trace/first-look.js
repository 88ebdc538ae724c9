// What one looks at first: the selected step stands in sight on the graph, and until somebody touches the page or came by
// a link to a step, what begins to wait is selected, or what the run failed by. At the end it is the run with its output,
// unless somebody chose a step, or works in its detail.
import { bringIntoSight } from "./in-sight.js";

const TOUCHES = ["pointerdown", "wheel", "keydown"];
const WORK = ["pointerdown", "keydown", "input"];

export class FirstLook {
  constructor(page) {
    this.page = page;
    this.free = location.pathname === page.url; // no link to a step
    this.linked = !this.free;
    this.still = true; // nobody moved the graph
    for (const type of WORK) page.detail.element.addEventListener(type, () => (this.linked = true), { capture: true, once: true });
    for (const type of TOUCHES) document.addEventListener(type, () => (this.free = this.still = false), { capture: true, once: true, passive: true });
  }

  /** The graph can be moved from now on. */
  ready(canvas) {
    const node = this.page.selection.key.split("/")[0];
    if (node && this.still) bringIntoSight(canvas, node);
  }

  changed(status) {
    if (status === "succeeded" && !this.linked && !this.page.selection.chosen) return this.page.selection.show("");
    if (!this.free || (status !== "waiting" && status !== "failed")) return;
    const { top, cause } = this.page.trace;
    const row = status === "failed" ? top.findLast((one) => one.node === cause) : top.find((one) => one.status === status);
    if (row) this.page.selection.show(row.key);
  }
}
