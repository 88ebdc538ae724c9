/* <repeat-rows>: adds and removes rows of a form's list. Without script a blank row and "Remove" boxes do it. */
class RepeatRows extends HTMLElement {
  connectedCallback() {
    this.pattern = this.querySelector(":scope > template");
    this.adder = this.querySelector(":scope > [data-add]");
    if (!this.pattern || !this.adder || this.ready) return;
    this.ready = true;
    this.next = this.rows.length;
    this.querySelector(":scope > [data-blank]")?.remove();
    this.rows.forEach((row) => this.enliven(row));
    this.adder.hidden = false;
    this.adder.addEventListener("click", () => this.add());
  }

  get rows() {
    return [...this.querySelectorAll(":scope > .rows__row:not([data-blank])")];
  }

  add() {
    const part = this.pattern.content.cloneNode(true);
    const [row] = part.children;
    this.rename(part, this.next);
    this.next += 1;
    this.pattern.before(part);
    this.enliven(row);
    row.querySelector("input:not([type=hidden]), textarea, select")?.focus();
    this.changed();
  }

  enliven(row) {
    row.querySelector(":scope > .rows__remove")?.remove();
    const button = row.querySelector(":scope > [data-remove]");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => this.drop(row));
  }

  drop(row) {
    const near = row.nextElementSibling?.querySelector("[data-remove]") ?? this.adder;
    row.remove();
    (near.isConnected ? near : this.adder).focus();
    this.changed();
  }

  /* Names and ids of the pattern stand under "-"; nested patterns come along, also inside <template>. */
  rename(part, number) {
    const from = [`${this.dataset.name}/-`, `${this.dataset.id}/-`];
    const to = [`${this.dataset.name}/${number}`, `${this.dataset.id}/${number}`];
    for (const node of part.querySelectorAll("*")) {
      for (const attribute of node.attributes) this.renameOne(attribute, from, to);
      if (node instanceof HTMLTemplateElement) this.rename(node.content, number);
    }
  }

  renameOne(attribute, from, to) {
    if (!["name", "id", "for", "aria-describedby", "data-name", "data-id"].includes(attribute.name)) return;
    const words = attribute.name === "aria-describedby" ? attribute.value.split(" ") : [attribute.value];
    attribute.value = words.map((word) => {
      const found = from.findIndex((start) => word === start || word.startsWith(`${start}/`) || word.startsWith(`${start}~`));
      return found < 0 ? word : to[found] + word.slice(from[found].length);
    }).join(" ");
  }

  changed() {
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

customElements.define("repeat-rows", RepeatRows);
