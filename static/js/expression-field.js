// <expression-field data-kind data-complete-url>: a textarea that says where its expression is wrong and completes names.
const PAUSE_MS = 250;
let count = 0;

class ExpressionField extends HTMLElement {
  connectedCallback() {
    if (this.list || !this.area) return;
    this.list = made("ul", "expression__list", { id: `expression-${++count}`, role: "listbox", popover: "manual", "aria-label": "Names" });
    this.addEventListener("input", () => this.#later());
    this.addEventListener("keydown", (event) => this.#key(event));
    this.addEventListener("focusout", () => this.#close());
    this.list.addEventListener("pointerdown", (event) => this.#pressed(event));
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.list?.remove();
  }

  // What the server renders anew takes the place of what was here: nothing of its content is kept.
  get area() {
    return this.querySelector("textarea");
  }

  #later() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), PAUSE_MS);
  }

  async #ask() {
    this.asking?.abort();
    this.asking = new AbortController();
    const { value, selectionStart: at } = this.area;
    const body = new URLSearchParams({ source: value, kind: this.dataset.kind, at });
    try {
      const headers = JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}");
      const answer = await fetch(this.dataset.completeUrl, { method: "POST", body, headers, signal: this.asking.signal });
      if (answer.ok && this.isConnected && this.area.value === value) this.#show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error; // offline: checked when it is kept
    }
  }

  #show({ flaws, complete }) {
    this.#tell(flaws[0]);
    this.offers = document.activeElement === this.area ? complete : [];
    this.list.replaceChildren(...this.offers.map((offer, index) => option(offer, `${this.list.id}-${index}`)));
    if (this.offers.length) this.#open();
    else this.#close();
  }

  #tell(flaw) {
    this.querySelector(".expression__note")?.remove();
    this.area.toggleAttribute("data-flawed", Boolean(flaw));
    if (flaw) this.append(made("p", "expression__note error", { role: "status" }, sentence(flaw, this.area.value, this.dataset)));
  }

  #open() {
    if (!this.list.isConnected) document.body.append(this.list);
    const wiring = { role: "combobox", "aria-autocomplete": "list", "aria-controls": this.list.id, "aria-expanded": "true" };
    for (const [name, value] of Object.entries(wiring)) this.area.setAttribute(name, value);
    if (!this.list.matches(":popover-open")) this.list.showPopover();
    const box = this.area.getBoundingClientRect();
    const below = innerHeight - box.bottom > this.list.offsetHeight;
    const place = { left: box.left, top: below ? box.bottom + 2 : box.top - this.list.offsetHeight - 2, width: box.width };
    for (const [name, value] of Object.entries(place)) this.list.style.setProperty(name, `${Math.round(value)}px`);
    this.#point(-1);
  }

  #point(index) {
    this.pointed = index;
    [...this.list.children].forEach((one, place) => one.setAttribute("aria-selected", String(place === index)));
    const chosen = this.list.children[index];
    if (chosen) this.area?.setAttribute("aria-activedescendant", chosen.id);
    else this.area?.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  #key(event) {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      this.#ask();
      return;
    }
    if (!this.list.matches(":popover-open") || event.isComposing) return;
    const size = this.offers.length;
    const acts = {
      ArrowDown: () => this.#point((this.pointed + 1) % size),
      ArrowUp: () => this.#point((Math.max(this.pointed, 0) - 1 + size) % size),
      Enter: () => this.pointed >= 0 && this.#take(this.pointed),
      Tab: () => this.pointed >= 0 && this.#take(this.pointed),
      Escape: () => this.#close(),
    };
    if (!acts[event.key] || acts[event.key]() === false) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #pressed(event) {
    const chosen = event.target.closest("[role=option]");
    if (!chosen) return;
    event.preventDefault(); // the focus stays in the text
    this.#take([...this.list.children].indexOf(chosen));
  }

  #take(index) {
    const { insert, from, to } = this.offers[index];
    this.#close();
    this.area.setRangeText(insert, from, to, "end");
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #close() {
    if (this.list.matches(":popover-open")) this.list.hidePopover();
    this.area?.setAttribute("aria-expanded", "false");
    this.#point(-1);
  }
}

function sentence({ reason, position }, source, words) {
  if (position === null) return reason;
  const before = source.slice(0, position).split("\n");
  const place = before.length > 1 ? `${words.line} ${before.length}, ${words.character.toLowerCase()} ${before.at(-1).length + 1}` : `${words.character} ${position + 1}`;
  return `${place}: ${reason}`;
}

function option({ label, detail, help }, id) {
  const item = made("li", "", { role: "option", id, "aria-selected": "false" });
  item.append(made("b", "mono", {}, label), made("small", "", {}, [detail, help].filter(Boolean).join(" · ")));
  return item;
}

function made(name, classes, attributes, text = "") {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

customElements.define("expression-field", ExpressionField);
