// The draft moved on elsewhere: a person chooses, and until then nothing is posted.
import { html } from "./elements.js";
import { applyAll } from "./operations.js";
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
    const arrived = this.#alreadySaved(found.document);
    if (arrived) {
      saving.drop(arrived);
      saving.moveTo(found.revision);
      return saving.queue.length ? saving.pump() : saving.showSaved();
    }
    this.open(found);
  }

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
    canvas.load(found.document, found.cards);
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

  /** How many gestures the server has already: an answer that never arrived. 0: theirs is another document. */
  #alreadySaved(theirs) {
    const { queue } = this.saving;
    const model = new this.canvas.model.constructor(this.canvas.model.document);
    for (let count = queue.length; count > 0; count--) {
      if (plain(model.document) === plain(theirs)) return count;
      applyAll(model, queue[count - 1].inverse);
    }
    return 0;
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
