// The keys that look and select; those that change the flow are in edit-keys.js. Letters are off while typing, and where
// the person switched them off.
import { isField } from "./elements.js";

export const ARROWS = {
  ArrowLeft: ["left", -1, 0], ArrowRight: ["right", 1, 0], ArrowUp: ["up", 0, -1], ArrowDown: ["down", 0, 1],
};

export class Keyboard {
  constructor(canvas) {
    this.canvas = canvas;
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("keyup", (event) => event.code === "Space" && this.#spaceUp());
    canvas.addEventListener("focusin", ({ target }) => this.#focused(target));
    canvas.addEventListener("focusout", () => (canvas.pointer.hasSpace = false));
  }

  #key(event) {
    if (isField(event.target) || event.target.closest("dialog")) return;
    const { keys, editable } = this.canvas;
    const action = (editable && keys.action(event)) || this.#action(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  #action(event) {
    const { canvas } = this;
    const { key, code, altKey, shiftKey } = event;
    if (event.ctrlKey || event.metaKey) return this.#withControl(key);
    if (ARROWS[key]) return altKey ? () => this.#walk(ARROWS[key][0]) : () => {};
    if (altKey) return null;
    if (code === "Space") return () => this.#spaceDown(event);
    if (shiftKey && code === "Digit1") return () => canvas.fit();
    if (shiftKey && code === "Digit2") return () => canvas.selection.nodes.size && canvas.fit(canvas.selection.nodes);
    if (key === "Escape") return () => canvas.pointer.cancel() || canvas.selection.select([]);
    if (key === "Enter") return () => this.#enter();
    return hasLetters() ? this.#letter(key) : null;
  }

  #withControl(key) {
    const { view, selection, model } = this.canvas;
    const actions = {
      a: () => selection.select(model.nodes.keys()),
      0: () => view.scale(1 / view.zoom),
      "+": () => view.scale(1.2),
      "=": () => view.scale(1.2),
      "-": () => view.scale(1 / 1.2),
    };
    return actions[key.toLowerCase()];
  }

  #letter(key) {
    const { canvas } = this;
    const { chosen } = canvas.selection;
    if (key === "f") return () => canvas.fit();
    if (key === "e" && chosen) return () => canvas.selection.walkEdges(chosen);
    return null;
  }

  #walk(direction) {
    const { selection, view, cards } = this.canvas;
    const next = selection.current && selection.neighbour(selection.current, direction);
    if (!next) return;
    selection.select([next]);
    selection.settle(next, true);
    view.reveal(cards.box(next));
  }

  /** Selects; once more goes on into the inspector. */
  #enter() {
    const { selection } = this.canvas;
    if (!selection.nodes.has(selection.current)) return selection.select([selection.current]);
    const inspector = document.getElementById("inspector");
    inspector?.querySelector("a[href], button, input, select, textarea, [tabindex]")?.focus();
  }

  #spaceDown(event) {
    if (!event.repeat) Object.assign(this.canvas.pointer, { hasSpace: true, spaceUsed: false });
  }

  #spaceUp() {
    const { pointer, selection } = this.canvas;
    if (pointer.hasSpace && !pointer.spaceUsed && selection.current) selection.select([selection.current]);
    pointer.hasSpace = false;
  }

  #focused(target) {
    const id = target.closest?.(".node")?.dataset.nodeId;
    const { selection, cards, view, pointer } = this.canvas;
    if (!cards.get(id)) return;
    if (id !== selection.current) selection.settle(id);
    if (!pointer.active.size && target.matches(":focus-visible")) view.reveal(cards.box(id));
  }
}

export const hasLetters = () => document.documentElement.dataset.shortcuts !== "off";
