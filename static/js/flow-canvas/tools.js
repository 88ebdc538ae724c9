// The buttons around the canvas: [data-canvas-action]. They work for whatever page puts them there.
export class Tools {
  constructor(canvas, signal) {
    this.canvas = canvas;
    document.addEventListener("click", ({ target }) => {
      const action = target.closest?.("[data-canvas-action]")?.dataset.canvasAction;
      if (action) this.#act(action);
    }, { signal });
    canvas.addEventListener("canvas:view", ({ detail }) => this.#showZoom(detail.zoom));
    canvas.addEventListener("canvas:history", ({ detail }) => this.#showHistory(detail));
  }

  #act(action) {
    const { view, editing } = this.canvas;
    const actions = {
      "zoom-in": () => view.scale(1.25),
      "zoom-out": () => view.scale(0.8),
      "zoom-reset": () => view.scale(1 / view.zoom),
      fit: () => this.canvas.fit(),
      tidy: () => this.canvas.tidy(),
      undo: () => editing?.undo(),
      redo: () => editing?.redo(),
    };
    actions[action]?.();
  }

  #showZoom(zoom) {
    const text = `${Math.round(zoom * 100)}%`;
    for (const element of document.querySelectorAll("[data-canvas-zoom]")) {
      if (element.textContent !== text) element.textContent = text;
    }
  }

  #showHistory(counts) {
    for (const name of ["undo", "redo"]) {
      for (const button of document.querySelectorAll(`[data-canvas-action=${name}]`)) button.disabled = !counts[name];
    }
  }
}
