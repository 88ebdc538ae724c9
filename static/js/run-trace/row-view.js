// One <tr> of the table, used again for whatever row stands there: it writes only what is another than before.
import { labelOf } from "./row-text.js";
import { drawn, icon, pictureOf, setIcon } from "./words.js";

const WIDTH_LEAST = 0.4; // percent: what took no time is seen, too

export class RowView {
  constructor(slot) {
    this.element = document.createElement("tr");
    this.element.id = `run-row-${slot}`;
    const th = this.element.appendChild(document.createElement("th"));
    th.scope = "row";
    const line = th.appendChild(document.createElement("span"));
    this.fold = icon("chevron-right", "i--sm wf__fold");
    this.icon = icon("circle");
    this.name = document.createElement("b");
    this.note = document.createElement("small");
    line.append(this.fold, this.icon, this.name, this.note);
    [this.time, this.cost, this.bar] = ["num", "num", "bar"].map((name) => {
      const cell = this.element.appendChild(document.createElement("td"));
      cell.className = name;
      return cell;
    });
    this.#furnishBar();
    this.was = {};
  }

  #furnishBar() {
    this.svg = this.bar.appendChild(drawn("svg", { role: "img" }));
    this.lines = this.svg.appendChild(drawn("g"));
    this.ghost = this.svg.appendChild(drawn("rect", { class: "ghost", y: 4, height: 10 }));
    this.solid = this.svg.appendChild(drawn("rect", { y: 4, height: 10 }));
  }

  show(entry, shown, axis, { selected, index, marks }) {
    this.entry = entry;
    const row = this.element;
    this.#once("level", entry.level, () => row.setAttribute("aria-level", entry.level));
    this.#once("index", index, () => row.setAttribute("aria-rowindex", index));
    this.#once("status", shown.status, () => (row.dataset.status = shown.status));
    this.#once("selected", selected, () => row.setAttribute("aria-selected", selected));
    this.#once("open", entry.open, () => this.#open(entry.open));
    this.#once("icon", shown.icon ?? pictureOf(shown.status), (name) => this.#draw(name, shown.status));
    this.#once("name", shown.name, () => (this.name.textContent = this.name.title = shown.name));
    this.#once("note", shown.note, () => (this.note.textContent = shown.note));
    this.#once("time", shown.time, () => (this.time.textContent = shown.time));
    this.#once("cost", shown.cost, () => (this.cost.textContent = shown.cost));
    this.#once("costTitle", shown.costTitle || "", (words) => (this.cost.title = words));
    this.#once("label", labelOf(shown), (label) => this.svg.setAttribute("aria-label", label));
    if (marks) this.#once("marks", marks.join(), () => this.#rule(axis, marks));
    this.#place(shown, axis);
  }

  #once(name, value, write) {
    if (this.was[name] === value) return;
    this.was[name] = value;
    write(value);
  }

  #open(open) {
    if (open === undefined) this.element.removeAttribute("aria-expanded");
    else this.element.setAttribute("aria-expanded", open);
  }

  #draw(name, status) {
    setIcon(this.icon, name);
    this.icon.classList.toggle("i--spin", name === "loader-circle" && status === "running");
  }

  #rule(axis, marks) {
    this.lines.replaceChildren(...marks.map((mark) => drawn("line", { x1: `${mark}%`, x2: `${mark}%`, y1: -6, y2: 24 })));
  }

  /** Solid: it worked; the outline: it waited, or is still open. */
  #place({ start, end, status, worked, waited }, axis) {
    const [from, to] = start == null ? [0, 0] : [axis.at(start), axis.at(end ?? axis.end)];
    const waits = waited || status === "waiting" || (end == null && status === "running");
    const solidFrom = worked ? axis.at(worked) : from;
    const width = start == null ? 0 : Math.max(to - from, WIDTH_LEAST);
    this.#once("waited", Boolean(waited || worked), (is) => (is ? (this.ghost.dataset.status = "waiting") : delete this.ghost.dataset.status));
    this.#rect(this.ghost, "ghost", from, waits || worked ? width : 0);
    this.#rect(this.solid, "solid", solidFrom, waits || start == null ? 0 : Math.max(to - solidFrom, WIDTH_LEAST));
  }

  #rect(rect, name, x, width) {
    const value = width ? `${Math.min(x, 100 - WIDTH_LEAST).toFixed(2)} ${width.toFixed(2)}` : "";
    this.#once(name, value, () => {
      rect.setAttribute("x", `${Math.min(x, 100 - WIDTH_LEAST).toFixed(2)}%`);
      rect.setAttribute("width", `${width.toFixed(2)}%`);
    });
  }
}
