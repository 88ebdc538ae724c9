// Saving: gestures are posted one after the other. What can't be posted is kept and posted later; nothing is overwritten.
import { refreshInspector, takeCards, takePanels, takeSummary } from "./answers.js";
import { joined } from "./history.js";
import { loaded } from "./parts.js";
import { Store } from "./store.js";
import { say } from "./words.js";

const BURST_MS = 400;
const [SOONEST_MS, LATEST_MS] = [2000, 30_000];

export class Saving {
  queue = []; // gestures that the server has not confirmed, oldest first
  sending = false;
  held = false; // a person has to decide first
  pause = SOONEST_MS;

  constructor(canvas, signal) {
    this.canvas = canvas;
    this.revision = Number(canvas.dataset.revision);
    this.store = new Store(canvas.dataset.storageKey ?? location.pathname);
    this.signal = signal;
  }

  /** Takes up what an earlier page of this tab, or one that is closed, could not save. */
  async start() {
    const { signal } = this;
    addEventListener("beforeunload", (event) => this.queue.length && event.preventDefault(), { signal });
    addEventListener("online", () => this.pump(), { signal });
    document.addEventListener("visibilitychange", () => document.hidden && this.pump(), { signal });
    this.held = !this.store.isEmpty; // what waits comes first
    const part = !this.held || (await loaded(this.canvas, import("./conflict.js")));
    const kept = await this.store.claim(Boolean(part));
    this.held = false;
    if (kept) return this.inConflict((conflict) => conflict.replay(kept));
    this.#keep();
    await this.pump();
  }

  add(gesture) {
    const last = this.queue.at(-1);
    if (gesture.merge && last?.merge === gesture.merge && !last.sent) Object.assign(last, joined(last, gesture));
    else this.queue.push(gesture);
    this.#keep();
    this.show(this.pausedFor || say("saving"), this.pausedFor ? "offline" : "saving");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pump(), gesture.merge ? BURST_MS : 0);
  }

  /** The revision moved on by a change that is part of this page. */
  moveTo(revision) {
    this.revision = Math.max(this.revision, revision);
    this.canvas.dataset.revision = this.revision;
  }

  isFresh(id) {
    return this.queue.some(({ operations }) => operations.some(({ op, node }) => op === "add" && node.id === id));
  }

  async pump() {
    if (this.sending || this.held || !this.queue.length) return;
    clearTimeout(this.timer);
    const gesture = this.queue[0];
    gesture.sent = true;
    this.sending = true;
    const answer = await this.#post(gesture);
    this.sending = false;
    await (ANSWERS[answer.status] ?? ANSWERS.refused)(this, gesture, answer.body);
  }

  async #post({ operations, label }) {
    const headers = { "Content-Type": "application/json", Accept: "application/json", ...csrf() };
    const body = JSON.stringify({ revision: this.revision, operations, label });
    try {
      const answer = await fetch(this.canvas.dataset.operationsUrl, { method: "POST", headers, body, redirect: "manual" });
      if (answer.type === "opaqueredirect") return { status: "signedOut" };
      if (answer.status >= 500 || answer.status === 429) return { status: "offline" };
      const json = answer.headers.get("Content-Type")?.includes("json");
      return { status: answer.status, body: json ? await answer.json() : {} };
    } catch (error) {
      if (error instanceof TypeError) return { status: "offline" }; // fetch: no connection
      throw error;
    }
  }

  confirmed(gesture, answer) {
    const fresh = gesture.operations.filter(({ op }) => op === "add").map(({ node }) => node.id);
    this.queue.shift();
    this.pause = SOONEST_MS;
    this.pausedFor = "";
    this.#keep();
    takePanels(answer);
    this.take(answer, gesture.operations);
    const { selection } = this.canvas;
    if (selection.nodes.size === 1 && fresh.includes([...selection.nodes][0])) selection.tell();
    else refreshInspector(gesture.operations);
    if (this.queue.length) this.pump();
  }

  /** What the server says of an edit that it kept: revision, cards, what is wrong. */
  take(answer, operations) {
    this.moveTo(answer.revision);
    takeCards(this.canvas, answer.cards, operations);
    takeSummary(this.canvas, answer.summary);
    this.canvas.dispatchEvent(new CustomEvent("canvas:saved", { bubbles: true, detail: { revision: this.revision } }));
    if (this.queue.length) return;
    this.showSaved(answer.saved_at);
    if (this.replayed) this.canvas.announce(say("replayed", { count: this.replayed }));
    this.replayed = 0;
  }

  /** The draft moved on and this page has not seen how: asks, with nothing to do, for what it is now. */
  async fallBehind() {
    const { status, body } = await this.#post({ operations: [], label: "" });
    if (status === 409) this.inConflict((conflict) => conflict.open(body));
  }

  /** Has what settles conflicts do something; where it can't be loaded, saving is tried again later. */
  async inConflict(use) {
    const part = await loaded(this.canvas, import("./conflict.js"));
    if (!part) return this.later(say("offline"));
    this.conflict ??= new part.Conflict(this.canvas, this);
    return use(this.conflict);
  }

  later(sentence) {
    this.pausedFor = sentence;
    this.show(sentence, "offline");
    this.timer = setTimeout(() => this.pump(), this.pause);
    this.pause = Math.min(this.pause * 2, LATEST_MS);
  }

  refused(detail) {
    const lost = this.queue.splice(0);
    this.canvas.editing.revert(lost);
    this.#keep();
    this.show(say("not-saved", { detail }), "refused");
    this.canvas.refuse(say("not-saved", { detail }));
  }

  /** Drops the first gestures of the queue: the server has them, or nobody wants them. */
  drop(count) {
    this.queue.splice(0, count);
    this.#keep();
  }

  show(text, state) {
    const element = document.getElementById("save-state");
    if (!element) return;
    if (element.textContent !== text) element.textContent = text;
    element.dataset.state = state;
  }

  showSaved(at) {
    const time = (at ? new Date(at) : new Date()).toTimeString().slice(0, 5);
    this.show(say("saved", { time }), "saved");
  }

  #keep() {
    this.store.keep(this.revision, this.queue);
  }
}

const ANSWERS = {
  200: (saving, gesture, body) => saving.confirmed(gesture, body),
  409: (saving, gesture, body) => saving.inConflict((conflict) => conflict.meet(body)),
  403: (saving) => saving.later(say("forbidden")),
  401: (saving) => saving.later(say("signed-out")),
  signedOut: (saving) => saving.later(say("signed-out")),
  offline: (saving) => saving.later(say("offline")),
  refused: (saving, gesture, body) => saving.refused(body?.detail ?? say("refused-by-server")),
};

/** The token that the page gives every htmx request. */
function csrf() {
  const inherited = document.body.getAttribute("hx-headers:inherited");
  return inherited ? JSON.parse(inherited) : {};
}
