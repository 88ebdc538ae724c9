// What makes a canvas editable: loaded where data-mode is "edit", beside what draws it.
import { Adding } from "./adding.js";
import { Clipboard } from "./clipboard.js";
import { DragConnection } from "./drag-connection.js";
import { DragNodes } from "./drag-nodes.js";
import { EditKeys } from "./edit-keys.js";
import { Editing } from "./editing.js";
import { Palette } from "./palette.js";
import { Saving } from "./saving.js";

export function makeEditable(canvas, signal) {
  canvas.editing = new Editing(canvas);
  canvas.saving = new Saving(canvas, signal);
  canvas.adding = new Adding(canvas);
  canvas.keys = new EditKeys(canvas, signal);
  canvas.clipboard = new Clipboard(canvas, signal);
  canvas.palette = new Palette(canvas, signal);
  canvas.gestures = { onCard: (place, id, port) => onCard(canvas, place, id, port), onEdge: (place, key) => DragConnection.ofEdge(canvas, key, place.world) };
  document.addEventListener("draft:changed", ({ detail }) => canvas.editing.takeOver(detail), { signal });
  canvas.addEventListener("click", ({ target }) => {
    if (target === canvas.edges.insert) canvas.adding.betweenEnds(target.dataset.edge);
  });
  canvas.addEventListener("dblclick", ({ target }) => {
    const key = target.closest?.("[data-edge]")?.dataset.edge;
    if (key) canvas.keys.changeLoop(key);
  });
  canvas.saving.start();
}

function onCard(canvas, place, id, port) {
  if (!port) return new DragNodes(canvas, id, place);
  return new DragConnection(canvas, { node: id, port: port.dataset.port }, { isBackwards: port.dataset.dir === "in" });
}
