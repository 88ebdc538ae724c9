// The head of the page: numbers that move with the events, and the server's own words when the status changes.
import { showWaiting } from "../waiting-count.js";
import { duration } from "./format.js";
import { statusWord, word } from "./words.js";

const TICK_MS = 1000;
const SOON_MS = 150;
const QUEUED_TICKS = 5;

export class Header {
  constructor(page) {
    this.page = page;
    this.status = page.trace.status;
    this.timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Called in a frame. */
  show() {
    const { trace } = this.page;
    const head = document.getElementById("run-head");
    head.querySelector("cost-meter").dataset.spent = trace.cost;
    head.querySelector("[data-tokens]").textContent = trace.tokens.toLocaleString("en-US");
    head.querySelector("[data-steps]").textContent = this.#steps(trace);
    if (trace.status !== this.status) this.#changed(trace.status);
  }

  /** As runs.views.run.heading.progress says it. */
  #steps({ progress, finished, nodes }) {
    const { ran, skipped } = progress;
    const left = Math.max(Object.keys(nodes).length - skipped, ran);
    return [finished ? `${ran} ${word("ran")}` : `${ran} ${word("of")} ${left}`, skipped ? `${skipped} ${word("wereSkipped")}` : ""].filter(Boolean).join(" · ");
  }

  #changed(status) {
    this.status = status;
    document.querySelector("run-trace [data-announcer]").textContent = word("said") + statusWord(status);
    this.page.firstLook.changed(status);
    this.page.toggleAttribute("data-finished", this.page.trace.finished);
    const cancel = document.querySelector("[data-act=cancel]");
    if (cancel) cancel.hidden = this.page.trace.finished;
    this.anew();
  }

  /** The server draws it: what it waits for, why it failed, what that cost below. */
  anew() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.#fetch(), SOON_MS);
  }

  async #fetch() {
    const html = await this.page.detail.read(`${this.page.url}head/`);
    if (!html) return;
    const head = document.getElementById("run-head");
    // Not from under somebody's hands: when they leave.
    if (head.contains(document.activeElement)) return head.addEventListener("focusout", () => this.anew(), { once: true });
    head.replaceWith(html);
    showWaiting();
    this.#tick();
    this.page.frames.ask();
  }

  #tick() {
    const { start, end, finished, status } = this.page.trace;
    this.ticks = (this.ticks ?? 0) + 1;
    if (status === "queued" && this.ticks % QUEUED_TICKS === 0) this.anew(); // its place in line moves without an event
    if (start != null) document.querySelector("#run-head [data-elapsed]").textContent = duration((end ?? this.page.clock()) - start);
    if (finished) clearInterval(this.timer);
    else this.page.frames.ask();
  }
}
