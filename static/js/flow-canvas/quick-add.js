// The searchable list of node types: by A or /, by a connection dropped on nothing, by the + of an edge.
export class QuickAdd {
  constructor(canvas, adding) {
    this.canvas = canvas;
    this.adding = adding;
    this.dialog = document.getElementById(`${canvas.id}-quick-add`);
    if (!this.dialog) return;
    this.field = this.dialog.querySelector("input");
    this.options = [...this.dialog.querySelectorAll("[role=option]")];
    this.field.addEventListener("input", () => this.#filter());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.dialog.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.#take(option);
      else if (target === this.dialog) this.dialog.close();
    });
  }

  /** `place` is what Adding.add takes: {under, from, between}. */
  open(place = {}) {
    if (!this.dialog || !this.canvas.editable) return;
    this.place = place;
    this.possible = new Set(this.adding.possible(place));
    this.field.value = "";
    this.#filter();
    this.dialog.showModal();
    this.field.focus();
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

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const { shown } = this;
      this.#point(shown[(shown.indexOf(this.pointed) + step + shown.length) % shown.length]);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (this.pointed) this.#take(this.pointed);
    }
  }

  #take(option) {
    this.dialog.close();
    this.adding.add(option.dataset.add, this.place);
  }
}
