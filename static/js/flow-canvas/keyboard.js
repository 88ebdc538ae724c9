// Keys: which are the canvas's own. What they do is loaded with the first (keys.js); those pressed meanwhile wait for it.
import { isField } from "./elements.js";
import { loaded } from "./parts.js";

export class Keyboard {
  taker = null; // takes every key while it is there: a connection that is drawn by keys, a part on its way

  constructor(canvas) {
    this.canvas = canvas;
    canvas.addEventListener("keydown", (event) => this.press(event));
    canvas.addEventListener("keyup", (event) => event.code === "Space" && this.#spaceUp());
    canvas.addEventListener("focusin", ({ target }) => this.#focused(target));
    canvas.addEventListener("focusout", () => (canvas.pointer.hasSpace = false));
  }

  press(event) {
    if (isField(event.target) || event.target.closest("dialog")) return;
    const action = this.taker ? this.taker.action(event) : this.#action(event);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  /** Does something with the keys. */
  use(use) {
    this.after(import("./keys.js"), ({ Keys }) => use((this.keys ??= new Keys(this.canvas))));
  }

  /** Does something with a part as soon as it is there. Keys that are pressed meanwhile come after it. */
  async after(part, use) {
    const held = [];
    const waiting = { action: (event) => this.#isOurs(event) && (() => held.push(event)), end() {} };
    this.taker ??= waiting;
    const found = await loaded(this.canvas, part);
    if (this.taker === waiting) this.taker = null;
    if (found) use(found);
    for (const event of held) this.press(event);
  }

  #action(event) {
    const { pointer } = this.canvas;
    if (event.code === "Space" && !event.ctrlKey && !event.metaKey && !event.altKey) return () => this.#spaceDown(event);
    if (event.key === "Escape" && pointer.active.size) return () => pointer.cancel();
    if (this.keys) return this.keys.action(event);
    return this.#isOurs(event) && (() => this.use(() => this.press(event)));
  }

  #isOurs({ key, code, ctrlKey, metaKey, altKey, shiftKey }) {
    const { editable } = this.canvas;
    if (ctrlKey || metaKey) return (editable ? /^[adyz0+=-]$/i : /^[a0+=-]$/i).test(key);
    if (/^Arrow/.test(key)) return true;
    if (altKey) return false;
    if (/^[acefl/]$/.test(key)) return hasLetters() && (editable || /[ef]/.test(key));
    return /^(Escape|Enter)$/.test(key) || (editable && /^(Delete|Backspace)$/.test(key)) || (shiftKey && /^Digit[12]$/.test(code));
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

/** Letters are off where the person switched them off. */
export const hasLetters = () => document.documentElement.dataset.shortcuts !== "off";
