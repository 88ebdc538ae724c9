// The list of node types beside the canvas: [data-add-type]. Click or Enter adds in view, dragging adds under the pointer,
// into a line that is there.
const KIND = "application/x-baton-node";

export class Palette {
  constructor(canvas, signal) {
    this.canvas = canvas;
    document.addEventListener("click", ({ target }) => {
      const item = target.closest?.("[data-add-type]");
      if (item && canvas.editable) canvas.adding.add(item.dataset.addType);
    }, { signal });
    document.addEventListener("dragstart", (event) => this.#lift(event), { signal });
    canvas.addEventListener("dragover", (event) => this.#over(event));
    canvas.addEventListener("drop", (event) => this.#drop(event));
    for (const item of document.querySelectorAll("[data-add-type]")) item.draggable = canvas.editable;
  }

  #lift(event) {
    const item = event.target.closest?.("[data-add-type]");
    if (!item) return;
    event.dataTransfer.setData(KIND, item.dataset.addType);
    event.dataTransfer.effectAllowed = "copy";
  }

  #over(event) {
    if (!this.canvas.editable || !event.dataTransfer.types.includes(KIND)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  }

  #drop(event) {
    const type = event.dataTransfer.getData(KIND);
    if (!type) return;
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    const under = this.canvas.view.world({ x: event.clientX - box.left, y: event.clientY - box.top });
    this.canvas.adding.add(type, { under, between: event.target.closest?.("[data-edge]")?.dataset.edge });
  }
}
