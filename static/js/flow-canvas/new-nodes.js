// Asking for new nodes: by the palette, or by the quick-add. What adds them is loaded at the first.

export class NewNodes {
  constructor(canvas) {
    this.canvas = canvas;
    this.dialog = document.getElementById(`${canvas.id}-quick-add`);
    this.dialog?.addEventListener("keydown", (event) => this.#key(event));
    this.dialog?.addEventListener("click", ({ target }) => this.#ask(({ quick }) => quick.click(target)));
  }

  /** Adds a node; `place` is what Adding.add takes. */
  add(type, place) {
    this.#ask((adding) => adding.add(type, place));
  }

  /** Opens the quick-add at once, so that it gets what is typed from now on; it is filled as soon as it can be. */
  open(place = {}) {
    const { dialog } = this;
    if (!dialog || !this.canvas.editable) return;
    const field = dialog.querySelector("input");
    field.value = "";
    dialog.showModal();
    field.focus();
    this.#ask(({ quick }) => quick.open(place));
  }

  betweenEnds(key) {
    if (this.canvas.model.edges.has(key)) this.open({ between: key });
  }

  #key(event) {
    const { key } = event;
    if (!["Enter", "ArrowDown", "ArrowUp"].includes(key)) return;
    event.preventDefault();
    this.#ask(({ quick }) => quick.key(key));
  }

  #ask(use) {
    this.canvas.keyboard.after(import("./adding.js"), ({ Adding }) => use((this.adding ??= new Adding(this.canvas, this.dialog))));
  }
}
