// The lines between the cards: one SVG, with a label where the port is not the only one.
import { html, svg } from "./elements.js";
import { keyOf } from "./model.js";
import { route } from "./routing.js";
import { say } from "./words.js";

const LABEL_AT = 0.5;
const INSERT_AT = 0.72;
const CLEAR = 18;

export class Edges {
  byKey = new Map();

  constructor(canvas, group, labels) {
    this.canvas = canvas;
    this.group = group;
    this.labels = labels;
    this.insert = html("button", "edge-add");
    Object.assign(this.insert, { type: "button", tabIndex: -1, hidden: true, title: say("insert-here") });
    this.insert.setAttribute("aria-label", say("insert-here"));
    this.insert.textContent = "+";
    labels.append(this.insert);
  }

  clear() {
    this.byKey.clear();
    this.group.replaceChildren();
    this.labels.replaceChildren(this.insert);
    this.insert.hidden = true;
  }

  add(edge) {
    const key = keyOf(edge);
    const group = svg("g", { "data-edge": key });
    const hit = group.appendChild(svg("path", { class: "edge-hit" }));
    const line = group.appendChild(svg("path", { class: "edge", "marker-end": "url(#edge-arrow)" }));
    const drawn = { key, edge, group, hit, line, label: null, state: null };
    this.byKey.set(key, drawn);
    this.group.append(group);
    this.#label(drawn);
    return drawn;
  }

  remove(key) {
    const drawn = this.byKey.get(key);
    drawn.group.remove();
    drawn.label?.remove();
    this.byKey.delete(key);
    if (this.insert.dataset.edge === key) this.insert.hidden = true;
  }

  /** A loop has its limit on it, a port that is not the plain one its name. */
  #label(drawn) {
    const { port, loop } = drawn.edge;
    drawn.line.classList.toggle("is-loop", Boolean(loop));
    const text = [port === "out" ? "" : port, loop ? say("loop-limit", { count: loop.max }) : ""].filter(Boolean).join(", ");
    if (!text) return drawn.label?.remove();
    drawn.label ??= this.labels.appendChild(html("div", "edge-label"));
    drawn.label.dataset.edge = drawn.key;
    drawn.label.replaceChildren(html("span", "", text));
  }

  relabel(edge) {
    const drawn = this.byKey.get(keyOf(edge));
    drawn.edge = edge;
    this.#label(drawn);
  }

  draw(drawn) {
    const { cards, frames } = this.canvas;
    const { from, port, to } = drawn.edge;
    if (!cards.get(from) || !cards.get(to)) return; // a draft may hold an edge to a node that is gone
    const [start, end] = [cards.out(from, port), cards.into(to)];
    drawn.path = route(start, end, (drawn.edge.loop && frames.floorOf(drawn.key)) || beside(cards.box(to), start.y), Boolean(drawn.edge.loop));
    drawn.hit.setAttribute("d", drawn.path.d);
    drawn.line.setAttribute("d", drawn.path.d);
    drawn.line.classList.toggle("is-bad", Boolean(start.lost));
    if (drawn.label) at(drawn.label, drawn.path.at(LABEL_AT));
    if (this.insert.dataset.edge === drawn.key) at(this.insert, drawn.path.at(INSERT_AT));
  }

  drawAll() {
    for (const drawn of this.byKey.values()) this.draw(drawn);
  }

  /** Redraws what hangs on nodes that moved (an array or a set), loops around them too. */
  drawAt(ids) {
    const keys = new Set(this.canvas.frames.follow(ids));
    for (const id of ids) for (const key of this.canvas.model.touching.get(id) ?? []) keys.add(key);
    for (const key of keys) this.draw(this.byKey.get(key));
  }

  mark(key, on) {
    this.byKey.get(key)?.line.classList.toggle("is-sel", on);
    this.byKey.get(key)?.label?.toggleAttribute("data-selected", on);
  }

  /** Shows the + on an edge. */
  offerInsert(key) {
    const drawn = this.byKey.get(key);
    if (!drawn?.path) return;
    this.insert.dataset.edge = key;
    this.insert.hidden = false;
    at(this.insert, drawn.path.at(INSERT_AT));
  }
}

/** Where a line runs that comes to a card from its right: just above it or just below. */
const beside = ({ y, h }, from) => (from < y + h / 2 ? y - CLEAR : y + h + CLEAR);

const at = (element, { x, y }) =>
  element.style.setProperty("transform", `translate(${Math.round(x)}px,${Math.round(y)}px) translate(-50%,-50%)`);
