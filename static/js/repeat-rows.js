/* <repeat-rows>: adds, removes and moves the rows of a form's list. Without script a blank row and "Remove" boxes do
   the first two. A row's place is the number in its names: the server reads rows in the order of their numbers. */
const RENAMED = ["name", "id", "for", "aria-describedby", "data-name", "data-id"];

class RepeatRows extends HTMLElement {
  connectedCallback() {
    this.pattern = this.querySelector(":scope > template");
    this.adder = this.querySelector(":scope > [data-add]");
    if (!this.pattern || !this.adder || this.ready) return;
    this.ready = true;
    this.querySelector(":scope > [data-blank]")?.remove();
    this.rows.forEach((row, place) => this.enliven(row, place));
    this.next = this.rows.length;
    this.adder.hidden = false;
    this.adder.addEventListener("click", () => this.add());
    this.number();
  }

  get rows() {
    return [...this.querySelectorAll(":scope > .rows__row:not([data-blank])")];
  }

  add() {
    const part = this.pattern.content.cloneNode(true);
    const [row] = part.children;
    this.rename(part, "-", this.next);
    this.enliven(row, this.next);
    this.next += 1;
    this.pattern.before(part);
    row.querySelector("input:not([type=hidden]), textarea, select")?.focus();
    this.changed();
  }

  enliven(row, place) {
    row.place = place;
    row.querySelector(":scope > .rows__remove")?.remove();
    row.querySelector(":scope > [data-remove]")?.addEventListener("click", () => this.drop(row));
    row.querySelector(":scope > [data-up]")?.addEventListener("click", () => this.raise(row));
    for (const button of row.querySelectorAll(":scope > [data-remove]")) button.hidden = false;
  }

  drop(row) {
    const near = row.nextElementSibling?.querySelector("[data-remove]");
    row.remove();
    (near ?? this.adder).focus();
    this.changed();
  }

  /* Two rows change places and numbers. */
  raise(row) {
    const above = this.rows[this.rows.indexOf(row) - 1];
    if (!above) return;
    const [low, high] = [above.place, row.place];
    this.rename(above, low, "moving");
    this.rename(row, high, low);
    this.rename(above, "moving", high);
    [row.place, above.place] = [low, high];
    above.before(row);
    this.changed();
    const button = row.querySelector(":scope > [data-up]");
    (button.hidden ? row.querySelector(":scope > [data-remove]") : button).focus();
  }

  rename(part, old, number) {
    const pairs = ["name", "id"].map((key) => [`${this.dataset[key]}/${old}`, `${this.dataset[key]}/${number}`]);
    for (const node of part.querySelectorAll("*")) {
      for (const attribute of node.attributes) {
        if (!RENAMED.includes(attribute.name)) continue;
        const words = attribute.name === "aria-describedby" ? attribute.value.split(" ") : [attribute.value];
        attribute.value = words.map((word) => renamed(word, pairs)).join(" ");
      }
      if (node instanceof HTMLTemplateElement) this.rename(node.content, old, number);
    }
  }

  /* The first row has nowhere up to go. */
  number() {
    this.rows.forEach((row, place) => {
      const button = row.querySelector(":scope > [data-up]");
      if (button) button.hidden = place === 0;
    });
  }

  changed() {
    this.number();
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function renamed(word, pairs) {
  for (const [from, to] of pairs) {
    if (word === from || word.startsWith(`${from}/`) || word.startsWith(`${from}~`)) return to + word.slice(from.length);
  }
  return word;
}

customElements.define("repeat-rows", RepeatRows);
