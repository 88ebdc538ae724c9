// The keys that look and select.
import { hasLetters } from "./keyboard.js";
import { keyOf } from "./model.js";
import { say } from "./words.js";

export const ARROWS = {
  ArrowLeft: ["left", -1, 0], ArrowRight: ["right", 1, 0], ArrowUp: ["up", 0, -1], ArrowDown: ["down", 0, 1],
};

export class LookKeys {
  constructor(canvas) {
    this.canvas = canvas;
  }

  action(event) {
    const { canvas } = this;
    const { key, code, altKey, shiftKey } = event;
    if (event.ctrlKey || event.metaKey) return this.#withControl(key);
    if (ARROWS[key]) return altKey ? () => this.#walk(ARROWS[key][0]) : () => {};
    if (altKey) return null;
    if (shiftKey && code === "Digit1") return () => canvas.fit();
    if (shiftKey && code === "Digit2") return () => canvas.selection.nodes.size && canvas.fit(canvas.selection.nodes);
    if (key === "Escape") return () => canvas.selection.select([]);
    if (key === "Enter") return () => this.#enter();
    return hasLetters() ? this.#letter(key) : null;
  }

  #withControl(key) {
    const { view, selection, model } = this.canvas;
    const actions = {
      a: () => selection.select(model.nodes.keys()),
      0: () => view.scale(1 / view.zoom),
      "+": () => view.scale(1.2),
      "=": () => view.scale(1.2),
      "-": () => view.scale(1 / 1.2),
    };
    return actions[key.toLowerCase()];
  }

  #letter(key) {
    const { canvas } = this;
    const { chosen } = canvas.selection;
    if (key === "f") return () => canvas.fit();
    if (key === "e" && chosen) return () => walkEdges(canvas, chosen);
    return null;
  }

  #walk(direction) {
    const { selection, view, cards } = this.canvas;
    const next = selection.current && neighbour(cards, selection.current, direction);
    if (!next) return;
    selection.select([next]);
    selection.settle(next, true);
    view.reveal(cards.box(next));
  }

  /** Selects; once more goes on into the inspector. */
  #enter() {
    const { selection } = this.canvas;
    if (!selection.nodes.has(selection.current)) return selection.select([selection.current]);
    const inspector = document.getElementById("inspector");
    inspector?.querySelector("a[href], button, input, select, textarea, [tabindex]")?.focus();
  }
}

/** Selects the next connection that leaves a node. */
function walkEdges(canvas, id) {
  const { model, selection, cards } = canvas;
  const keys = model.outOf(id).map(keyOf);
  if (!keys.length) return canvas.announce(say("no-edges", { from: cards.nameOf(id) }));
  selection.selectEdge(keys[(keys.indexOf(selection.edge) + 1) % keys.length]);
}

/** The nearest node in a direction: left, right, up, down. */
export function neighbour(cards, id, direction) {
  const here = cards.get(id);
  let best = null;
  for (const card of cards.byId.values()) {
    const [dx, dy] = [card.x - here.x, card.y - here.y];
    const [ahead, aside] = direction === "left" || direction === "right" ? [dx, dy] : [dy, dx];
    const forwards = direction === "right" || direction === "down" ? ahead : -ahead;
    if (card === here || forwards <= Math.abs(aside) * 0.5) continue;
    const distance = forwards * forwards + 3 * aside * aside;
    if (!best || distance < best.distance) best = { id: card.id, distance };
  }
  return best?.id ?? null;
}
