// Copy, cut, paste, duplicate. What is copied is text that any tab or flow can take.
import { isField } from "./elements.js";
import { say } from "./words.js";

export const MARK = "baton-nodes-1";

export class Clipboard {
  constructor(canvas, signal) {
    this.canvas = canvas;
    document.addEventListener("copy", (event) => this.#copy(event), { signal });
    document.addEventListener("cut", (event) => this.#copy(event) && canvas.editable && canvas.keyboard.use(({ edit }) => edit.remove()), { signal });
    document.addEventListener("paste", (event) => this.#paste(event), { signal });
  }

  duplicate() {
    const text = this.text();
    if (text) this.insert(text, "duplicate");
  }

  /** The selected nodes and the edges among them, as text; "" where nothing is selected. */
  text() {
    const { model, selection, cards } = this.canvas;
    const ids = selection.nodes;
    if (!ids.size) return "";
    const nodes = [...model.nodes.values()].filter((node) => ids.has(node.id))
      .map((node) => ({ ...node, position: { x: cards.get(node.id).x, y: cards.get(node.id).y } }));
    const edges = [...model.edges.values()].filter((edge) => ids.has(edge.from) && ids.has(edge.to));
    return JSON.stringify({ [MARK]: true, nodes, edges });
  }

  /** Adds what a text of the clipboard holds, as soon as what reads it is there. */
  insert(text, label) {
    this.canvas.keyboard.after(import("./paste.js"), ({ paste }) => paste(this.canvas, text, label));
  }

  #isHere() {
    const focus = document.activeElement;
    return this.canvas.contains(focus) && !isField(focus);
  }

  #copy(event) {
    const text = this.#isHere() ? this.text() : "";
    if (!text) return false;
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    this.canvas.announce(say("copied", { count: this.canvas.selection.nodes.size }));
    return true;
  }

  #paste(event) {
    if (!this.#isHere() || !this.canvas.editable) return;
    event.preventDefault();
    this.insert(event.clipboardData.getData("text/plain"), "paste");
  }
}
