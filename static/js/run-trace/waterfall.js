// The table of spans: a treegrid that holds only the rows in sight, however long the run is.
import { Axis } from "./axis.js";
import { Outline } from "./outline.js";
import { textOf } from "./row-text.js";
import { RowView } from "./row-view.js";

const BEYOND = 10; // rows above and below what is in sight

export class Waterfall {
  views = [];
  list = [];

  constructor(page, section) {
    this.page = page;
    this.section = section;
    this.scroller = section.querySelector("[data-scroller]");
    this.table = section.querySelector("table");
    this.body = this.table.tBodies[0];
    this.outline = new Outline(page.trace);
    this.axis = new Axis(section.querySelector(".ruler svg"), page.clock);
    this.#furnish();
    this.#listen();
  }

  #furnish() {
    this.table.setAttribute("role", "treegrid");
    this.table.tabIndex = 0;
    this.section.querySelectorAll("[data-needs-script]").forEach((control) => (control.hidden = false));
    this.above = spacer();
    this.below = spacer();
    this.section.querySelector(".pager")?.remove();
    const height = this.body.rows[0]?.getBoundingClientRect().height;
    this.height = height > 10 ? height : 28;
    this.body.replaceChildren(this.above, this.below);
  }

  #listen() {
    this.scroller.addEventListener("scroll", () => this.page.frames.ask(), { passive: true });
    new ResizeObserver(() => this.page.frames.ask()).observe(this.scroller);
    this.body.addEventListener("click", (event) => this.#clicked(event));
    this.section.querySelector("[data-errors-only]").addEventListener("change", ({ target }) => {
      this.outline.errorsOnly = target.checked;
      this.rebuild();
    });
    for (const button of this.section.querySelectorAll("button[data-view]")) button.addEventListener("click", () => this.#look(button));
  }

  #look(button) {
    for (const one of this.section.querySelectorAll("button[data-view]")) one.setAttribute("aria-pressed", one === button);
    this.outline.view = this.section.dataset.look = button.dataset.view;
    this.rebuild();
  }

  #clicked({ target }) {
    const view = this.views.find(({ element }) => element === target.closest("tr"));
    if (!view?.entry) return;
    if (target.closest(".wf__fold") && view.entry.open !== undefined) this.fold(view.entry, view.entry.open);
    else this.page.selection.entry(view.entry);
  }

  fold(entry, folded) {
    this.outline.fold(entry.id, folded);
    if (!folded && entry.row?.calls === null) this.page.pages.calls(entry.row);
    this.rebuild();
  }

  rebuild() {
    this.page.trace.grew = true;
    this.page.frames.ask();
  }

  /** Called in a frame. */
  show() {
    const { trace, clock } = this.page;
    if (trace.grew) this.#outlined();
    const moved = this.axis.fit(trace);
    if (moved || !trace.finished) this.axis.draw();
    const first = Math.max(0, Math.floor(this.scroller.scrollTop / this.height) - BEYOND);
    const count = Math.ceil(this.scroller.clientHeight / this.height) + 2 * BEYOND;
    const shown = this.list.slice(first, first + count);
    this.#fit(shown.length);
    this.above.firstChild.height = first * this.height;
    this.below.firstChild.height = Math.max(0, this.list.length - first - shown.length) * this.height;
    const now = trace.end ?? clock();
    const marks = this.outline.view === "tree" ? null : this.axis.marks.map((mark) => this.axis.at(this.axis.start + mark).toFixed(1));
    shown.forEach((entry, slot) => {
      const selected = this.page.selection.isSelected(entry);
      if (selected) this.table.setAttribute("aria-activedescendant", `run-row-${slot}`);
      this.views[slot].show(entry, textOf(entry, trace, now, this.page.simulated), this.axis, { selected, marks, index: first + slot + 2 });
    });
  }

  #outlined() {
    this.list = this.outline.entries();
    this.page.trace.grew = false;
    this.table.setAttribute("aria-rowcount", this.list.length + 1);
    this.section.querySelector("[data-count]").textContent = this.list.length;
  }

  #fit(count) {
    while (this.views.length < count) {
      const view = new RowView(this.views.length);
      this.views.push(view);
    }
    this.views.forEach(({ element }, slot) => {
      if (slot < count && !element.isConnected) this.below.before(element);
      else if (slot >= count && element.isConnected) element.remove();
    });
  }

  reveal(entry) {
    const index = this.list.indexOf(entry);
    if (index < 0) return;
    const head = this.table.tHead.offsetHeight;
    const [top, { scrollTop, clientHeight }] = [index * this.height, this.scroller];
    if (top < scrollTop) this.scroller.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight - head) this.scroller.scrollTop = top + this.height - clientHeight + head;
  }
}


function spacer() {
  const row = document.createElement("tr");
  row.setAttribute("aria-hidden", "true");
  row.className = "wf__space";
  row.append(document.createElement("td"));
  return row;
}
