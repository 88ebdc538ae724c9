// Frames around what repeats: the body of a loop ("at most 3") and a map ("5 at once").
import { html, icon, svg } from "./elements.js";
import { keyOf } from "./model.js";
import { say } from "./words.js";

const LOOP = { side: 28, top: 34, bottom: 40, icon: "repeat" };
const MAP = { side: 10, top: 28, bottom: 10, icon: "copy-plus" };
const LINE_ABOVE_FLOOR = 18;

export class Frames {
  frames = [];

  constructor(canvas, group, labels) {
    this.canvas = canvas;
    this.group = group;
    this.labels = labels;
  }

  /** Finds the frames anew: after nodes, edges or limits changed. Inner ones first. */
  rebuild() {
    const { model } = this.canvas;
    const loops = model.loops().map((edge) => ({
      key: keyOf(edge), ids: model.body(edge), space: LOOP, name: say("loop"), limit: say("loop-limit", { count: edge.loop.max }),
    }));
    const maps = [...model.nodes.values()].filter((node) => node.type === "map").map((node) => ({
      key: node.id, ids: new Set([node.id]), space: MAP, name: "", limit: atOnce(node.config?.max_concurrency),
    }));
    this.frames = [...maps, ...loops].filter((frame) => frame.ids.size).sort((one, other) => one.ids.size - other.ids.size);
    this.group.replaceChildren();
    this.labels.replaceChildren();
    for (const frame of this.frames) this.#make(frame);
    this.#place(this.frames);
  }

  #make(frame) {
    frame.inner = this.frames.filter((other) => other !== frame && isInside(other, frame));
    frame.rect = svg("rect", { class: "frame", rx: 14 });
    this.group.prepend(frame.rect);
    frame.label = this.labels.appendChild(html("div", "frame-label"));
    frame.label.append(icon(this.canvas.dataset.icons ?? "", frame.space.icon), html("span", "", frame.name));
    frame.label.append(html("span", "badge", frame.limit));
  }

  /** Moves the frames that hold some of these nodes; answers with the keys of their loop edges. */
  follow(ids) {
    const moved = this.frames.filter((frame) => [...ids].some((id) => frame.ids.has(id)));
    this.#place(moved);
    return moved.filter((frame) => frame.space === LOOP).map((frame) => frame.key);
  }

  floorOf(key) {
    const frame = this.frames.find((one) => one.key === key);
    return frame?.box ? frame.box.y + frame.box.h - LINE_ABOVE_FLOOR : null;
  }

  bounds() {
    return this.frames.map((frame) => frame.box).filter(Boolean);
  }

  #place(frames) {
    for (const frame of frames) {
      const { side, top, bottom } = frame.space;
      const held = around([this.canvas.cards.bounds(frame.ids), ...frame.inner.map((one) => one.box)]);
      frame.box = { x: held.x - side, y: held.y - top, w: held.w + 2 * side, h: held.h + top + bottom };
      const { x, y, w, h } = frame.box;
      for (const [name, value] of Object.entries({ x, y, width: w, height: h })) frame.rect.setAttribute(name, value);
      frame.label.style.setProperty("transform", `translate(${x + 12}px,${y + 6}px)`);
    }
  }
}

const atOnce = (count) => (count ? say("at-once", { count }) : say("all-at-once"));

const isInside = (one, other) =>
  [...one.ids].every((id) => other.ids.has(id)) && (one.ids.size < other.ids.size || one.space === MAP);

export function around(boxes) {
  const found = boxes.filter(Boolean);
  if (!found.length) return null;
  const x = Math.min(...found.map((box) => box.x));
  const y = Math.min(...found.map((box) => box.y));
  return {
    x, y,
    w: Math.max(...found.map((box) => box.x + box.w)) - x,
    h: Math.max(...found.map((box) => box.y + box.h)) - y,
  };
}
