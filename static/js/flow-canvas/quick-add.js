// The searchable list of node types: by A or /, by a connection dropped on nothing, by the + of an edge.
export class QuickAdd {
  constructor(dialog, adding) {
    this.dialog = dialog;
    this.adding = adding;
    this.field = dialog.querySelector("input");
    this.options = [...dialog.querySelectorAll("[role=option]")];
    this.field.addEventListener("input", () => this.#filter());
  }

  click(target) {
    const option = target.closest("[role=option]");
    if (option) this.#take(option);
    else if (target === this.dialog) this.dialog.close();
  }

  key(key) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const { shown } = this;
    if (step) this.#point(shown[(shown.indexOf(this.pointed) + step + shown.length) % shown.length]);
    else if (this.pointed) this.#take(this.pointed);
  }

  /** Offers what may stand in a place; `place` is what Adding.add takes: {under, from, between}. */
  open(place) {
    this.place = place;
    this.possible = new Set(this.adding.possible(place));
    this.#filter();
  }

  get shown() {
    return this.options.filter((option) => !option.hidden);
  }

  #filter() {
    const wanted = this.field.value.trim().toLowerCase();
    for (const option of this.options) {
      const fits = this.possible.has(option.dataset.add) && option.textContent.toLowerCase().includes(wanted);
      option.hidden = !fits;
    }
    const { shown } = this;
    this.#point(shown.find((option) => option.textContent.trim().toLowerCase().startsWith(wanted)) ?? shown[0]);
  }

  #point(option) {
    for (const one of this.options) one.setAttribute("aria-selected", String(one === option));
    this.pointed = option;
    if (option) this.field.setAttribute("aria-activedescendant", option.id);
    else this.field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  #take(option) {
    this.dialog.close();
    this.adding.add(option.dataset.add, this.place);
  }
}
