// Making room: a card that grew, a team by its members, pushes away what stands below it.
import { snap } from "./model.js";
import { say } from "./words.js";

const GAP = 24;
const KEY = "room";

/** Moves the nodes below some cards down as far as those cards need: one undo step with the gesture that made them grow,
 * while that is the last one. */
export function makeRoom(canvas, grown, operations) {
  const positions = moved(canvas.cards, grown);
  const count = Object.keys(positions).length;
  if (!count) return;
  const before = canvas.editing.history.past.at(-1);
  const merge = before?.operations === operations ? KEY : "";
  if (merge) Object.assign(before, { merge, at: performance.now() });
  canvas.editing.perform([{ op: "move", positions }], say("move", { count }), { merge });
}

function moved({ byId }, grown) {
  const positions = {};
  const top = (card) => (positions[card.id]?.y ?? card.y) + card.top;
  const waiting = [...grown];
  for (const card of waiting) {
    const floor = top(card) + card.h;
    for (const other of byId.values()) {
      const isBeside = other.x >= card.x + card.w || other.x + other.w <= card.x;
      if (other === card || isBeside || top(other) <= top(card) || top(other) >= floor) continue;
      positions[other.id] = { x: other.x, y: snap(floor + GAP - other.top) };
      waiting.push(other);
    }
  }
  return positions;
}
