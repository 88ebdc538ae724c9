// Brings the drawing in line with operations that were applied: only what they touched is drawn again.
import { keyOf } from "./model.js";
import { paintAll } from "./paint.js";

/** `removed` are the nodes as they were, by id, for cards that an undo may bring back. */
export function repaint(canvas, operations, removed) {
  const { edges, frames, selection, minimap } = canvas;
  const touched = { moved: new Set(), added: [], reframe: false, removed };
  for (const operation of operations) {
    if (operation.op === "replace") return paintAll(canvas);
    PAINT[operation.op]?.(canvas, operation, touched);
  }
  if (touched.added.length) show(canvas, touched.added);
  if (touched.reframe) {
    frames.rebuild();
    edges.drawAll();
  } else if (touched.moved.size) edges.drawAt(touched.moved);
  selection.prune();
  minimap.draw();
}

function show({ cards, model }, added) {
  cards.measure(added);
  for (const card of added) {
    const { x, y } = model.nodes.get(card.id).position ?? { x: 0, y: 0 };
    cards.place(card, x, y);
    cards.label(card);
    window.htmx?.process(card.element);
  }
}

const PAINT = {
  add(canvas, { node }, touched) {
    if (!canvas.model.nodes.has(node.id)) return;
    touched.added.push(canvas.cards.add(node));
    touched.reframe = true;
  },

  remove(canvas, { node: id }, touched) {
    for (const drawn of [...canvas.edges.byKey.values()]) {
      if (drawn.edge.from === id || drawn.edge.to === id) canvas.edges.remove(drawn.key);
    }
    canvas.cards.remove(touched.removed.get(id) ?? { id });
    touched.reframe = true;
  },

  move(canvas, { positions }, touched) {
    for (const [id, position] of Object.entries(positions)) {
      const card = canvas.cards.get(id);
      if (!card) continue;
      if (position) canvas.cards.place(card, position.x, position.y);
      else canvas.unplaced.set(id, { x: card.x, y: card.y });
      touched.moved.add(id);
    }
  },

  connect(canvas, { edge }, touched) {
    const whole = canvas.model.edges.get(keyOf(edge));
    if (whole && !canvas.edges.byKey.has(keyOf(edge))) canvas.edges.add(whole);
    touched.reframe = true;
  },

  disconnect(canvas, { edge }, touched) {
    if (canvas.edges.byKey.has(keyOf(edge))) canvas.edges.remove(keyOf(edge));
    touched.reframe = true;
  },

  loop(canvas, { edge }, touched) {
    const whole = canvas.model.edges.get(keyOf(edge));
    if (whole) canvas.edges.relabel(whole);
    touched.reframe = true;
  },

  configure(canvas, { node, set }, touched) {
    const card = canvas.cards.get(node);
    const name = card?.element.querySelector(".node__t b");
    if (name && set.name) name.textContent = set.name;
    if (card) canvas.cards.label(card);
    touched.reframe ||= "config" in set;
  },

  rename(canvas, { node, to }, touched) {
    const { cards, edges, model, selection } = canvas;
    cards.rename(node, to);
    if (selection.current === node) selection.current = to;
    if (selection.nodes.delete(node)) selection.nodes.add(to);
    for (const drawn of [...edges.byKey.values()]) {
      if (drawn.edge.from === node || drawn.edge.to === node) edges.remove(drawn.key);
    }
    for (const edge of model.edgesAt(to)) edges.add(edge);
    touched.reframe = true;
  },
};
