// The pointer: which gesture begins where it goes down, and its moves, drop and cancelling. A gesture has
// move, drop and cancel, which get {screen, world, altKey, event}; `autopans` near the border, `isInstant` without a threshold.
import { Marquee, MinimapDrag, Pan, Pinch } from "./drag-view.js";
import { isField } from "./elements.js";

const THRESHOLD = 4;
const BORDER = 36;
const FASTEST = 14;

export class Pointer {
  active = new Map(); // of each pointer that is down: its gesture, where it began and where it is
  hasSpace = false;

  constructor(canvas) {
    this.canvas = canvas;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => this.cancel());
    canvas.addEventListener("pointerover", ({ target }) => this.#hover(target));
    canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Ends whatever is going on and puts everything back. Answers whether anything was. */
  cancel() {
    const going = [...this.active.values()].filter(({ gesture }) => gesture);
    for (const { gesture } of going) gesture.cancel?.();
    this.active.clear();
    this.pinch = null;
    return going.length > 0;
  }

  #down(event) {
    const { canvas } = this;
    if (isField(event.target) || event.target === canvas.edges.insert || event.target.closest("dialog")) return;
    this.box = canvas.getBoundingClientRect();
    canvas.view.resized();
    const place = this.#place(event);
    if (event.pointerType === "touch" && this.active.size === 1) return this.#startPinch(event, place);
    canvas.keyboard.taker?.end();
    const gesture = this.#gesture(event, place);
    if (!gesture) return;
    event.preventDefault();
    canvas.setPointerCapture(event.pointerId);
    this.active.set(event.pointerId, { gesture, begin: place.screen, now: place.screen, altKey: event.altKey });
    if (gesture.isInstant) gesture.move(place);
  }

  #gesture(event, place) {
    const { canvas } = this;
    const { target, button } = event;
    const card = target.closest(".node");
    const edge = target.closest("[data-edge]")?.dataset.edge;
    if (target.closest(".canvas__mini")) return new MinimapDrag(canvas);
    if (button === 1 || (button === 0 && this.hasSpace)) return this.#panned(place);
    if (button !== 0) return null;
    if (card) return this.#onCard(event, place, card.dataset.nodeId);
    if (edge) return this.#onEdge(edge, place);
    this.#focusCanvas();
    return event.shiftKey ? new Marquee(canvas, place) : new Pan(canvas, place, { clears: true });
  }

  #panned(place) {
    this.spaceUsed = true;
    return new Pan(this.canvas, place);
  }

  #onCard(event, place, id) {
    const { selection, gestures } = this.canvas;
    const port = event.target.closest(".port");
    selection.settle(id, true);
    if (port && gestures) return gestures.onCard(place, id, port);
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      selection.toggle(id);
      return { move() {}, drop() {} };
    }
    const wasOneOfMany = selection.nodes.has(id) && selection.nodes.size > 1;
    if (!selection.nodes.has(id)) selection.select([id]);
    const gesture = gestures?.onCard(place, id) ?? new Pan(this.canvas, place);
    return wasOneOfMany ? withClick(gesture, () => selection.select([id])) : gesture;
  }

  #onEdge(key, place) {
    this.#focusCanvas();
    this.canvas.selection.selectEdge(key);
    return this.canvas.gestures?.onEdge(place, key) ?? new Pan(this.canvas, place);
  }

  #focusCanvas() {
    const { selection } = this.canvas;
    selection.settle(selection.current, true);
  }

  #move(event) {
    const pointer = this.active.get(event.pointerId);
    if (!pointer) return;
    const place = this.#place(event);
    Object.assign(pointer, { now: place.screen, altKey: event.altKey });
    if (this.pinch) return this.pinch.move(...[...this.active.values()].map(({ now }) => now));
    const away = Math.hypot(place.screen.x - pointer.begin.x, place.screen.y - pointer.begin.y);
    if (!pointer.moved && !pointer.gesture?.isInstant && away < THRESHOLD) return;
    pointer.moved = true;
    pointer.gesture?.move(place);
    if (pointer.gesture?.autopans) this.#autopan(pointer);
  }

  #up(event) {
    const pointer = this.active.get(event.pointerId);
    if (!pointer) return;
    this.active.delete(event.pointerId);
    if (this.pinch) return this.#endPinch();
    pointer.gesture?.drop({ ...this.#place(event), clicked: !pointer.moved });
  }

  #place(event) {
    const screen = { x: event.clientX - this.box.left, y: event.clientY - this.box.top };
    return { screen, world: this.canvas.view.world(screen), altKey: event.altKey, event };
  }

  #startPinch(event, place) {
    const [first] = this.active.values();
    first.gesture?.cancel?.();
    first.gesture = null;
    this.canvas.setPointerCapture(event.pointerId);
    this.active.set(event.pointerId, { gesture: null, begin: place.screen, now: place.screen });
    this.pinch = new Pinch(this.canvas, first.now, place.screen);
  }

  /** The finger that stays goes on panning. */
  #endPinch() {
    this.pinch = null;
    for (const pointer of this.active.values()) {
      pointer.gesture = new Pan(this.canvas, { screen: pointer.now });
    }
  }

  /** Near the border the view moves along, as long as the pointer stays there. */
  #autopan(pointer) {
    if (this.panning) return;
    const step = () => {
      this.panning = null;
      if (![...this.active.values()].includes(pointer)) return;
      const { view } = this.canvas;
      const speed = (value, size) => (value < BORDER ? BORDER - value : value > size - BORDER ? size - BORDER - value : 0);
      const by = (value, size) => Math.max(-FASTEST, Math.min(FASTEST, speed(value, size) / 2));
      const [dx, dy] = [by(pointer.now.x, view.width), by(pointer.now.y, view.height)];
      if (!dx && !dy) return;
      view.pan(dx, dy);
      pointer.gesture.move({ screen: pointer.now, world: view.world(pointer.now), altKey: pointer.altKey });
      this.panning = requestAnimationFrame(step);
    };
    this.panning = requestAnimationFrame(step);
  }

  #hover(target) {
    const { canvas } = this;
    if (!canvas.editable || this.active.size || target === canvas.edges.insert) return;
    const key = target.closest?.("[data-edge]")?.dataset.edge;
    if (key) canvas.edges.offerInsert(key);
    else if (!canvas.selection.edge) canvas.edges.insert.hidden = true;
  }

  #wheel(event) {
    event.preventDefault();
    this.box = this.canvas.getBoundingClientRect();
    const unit = event.deltaMode === 1 ? 16 : 1;
    const { view } = this.canvas;
    if (event.ctrlKey || event.metaKey) view.scale(Math.exp(-event.deltaY * unit * 0.01), this.#place(event).screen);
    else if (event.shiftKey) view.pan(-(event.deltaX + event.deltaY) * unit, 0);
    else view.pan(-event.deltaX * unit, -event.deltaY * unit);
  }
}

/** A gesture that is also a click where it does not move. */
function withClick(gesture, click) {
  return {
    autopans: gesture.autopans,
    move: (place) => gesture.move(place),
    cancel: () => gesture.cancel(),
    drop: (place) => (place.clicked ? click() : gesture.drop(place)),
  };
}
