// A node that is selected stands in sight on the graph, and not below the small picture.
const CLEAR = 16; // screen pixels that stay free around it

/** Selects a node on the canvas and moves the drawing as little as needed to see it whole. */
export function bringIntoSight(canvas, node) {
  canvas.select([node]);
  const { view, cards, minimap } = canvas;
  const [mini, whole] = [minimap.element, canvas].map((element) => element.getBoundingClientRect());
  const box = cards.bounds(new Set([node]));
  if (!mini.width || !box) return;
  const bottom = view.y + (box.y + box.h) * view.zoom;
  const left = view.x + (box.x + box.w) * view.zoom + CLEAR - (mini.x - whole.x);
  const up = bottom + CLEAR - (mini.y - whole.y);
  if (left <= 0 || up <= 0) return;
  const isRoomAbove = bottom - up - box.h * view.zoom >= CLEAR;
  if (isRoomAbove && up <= left) view.pan(0, -up);
  else view.pan(-left, 0);
}
