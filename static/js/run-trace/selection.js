// The one selection of the page: node, row and event are the same thing, and the address names it.
import { bringIntoSight } from "./in-sight.js";

export class Selection {
  key = ""; // of the step; "" is the run itself
  call = "";
  chosen = false; // by a person

  constructor(page, key) {
    this.page = page;
    this.key = key;
    page.detail.path = key ? `steps/${key}` : "about/";
    page.canvas?.addEventListener("canvas:select", ({ detail }) => this.#onCanvas(detail.ids));
    page.addEventListener("click", (event) => this.#onLink(event));
  }

  isSelected(entry) {
    if (entry.kind === "run") return !this.key;
    if (entry.kind === "call") return entry.row.key === this.key && entry.call.call === this.call;
    return entry.kind === "step" && entry.row.key === this.key && !this.call;
  }

  holds(key) {
    return Boolean(this.key) && key === this.key;
  }

  entry(entry) {
    this.chosen = true;
    if (entry.kind === "run") this.#choose("", "");
    else if (entry.kind === "call") this.#choose(entry.row.key, entry.call.call, { model: "messages", tool: "tools" }[entry.call.kind] ?? "");
    else this.#choose(entry.row.key, "");
  }

  step(key) {
    this.chosen = true;
    this.#choose(key, "");
  }

  /** The page shows it by itself: nobody chose it. */
  show(key) {
    this.#choose(key, "");
  }

  #choose(key, call, tab = "") {
    const moved = key !== this.key;
    if (!moved && call === this.call) return;
    Object.assign(this, { key, call });
    this.remember(tab);
    this.page.log.mark(key);
    if (moved || tab) this.page.detail.open(key ? `steps/${key}` : "about/", tab);
    const node = key.split("/")[0];
    if (moved && this.page.canvas?.select) this.#onGraph(node);
    this.page.frames.ask();
    this.page.reveal();
  }

  #onGraph(node) {
    if (node) bringIntoSight(this.page.canvas, node);
    else this.page.canvas.select([]);
  }

  /** The address of what is shown, to copy and to reload. */
  remember(tab) {
    const path = this.key ? `steps/${this.key}` : "about/";
    history.replaceState(history.state, "", `${this.page.url}${path}${tab ? `?tab=${encodeURIComponent(tab)}` : ""}`);
  }

  #onCanvas(ids) {
    const [node] = ids;
    if (ids.length !== 1 || node === this.key.split("/")[0]) return;
    const row = this.page.trace.top.findLast((one) => one.node === node);
    if (row) this.step(row.key);
  }

  /** Links of notes to a step of this run stay on the page. */
  #onLink(event) {
    const link = event.target.closest("a[data-select]");
    if (!link || event.metaKey || event.ctrlKey || !link.pathname.startsWith(`${this.page.url}steps/`)) return;
    event.preventDefault();
    this.step(link.pathname.slice(`${this.page.url}steps/`.length));
    const { element } = this.page.detail;
    element.focus({ preventScroll: true }); // which would show the middle of what is higher than a phone
    element.scrollIntoView({ block: "start" });
  }
}
