// Moving nodes with the pointer: all that are selected, on the grid unless Alt is held, with guides.
import { guideLines } from "./guides.js";
import { snap } from "./model.js";
import { say } from "./words.js";

export class DragNodes {
  autopans = true;

  constructor(canvas, id, start) {
    this.canvas = canvas;
    this.id = id;
    this.start = start.world;
  }

  move({ world, altKey }) {
    const { cards, edges, minimap } = this.canvas;
    this.from ??= new Map([...this.#ids()].map((id) => [id, { x: cards.get(id).x, y: cards.get(id).y }]));
    const lead = this.from.get(this.id);
    let [dx, dy] = [world.x - this.start.x, world.y - this.start.y];
    if (!altKey) [dx, dy] = [snap(lead.x + dx) - lead.x, snap(lead.y + dy) - lead.y];
    for (const [id, { x, y }] of this.from) cards.place(cards.get(id), x + dx, y + dy);
    edges.drawAt([...this.from.keys()]);
    this.canvas.guide.setAttribute("d", altKey ? "" : guideLines(cards, cards.get(this.id), this.from));
    minimap.draw();
  }

  drop() {
    if (!this.from) return;
    const { cards, editing } = this.canvas;
    const moved = [...this.from].filter(([id, { x, y }]) => cards.get(id).x !== x || cards.get(id).y !== y);
    const positions = Object.fromEntries(moved.map(([id]) => [id, { x: Math.round(cards.get(id).x), y: Math.round(cards.get(id).y) }]));
    this.canvas.guide.setAttribute("d", "");
    if (moved.length) editing.perform([{ op: "move", positions }], say("move", { count: moved.length }));
  }

  cancel() {
    if (!this.from) return;
    const { cards, edges, guide, minimap } = this.canvas;
    for (const [id, { x, y }] of this.from) cards.place(cards.get(id), x, y);
    edges.drawAt([...this.from.keys()]);
    guide.setAttribute("d", "");
    minimap.draw();
  }

  #ids() {
    const { nodes } = this.canvas.selection;
    return nodes.has(this.id) ? nodes : [this.id];
  }
}
