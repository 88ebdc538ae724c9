// <flow-canvas>: draws a flow and lets people change it. Light DOM; the server renders the cards and owns the truth.
//
// It holds the document as the server sent it, applies each gesture to it at once, and posts the gesture as operations.
// Attributes: data-mode (edit, read, run), data-operations-url, data-revision, data-storage-key, data-icons, aria-label.
// Events: canvas:select {ids}, canvas:change {operations}, canvas:saved {revision}, canvas:conflict, canvas:refused
// {detail}, canvas:history {undo, redo}, canvas:view {x, y, zoom}.
import { Announcer } from "./announce.js";
import { Cards } from "./cards.js";
import { Edges } from "./edges.js";
import { html, svg } from "./elements.js";
import { Frames, around } from "./frames.js";
import { Keyboard } from "./keyboard.js";
import { Minimap } from "./minimap.js";
import { FlowModel } from "./model.js";
import { paintAll } from "./paint.js";
import { loaded } from "./parts.js";
import { Pointer } from "./pointer.js";
import { Selection } from "./selection.js";
import { Tools } from "./tools.js";
import { View } from "./view.js";

export class FlowCanvas extends HTMLElement {
  unplaced = new Map(); // where nodes stand that the document gives no place: the first gesture says so
  awaited = 0; // parts on their way

  connectedCallback() {
    if (this.model) return;
    this.types = this.#json("node-types") ?? {};
    const document_ = this.#json("flow-document");
    this.model = new FlowModel(document_ ?? {});
    this.intact = Boolean(document_); // without the document nothing may be changed
    this.#furnish();
    this.#assemble();
    this.#listen();
    this.#first();
    this.#equip();
  }

  disconnectedCallback() {
    this.leaving?.abort();
  }

  get mode() {
    return this.dataset.mode ?? "read";
  }

  get editable() {
    return this.mode === "edit" && this.intact && Boolean(this.editing);
  }

  // ---- what pages and other elements use ----

  /** Shows another document; `cards` are the server's, by node id. Nothing is posted. */
  load(document_, cards = {}) {
    this.model.read(document_);
    this.intact = true;
    paintAll(this);
    for (const [id, fragment] of Object.entries(cards)) this.cards.swap(id, fragment);
    this.remeasure();
    this.editing?.forget();
    window.htmx?.process(this.layer);
  }

  setStatus(id, status, details) {
    this.#told((live) => live.setStatus(id, status, details));
  }

  setEdge(from, port, to, state) {
    this.#told((live) => live.setEdge({ from, port, to }, state));
  }

  select(ids) {
    this.selection.select(ids);
    if (this.selection.nodes.size) this.view.reveal(this.cards.bounds(this.selection.nodes));
  }

  fit(ids) {
    this.view.fit(ids ? this.cards.bounds(ids) : this.bounds());
  }

  async tidy() {
    const part = await loaded(this, import("./tidy.js"));
    return part?.tidy(this);
  }

  // ---- what its parts use ----

  announce(sentence) {
    this.announcer.say(sentence);
  }

  refuse(sentence) {
    this.announcer.refuse(sentence);
  }

  bounds() {
    return around([this.cards.bounds(), ...this.frames.bounds()]);
  }

  /** Puts every card where the document says; those without a place are laid out. */
  placeAll() {
    const lost = [];
    for (const card of this.cards.byId.values()) {
      const position = this.model.nodes.get(card.id).position;
      if (position) this.cards.place(card, position.x, position.y);
      else lost.push(card.id);
    }
    if (lost.length) placeUnplaced(this, lost);
  }

  remeasure() {
    this.cards.measure();
    this.frames.rebuild();
    this.edges.drawAll();
    this.minimap.draw();
  }

  /** What shows a run is loaded with it; until then statuses wait in order. */
  async #told(tell) {
    if (this.live) return tell(this.live);
    const part = await loaded(this, import("./live.js"));
    if (part) tell((this.live ??= new part.Live(this)));
  }

  #json(id) {
    const block = [...this.querySelectorAll("script[type='application/json']")].find((script) => script.id === id);
    return block ? JSON.parse(block.textContent) : null;
  }

  #furnish() {
    this.setAttribute("role", "application");
    this.setAttribute("aria-roledescription", "flow canvas");
    this.rendered = new Map([...this.querySelectorAll(":scope > .node")].map((card) => [card.dataset.nodeId, card]));
    this.plane = html("div", "plane");
    const lines = svg("svg", { class: "plane__lines", "aria-hidden": "true" });
    const marker = svg("marker", { id: "edge-arrow", viewBox: "0 0 8 8", refX: 12, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto", markerUnits: "userSpaceOnUse" });
    marker.append(svg("path", { class: "arr", d: "M1 1 7 4 1 7" }));
    lines.appendChild(svg("defs")).append(marker);
    const [frames, edges] = [lines.appendChild(svg("g")), lines.appendChild(svg("g"))];
    const [frameLabels, labels] = [html("div", "plane__labels"), html("div", "plane__labels")];
    this.layer = html("div", "plane__cards");
    const over = svg("svg", { class: "plane__over", "aria-hidden": "true" });
    this.draft = over.appendChild(svg("path", { class: "edge is-draft" }));
    this.guide = over.appendChild(svg("path", { class: "guides" }));
    this.plane.append(lines, frameLabels, labels, this.layer, over);
    this.cards = new Cards(this, this.layer);
    this.frames = new Frames(this, frames, frameLabels);
    this.edges = new Edges(this, edges, labels);
  }

  #assemble() {
    this.announcer = new Announcer(this);
    this.view = new View(this, this.plane);
    this.minimap = new Minimap(this);
    this.selection = new Selection(this);
    this.append(this.plane, this.minimap.element, this.announcer.region);
  }

  #listen() {
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    this.pointer = new Pointer(this);
    this.keyboard = new Keyboard(this);
    this.tools = new Tools(this, signal);
    new ResizeObserver(() => this.#resized()).observe(this);
    matchMedia("(pointer: coarse)").addEventListener("change", () => this.remeasure(), { signal });
  }

  #first() {
    paintAll(this, (id) => this.rendered.get(id));
    for (const [id, element] of this.rendered) if (!this.model.nodes.has(id)) element.remove();
    this.rendered.clear();
    this.view.resized();
    this.#look();
    this.toggleAttribute("data-ready", true);
    requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("canvas:ready"))); // it is painted
    if (document.fonts.status === "loading") document.fonts.ready.then(() => this.remeasure()); // a pill is as wide as its name
  }

  async #equip() {
    if (this.mode === "run") return this.#told(() => {});
    if (this.mode !== "edit" || !this.intact) return;
    const { makeEditable } = await import("./editor.js");
    makeEditable(this, this.leaving.signal);
    this.toggleAttribute("data-editable", true);
    performance.mark("canvas:editable");
  }

  #look() {
    const first = this.model.nodes.keys().next().value;
    if (first) this.view.open(this.bounds(), this.cards.box(first));
  }

  #resized() {
    const before = this.view.size;
    const { width } = this.view.resized();
    if (!before?.width && width) this.#look();
    this.minimap.draw();
  }
}

/** By rank at once, and by dagre as soon as it is there. */
async function placeUnplaced(canvas, ids) {
  for (const [index, id] of ids.entries()) canvas.cards.place(canvas.cards.get(id), index * 232, 0);
  const { unplaced } = await import("./tidy.js");
  await unplaced(canvas, ids);
}

customElements.define("flow-canvas", FlowCanvas);
