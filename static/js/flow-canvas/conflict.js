// Work that is not saved meets a draft that may have moved on: a person chooses, and until then nothing is posted.
import { html } from "./elements.js";
import { FlowModel, keyOf } from "./model.js";
import { applyAll } from "./operations.js";
import { say } from "./words.js";

const OWN_CHANGE_MS = 400;

export class Conflict {
  constructor(canvas, saving) {
    this.canvas = canvas;
    this.saving = saving;
    this.dialog = document.getElementById(`${canvas.id}-conflict`);
    this.dialog?.addEventListener("close", () => this.#decided(this.dialog.returnValue));
    document.addEventListener("click", ({ target }) => {
      if (target.closest("#save-state") && this.found) this.#ask();
    }, { signal: saving.signal });
  }

  /** Takes up what an earlier page of this tab, or one that is closed, could not save. */
  replay({ revision, gestures }) {
    const { saving } = this;
    const { model, editing } = this.canvas;
    if (revision !== saving.revision) {
      // The last of an earlier page may have arrived though its answer did not.
      const rest = gestures.findIndex(({ operations }) => !operations.every((one) => isDone(model, one)));
      if (rest < 0) return saving.drop(0);
      saving.queue = gestures.slice(rest).map((gesture) => ({ ...gesture, inverse: [], merge: "" }));
      return this.open({ revision: saving.revision });
    }
    for (const { operations, label } of gestures) {
      const inverse = editing.apply(operations);
      if (inverse) saving.queue.push({ operations, inverse, label, merge: "" });
    }
    saving.replayed = saving.queue.length;
    editing.history.past.push(...saving.queue);
    editing.tellHistory();
    saving.drop(0);
    return saving.pump();
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

/** Whether a document is already as an operation would make it. */
function isDone(model, { op, node, edge, positions, set, max, to }) {
  const same = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null);
  const found = model.nodes.get(node?.id ?? node);
  const line = edge && model.edges.get(keyOf(edge));
  const checks = {
    add: () => found?.type === node.type,
    remove: () => !found,
    move: () => Object.entries(positions).every(([id, position]) => same(model.nodes.get(id)?.position, position)),
    connect: () => line && same(line.loop, edge.loop),
    disconnect: () => !line,
    configure: () => found && Object.entries(set).every(([field, value]) => same(found[field], value)),
    loop: () => line && same(line.loop?.max, max),
    rename: () => !found && model.nodes.has(to),
    settings: () => Object.entries(set).every(([field, value]) => same(model.rest[field], value)),
  };
  return Boolean(checks[op]?.());
}

/** Nodes and edges as a text that does not depend on the order of keys. */
function plain({ nodes, edges }) {
  const sorted = (key, value) =>
    value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value;
  const whole = edges.map((edge) => ({ port: "out", ...edge }));
  const byId = [...nodes].sort((one, other) => (one.id < other.id ? -1 : 1));
  return JSON.stringify([byId, whole.map((edge) => JSON.stringify(edge, sorted)).sort()], sorted);
}
