// The log of events, newest first: filtered by type, held still while paused, older lines on demand.
import { colour, said } from "./narration.js";
import { icon, word } from "./words.js";
import { keyOf } from "./trace.js";

const MOST = 400; // lines on the page; older ones are a click away
const NEAR = 40; // lines while events run through: each new one has all of them painted anew
const CALM_MS = 400;
const two = (number, digits = 2) => String(number).padStart(digits, "0");

export class EventLog {
  waiting = [];
  paused = false;
  filter = "";

  constructor(page, section, events) {
    Object.assign(this, { page, section });
    this.list = section.querySelector("ol");
    this.scroller = this.list.parentElement;
    this.older = section.querySelector("[data-log-older]");
    for (const control of section.querySelectorAll("[data-needs-script]")) control.hidden = false;
    this.events = events.slice(); // newest first
    this.total = events[0]?.seq ?? 0;
    this.#listen();
    this.#redraw();
  }

  add(events) {
    this.total = events.at(-1)?.seq ?? this.total;
    this.waiting.push(...events);
    if (this.waiting.length > MOST) this.waiting.splice(0, this.waiting.length - MOST);
  }

  /** Called in a frame. */
  show() {
    this.section.querySelector("[data-log-count]").textContent = `${this.total} ${word("events")}`;
    if (this.paused || !this.waiting.length) return;
    const fresh = this.waiting.reverse();
    this.waiting = [];
    // Lines that were not shown because too many came at once are read again on demand.
    const gap = this.events.length && fresh.at(-1).seq !== this.events[0].seq + 1;
    this.events = gap ? fresh : [...fresh, ...this.events].slice(0, MOST);
    if (gap) this.list.replaceChildren();
    this.list.prepend(...this.#lines(fresh));
    this.#trim();
    this.#ends();
  }

  /** Where nobody reads further down, the lines there come back when it is calm, or is scrolled to. */
  #trim() {
    const most = this.scroller.scrollTop > 0 ? MOST : NEAR;
    while (this.list.childElementCount > most) this.list.lastElementChild.remove();
    clearTimeout(this.calm);
    this.calm = setTimeout(() => this.#fill(), CALM_MS);
  }

  #fill() {
    this.list.append(...this.#lines(this.events, this.list.childElementCount));
  }

  /** Of the events that fit the filter, without the first `there`. */
  #lines(events, there = 0) {
    return events.filter(({ type }) => type.startsWith(this.filter)).slice(there).map((event) => this.#line(event));
  }

  #line(event) {
    const line = document.createElement("li");
    line.dataset.status = colour(event);
    if (event.node) line.dataset.step = keyOf(event);
    line.classList.toggle("is-selected", this.page.selection?.holds(line.dataset.step));
    const at = new Date(event.at);
    const time = line.appendChild(document.createElement("time"));
    time.dateTime = at.toISOString();
    time.textContent = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`;
    line.appendChild(document.createElement("b")).textContent = event.type;
    const text = line.appendChild(document.createElement("span"));
    const { nodes, rows } = this.page.trace;
    text.textContent = said(event, this.page.simulated, nodes, rows.get(keyOf(event))?.who);
    text.title = event.node ? `${text.textContent} (${event.node})` : text.textContent;
    return line;
  }

  #listen() {
    this.list.addEventListener("click", ({ target }) => {
      const line = target.closest("li[data-step]");
      if (line) this.page.selection.step(line.dataset.step);
    });
    this.section.querySelector("[data-log-filter]").addEventListener("change", ({ target }) => {
      this.filter = target.value;
      this.#redraw();
    });
    this.section.querySelector("[data-log-pause]").addEventListener("click", ({ currentTarget }) => this.#pause(currentTarget));
    this.older.addEventListener("click", () => this.#further());
    this.scroller.addEventListener("scroll", () => this.scroller.scrollTop > 0 && this.#fill(), { passive: true });
  }

  #pause(button) {
    this.paused = !this.paused;
    button.setAttribute("aria-pressed", this.paused);
    button.replaceChildren(icon(this.paused ? "play" : "pause"));
    this.page.frames.ask();
  }

  async #further() {
    this.events.push(...(await this.page.pages.older(this.events.at(-1)?.seq ?? 1)));
    this.#fill();
    this.#ends();
  }

  #redraw() {
    this.list.replaceChildren(...this.#lines(this.events));
    this.#ends();
  }

  #ends() {
    this.older.parentElement.hidden = (this.events.at(-1)?.seq ?? 1) <= 1;
  }

  mark(key) {
    for (const line of this.list.children) line.classList.toggle("is-selected", Boolean(key) && line.dataset.step === key);
  }
}
