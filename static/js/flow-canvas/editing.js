// Changing the flow: a gesture is applied, drawn, put into the history, and handed over to be saved.
import { refreshInspector, takePanels } from "./answers.js";
import { History } from "./history.js";
import { applyAll } from "./operations.js";
import { repaint } from "./repaint.js";
import { say } from "./words.js";

export class Editing {
  history = new History();

  constructor(canvas) {
    this.canvas = canvas;
  }

  /** One gesture, one undo step, one request. Answers whether it was done. */
  perform(operations, label, { merge = "" } = {}) {
    if (!this.canvas.editable || !operations.length) return false;
    const whole = [...this.#pinned(), ...operations];
    const inverse = this.apply(whole);
    if (!inverse) return false;
    this.history.add({ operations: whole, inverse, label, merge });
    this.canvas.saving.add({ operations: whole, inverse, label, merge });
    this.#changed(whole);
    return true;
  }

  undo() {
    const gesture = this.history.back();
    if (!gesture) return this.canvas.announce(say("nothing-to-undo"));
    this.#again(gesture.inverse, gesture.operations, say("undone", { label: gesture.label }));
  }

  redo() {
    const gesture = this.history.forth();
    if (!gesture) return this.canvas.announce(say("nothing-to-redo"));
    this.#again(gesture.operations, gesture.inverse, say("redone", { label: gesture.label }));
  }

  /** Applies and draws. Answers with the way back; null, and a sentence, where what they name is gone. */
  apply(operations) {
    const { canvas } = this;
    const removed = new Map();
    for (const { op, node } of operations) if (op === "remove") removed.set(node, canvas.model.nodes.get(node));
    const focused = canvas.contains(document.activeElement);
    let inverse;
    try {
      inverse = applyAll(canvas.model, operations);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      canvas.refuse(say("refused-gone"));
      return null;
    }
    repaint(canvas, operations, removed);
    if (focused && !canvas.contains(document.activeElement)) canvas.selection.settle(canvas.selection.current, true);
    return inverse;
  }

  /** A change that the inspector's form made: it is saved already, and can be undone like any other. */
  takeOver({ base, operations = [], inverse = [], label = "", ...answer }) {
    const { canvas } = this;
    takePanels(answer);
    if (!canvas.editable) return;
    if (base > canvas.saving.revision) return canvas.saving.fallBehind(); // somebody else was in between
    if (!this.apply(operations)) return;
    if (operations.length) this.history.add({ operations, inverse, label, merge: "" });
    canvas.saving.take(answer, operations);
    this.tellHistory();
    refreshInspector(operations);
  }

  /** Takes back what the server refused; the history ends before it. */
  revert(gestures) {
    for (const gesture of [...gestures].reverse()) this.apply(gesture.inverse);
    this.forget();
  }

  /** Another document is shown: nothing of before can be undone. */
  forget() {
    this.history.clear();
    this.tellHistory();
  }

  tellHistory() {
    const { past, future } = this.history;
    const detail = { undo: past.length, redo: future.length };
    this.canvas.dispatchEvent(new CustomEvent("canvas:history", { bubbles: true, detail }));
  }

  #again(operations, inverse, label) {
    if (this.apply(operations)) {
      this.canvas.saving.add({ operations, inverse, label, merge: "" });
      this.canvas.announce(label);
    }
    this.#changed(operations);
  }

  #changed(operations) {
    this.tellHistory();
    this.canvas.dispatchEvent(new CustomEvent("canvas:change", { bubbles: true, detail: { operations } }));
  }

  #pinned() {
    const positions = Object.fromEntries([...this.canvas.unplaced].filter(([id]) => this.canvas.model.nodes.has(id)));
    this.canvas.unplaced.clear();
    return Object.keys(positions).length ? [{ op: "move", positions }] : [];
  }
}
