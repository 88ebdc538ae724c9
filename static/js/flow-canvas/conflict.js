// The draft moved on elsewhere: a person chooses, and until then nothing is posted.
import { html } from "./elements.js";
import { FlowModel } from "./model.js";
import { applyAll, isDone } from "./operations.js";
import { say } from "./words.js";

const OWN_CHANGE_MS = 400;

export class Conflict {
  constructor(canvas, saving, signal) {
    this.canvas = canvas;
    this.saving = saving;
    this.dialog = document.getElementById(`${canvas.id}-conflict`);
    this.dialog?.addEventListener("close", () => this.#decided(this.dialog.returnValue));
    document.addEventListener("click", ({ target }) => {
      if (target.closest("#save-state") && this.found) this.#ask();
    }, { signal });
  }

  /** The answer 409, {revision, by, at, document, cards}: often no conflict at all. */
  async meet(found) {
    const { saving } = this;
    await new Promise((resolve) => setTimeout(resolve, OWN_CHANGE_MS)); // the inspector's own save may be on its way
    if (found.revision <= saving.revision) return saving.pump();
    if (this.isMine(found)) return saving.queue.length ? saving.pump() : saving.showSaved();
    this.open(found);
  }

  /** Whether theirs is ours but for gestures still to be posted: then an answer got lost, and nobody was in between. */
  isMine({ revision, document: theirs }) {
    const { saving, canvas } = this;
    const model = new FlowModel(theirs);
    const present = saving.queue.findIndex(({ operations }) => !operations.every((one) => isDone(model, one)));
    const count = present < 0 ? saving.queue.length : present;
    try {
      for (const { operations } of saving.queue.slice(count)) applyAll(model, operations);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    if (plain(model.document) !== plain(canvas.model.document)) return false;
    saving.drop(count);
    saving.moveTo(revision);
    return true;
  }

  /** Without `document` the canvas shows theirs already. */
  open(found) {
    this.found = found;
    this.saving.held = true;
    this.saving.show(say("elsewhere"), "conflict");
    this.canvas.dispatchEvent(new CustomEvent("canvas:conflict", { bubbles: true, detail: { revision: found.revision } }));
    this.#ask();
  }

  #ask() {
    const { dialog, found } = this;
    if (!dialog || dialog.open) return;
    dialog.querySelector("[data-conflict-sentence]").textContent = say("conflict", { by: found.by || say("somebody") });
    const labels = this.saving.queue.map(({ label }) => html("li", "", label));
    dialog.querySelector("[data-conflict-changes]").replaceChildren(...labels);
    dialog.returnValue = "";
    dialog.showModal();
  }

  #decided(choice) {
    const { found, canvas, saving } = this;
    if (!found || !choice) return;
    this.found = null;
    const mine = saving.queue.slice();
    saving.drop(mine.length);
    saving.held = false;
    saving.moveTo(found.revision);
    if (found.document) canvas.load(found.document, found.cards);
    if (choice === "mine") return this.#putOnTop(mine);
    saving.show("", "saved");
    canvas.announce(say("dropped"));
  }

  #putOnTop(gestures) {
    let lost = 0;
    for (const { operations, label } of gestures) {
      if (!this.canvas.editing.perform(operations, label)) lost += 1;
    }
    if (lost) this.canvas.refuse(say("left-out", { count: lost }));
  }
}

/** Nodes and edges as a text that does not depend on the order of keys. */
function plain({ nodes, edges }) {
  const sorted = (key, value) =>
    value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value;
  const whole = edges.map((edge) => ({ port: "out", ...edge }));
  const byId = [...nodes].sort((one, other) => (one.id < other.id ? -1 : 1));
  return JSON.stringify([byId, whole.map((edge) => JSON.stringify(edge, sorted)).sort()], sorted);
}
