// What one looks at first: the selected step stands in sight on the graph, and until somebody touches the page or came by
// a link to a step, what begins to wait or fails is selected.
const TOUCHES = ["pointerdown", "wheel", "keydown"];

export class FirstLook {
  constructor(page) {
    this.page = page;
    this.free = location.pathname === page.url; // no link to a step
    this.still = true; // nobody moved the graph
    for (const type of TOUCHES) document.addEventListener(type, () => (this.free = this.still = false), { capture: true, once: true, passive: true });
  }

  /** The graph can be moved from now on. */
  ready(canvas) {
    const node = this.page.selection.key.split("/")[0];
    if (node && this.still) canvas.select([node]);
  }

  changed(status) {
    if (!this.free || (status !== "waiting" && status !== "failed")) return;
    const row = this.page.trace.top.find((one) => one.status === status);
    if (row) this.page.selection.step(row.key);
  }
}
