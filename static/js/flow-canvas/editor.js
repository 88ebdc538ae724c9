// What makes a canvas editable: loaded where data-mode is "edit", beside what draws it.
import { Clipboard } from "./clipboard.js";
import { LateDrag } from "./drag-late.js";
import { Editing } from "./editing.js";
import { isField } from "./elements.js";
import { NewNodes } from "./new-nodes.js";
import { Palette } from "./palette.js";
import { Saving } from "./saving.js";

export function makeEditable(canvas, signal) {
  canvas.editing = new Editing(canvas);
  canvas.saving = new Saving(canvas, signal);
  canvas.adding = new NewNodes(canvas);
  canvas.clipboard = new Clipboard(canvas, signal);
  canvas.palette = new Palette(canvas, signal);
  canvas.gestures = { onCard: (place, id, port) => onCard(canvas, place, id, port), onEdge: (place, key) => connecting(canvas, ({ byEnd }) => byEnd(canvas, key, place.world)) };
  canvas.changeLoop = (key) => changeLoop(canvas, canvas.model.edges.get(key));
  document.addEventListener("keydown", (event) => undoElsewhere(canvas, event), { signal });
  document.addEventListener("draft:changed", ({ detail }) => canvas.editing.takeOver(detail), { signal });
  canvas.addEventListener("click", ({ target }) => {
    if (target === canvas.edges.insert) canvas.adding.betweenEnds(target.dataset.edge);
  });
  canvas.addEventListener("dblclick", ({ target }) => {
    const key = target.closest?.("[data-edge]")?.dataset.edge;
    if (key) canvas.changeLoop(key);
  });
  canvas.saving.start();
  stockUp(canvas);
}

/** The parts of editing are loaded once the browser has nothing else to do: work goes on without a connection. */
function stockUp(canvas) {
  canvas.awaited += 1;
  (window.requestIdleCallback ?? setTimeout)(async () => {
    await Promise.allSettled([
      import("./drag-nodes.js"), import("./connecting.js"), import("./keys.js"), import("./adding.js"), import("./paste.js"), import("./loops.js"),
    ]);
    canvas.awaited -= 1;
  });
}

function onCard(canvas, place, id, port) {
  if (!port) return new LateDrag(canvas, import("./drag-nodes.js"), ({ DragNodes }) => new DragNodes(canvas, id, place));
  return connecting(canvas, ({ fromPort }) => fromPort(canvas, id, port));
}

const connecting = (canvas, begin) => new LateDrag(canvas, import("./connecting.js"), begin);

function changeLoop(canvas, edge) {
  if (edge?.loop) canvas.keyboard.after(import("./loops.js"), (loops) => loops.changeLoop(canvas, edge));
}

/** Undo works from the whole page, wherever nothing is being typed. */
function undoElsewhere(canvas, event) {
  const key = (event.ctrlKey || event.metaKey) && event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  if (canvas.contains(event.target) || isField(event.target) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) canvas.editing.redo();
  else canvas.editing.undo();
}
