// The detail of what is selected: the server's fragment, fetched anew when its step changes, never under one's hands.
import { showWrong } from "../first-wrong.js";
import { duration } from "./format.js";
import { icon, word } from "./words.js";

const SOON_MS = 300;

export class Detail {
  constructor(page, element) {
    Object.assign(this, { page, element });
    this.wanted = new URLSearchParams(location.search).get("tab") ?? ""; // else the server chooses
    element.addEventListener("click", (event) => this.#clicked(event));
    element.addEventListener("keydown", (event) => this.#arrows(event));
    element.addEventListener("input", ({ target }) => target.closest("form")?.toggleAttribute("data-touched", true));
    element.addEventListener("htmx:after:swap", () => this.#swapped());
  }

  #swapped() {
    this.page.streaming.show();
    showWrong(this.element);
  }

  get tab() {
    return this.element.querySelector("[data-tab][role=tabpanel]")?.dataset.tab ?? "";
  }

  get tabs() {
    return [...this.element.querySelectorAll("[role=tab]")];
  }

  /** Shows a path below the run's address, at its top. */
  open(path, tab = "") {
    this.path = path;
    this.wanted = tab;
    this.element.removeAttribute("data-stale");
    return this.#load(false);
  }

  /** What is shown changed: soon, and once for many changes. */
  changed() {
    if (this.timer) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.element.querySelector("form[data-touched]")) this.#offer();
      else this.#load(true);
    }, SOON_MS);
  }

  async #load(keeps) {
    const { path } = this;
    const html = await this.read(`${this.page.url}${path}${this.wanted ? `?tab=${encodeURIComponent(this.wanted)}` : ""}`);
    if (!html || path !== this.path) return;
    if (keeps && this.element.querySelector("form[data-touched]")) return this.#offer();
    const kept = keeps ? this.#memory() : null;
    this.element.replaceChildren(html);
    window.htmx?.process(this.element);
    if (kept) this.#recall(kept);
    this.page.streaming.show();
  }

  /** Called in a frame: how much of its SLA the agent has used. */
  show() {
    const clock = this.element.querySelector("[data-sla]");
    if (!clock) return;
    const passed = this.page.clock() - Number(clock.dataset.since);
    const limit = Number(clock.dataset.sla) * 1000;
    clock.textContent = `${duration(passed)} ${word("of")} ${duration(limit)}`;
    clock.classList.toggle("bad", passed > limit);
  }

  /** A fragment that the server drew; null where there is no connection, or nothing any more. */
  async read(address) {
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" } });
      if (answer.status === 401) location.reload();
      if (!answer.ok) return null;
      return document.createRange().createContextualFragment(await answer.text());
    } catch (error) {
      if (error instanceof TypeError) return null;
      throw error;
    }
  }

  #memory() {
    const open = new Map(this.#folds().map(([key, fold]) => [key, fold.open]));
    const body = this.element.querySelector(".drawer__body");
    return { open, top: body?.scrollTop ?? 0, focus: document.activeElement?.id };
  }

  #recall({ open, top, focus }) {
    for (const [key, fold] of this.#folds()) if (open.has(key)) fold.open = open.get(key);
    const body = this.element.querySelector(".drawer__body");
    if (body) body.scrollTop = top;
    if (focus && document.activeElement === document.body) document.getElementById(focus)?.focus({ preventScroll: true });
  }

  #folds() {
    return [...this.element.querySelectorAll("details")].map((fold) => {
      const keys = [];
      for (let at = fold; at && at !== this.element; at = at.parentElement) if (at.dataset.key) keys.push(at.dataset.key);
      return [keys.join("/"), fold];
    });
  }

  /** Somebody writes here: the change waits for them. */
  #offer() {
    if (this.element.querySelector("[data-offer]")) return;
    const note = document.createElement("div");
    note.className = "note";
    note.dataset.status = "waiting";
    note.dataset.offer = "";
    note.append(icon("circle-alert"), Object.assign(document.createElement("div"), { className: "grow", textContent: word("changed") }));
    const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn--sm", textContent: word("show") });
    button.addEventListener("click", () => this.#load(false));
    note.append(button);
    this.element.querySelector(".drawer__body").prepend(note);
  }

  #clicked(event) {
    const tab = event.target.closest("[role=tab]");
    if (!tab || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    this.choose(tab);
  }

  choose(tab) {
    if (!tab) return;
    this.page.selection.remember(tab.dataset.tab);
    this.open(this.path, tab.dataset.tab).then(() => document.getElementById(tab.id)?.focus());
  }

  #arrows(event) {
    const at = this.tabs.indexOf(event.target.closest("[role=tab]"));
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    event.stopPropagation();
    this.choose(this.tabs.at((at + step) % this.tabs.length));
  }
}
