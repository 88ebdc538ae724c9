// The small picture of everything: one path a status, so that a thousand nodes cost nine elements. Dragging moves the view.
import { eachFrame } from "./frame.js";
import { svg } from "./elements.js";
import { around } from "./frames.js";

const WIDTH = 136;
const HEIGHT = 88;

export class Minimap {
  constructor(canvas) {
    this.canvas = canvas;
    this.element = svg("svg", { class: "canvas__mini", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
    this.paths = new Map();
    this.window = this.element.appendChild(svg("rect", { class: "v" }));
    this.redraw = () => this.#draw();
    canvas.addEventListener("canvas:view", () => this.draw());
  }

  draw() {
    eachFrame(this.redraw);
  }

  #draw() {
    const { cards, view } = this.canvas;
    const seen = view.seen;
    const whole = around([cards.bounds(), seen]);
    const scale = Math.min(WIDTH / whole.w, HEIGHT / whole.h);
    const x = whole.x - (WIDTH / scale - whole.w) / 2;
    const y = whole.y - (HEIGHT / scale - whole.h) / 2;
    this.shown = { x, y, scale };
    const boxes = new Map();
    for (const card of cards.byId.values()) {
      const kind = card.status ?? card.element.dataset.group ?? "";
      const box = `M${((card.x - x) * scale).toFixed(1)} ${((card.y - y) * scale).toFixed(1)}h${Math.max(2, card.w * scale).toFixed(1)}v${Math.max(1.5, card.h * scale).toFixed(1)}h-${Math.max(2, card.w * scale).toFixed(1)}z`;
      boxes.set(kind, (boxes.get(kind) ?? "") + box);
    }
    for (const [kind, path] of this.paths) if (!boxes.has(kind)) path.setAttribute("d", "");
    for (const [kind, d] of boxes) this.#path(kind).setAttribute("d", d);
    const frame = { x: (seen.x - x) * scale, y: (seen.y - y) * scale, width: seen.w * scale, height: seen.h * scale };
    for (const [name, value] of Object.entries(frame)) this.window.setAttribute(name, value.toFixed(1));
  }

  #path(kind) {
    if (!this.paths.has(kind)) {
      const path = svg("path", { "data-status": kind });
      this.element.insertBefore(path, this.window);
      this.paths.set(kind, path);
    }
    return this.paths.get(kind);
  }

  /** Brings what lies under a point of the window (clientX, clientY) to the middle. */
  show({ clientX, clientY }) {
    if (!this.shown) return;
    const { view } = this.canvas;
    const box = this.element.getBoundingClientRect();
    const inside = Math.min(box.width / WIDTH, box.height / HEIGHT) * this.shown.scale;
    const x = this.shown.x + (clientX - box.left) / inside;
    const y = this.shown.y + (clientY - box.top) / inside;
    view.set(view.width / 2 - x * view.zoom, view.height / 2 - y * view.zoom);
  }
}
