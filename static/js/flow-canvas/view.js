// Which part of the drawing is seen, and how large: pan, zoom, fit. Screen points are relative to the element.
import { eachFrame } from "./frame.js";

const LEAST = 0.1;
const MOST = 2;
const FAR = 0.4;
const DOTS = 20;
const MARGIN = 36;
const READABLE = 0.7;

export class View {
  x = 0;
  y = 0;
  zoom = 1;

  constructor(canvas, plane) {
    this.canvas = canvas;
    this.plane = plane;
    this.apply = () => this.#apply();
  }

  get width() {
    return this.size?.width ?? this.resized().width;
  }

  get height() {
    return this.size?.height ?? this.resized().height;
  }

  resized() {
    const { clientWidth, clientHeight } = this.canvas;
    this.size = { width: clientWidth, height: clientHeight };
    return this.size;
  }

  set(x, y, zoom = this.zoom) {
    Object.assign(this, { x, y, zoom });
    eachFrame(this.apply);
  }

  pan(dx, dy) {
    this.set(this.x + dx, this.y + dy);
  }

  /** Zooms by a factor so that what lies under a screen point stays there. */
  scale(factor, at = { x: this.width / 2, y: this.height / 2 }) {
    const zoom = Math.max(LEAST, Math.min(MOST, this.zoom * factor));
    const ratio = zoom / this.zoom;
    this.set(at.x - (at.x - this.x) * ratio, at.y - (at.y - this.y) * ratio, zoom);
  }

  world({ x, y }) {
    return { x: (x - this.x) / this.zoom, y: (y - this.y) / this.zoom };
  }

  get seen() {
    const { x, y } = this.world({ x: 0, y: 0 });
    return { x, y, w: this.width / this.zoom, h: this.height / this.zoom };
  }

  /** Shows a box {x, y, w, h} whole, no larger than life. */
  fit(box) {
    if (!box) return;
    const zoom = Math.max(LEAST, Math.min(1, (this.width - 2 * MARGIN) / box.w, (this.height - 2 * MARGIN) / box.h));
    this.set(this.width / 2 - (box.x + box.w / 2) * zoom, this.height / 2 - (box.y + box.h / 2) * zoom, zoom);
  }

  /** The first look: all of it, but never so small that it can't be read; then it begins at the left. */
  open(box, start) {
    this.fit(box);
    if (!box || this.zoom >= READABLE) return;
    const fits = box.h * READABLE <= this.height - 2 * MARGIN;
    const { y, h } = fits ? box : start; // no row is cut off that there is room for
    this.set(MARGIN - box.x * READABLE, this.height / 2 - (y + h / 2) * READABLE, READABLE);
  }

  /** Moves as little as needed to show a box. */
  reveal(box) {
    const seen = this.seen;
    const margin = 16 / this.zoom;
    const shift = (low, high, seenLow, seenHigh) =>
      low < seenLow + margin ? low - margin - seenLow : high > seenHigh - margin ? high + margin - seenHigh : 0;
    const dx = shift(box.x, box.x + box.w, seen.x, seen.x + seen.w);
    const dy = shift(box.y, box.y + box.h, seen.y, seen.y + seen.h);
    if (dx || dy) this.pan(-dx * this.zoom, -dy * this.zoom);
  }

  #apply() {
    const { x, y, zoom, canvas } = this;
    this.plane.style.setProperty("transform", `translate(${x}px,${y}px) scale(${zoom})`);
    const far = zoom < FAR;
    if (canvas.hasAttribute("data-far") !== far) canvas.toggleAttribute("data-far", far);
    if (!far) {
      canvas.style.setProperty("background-position", `${x}px ${y}px`);
      canvas.style.setProperty("background-size", `${DOTS * zoom}px ${DOTS * zoom}px`);
    }
    canvas.dispatchEvent(new CustomEvent("canvas:view", { detail: { x, y, zoom } }));
  }
}
