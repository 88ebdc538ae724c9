// New nodes: where they go, what they are called, what they are connected to.
import { snap } from "./model.js";
import { QuickAdd } from "./quick-add.js";
import { say } from "./words.js";

const CARD = { w: 176, h: 48 };
const GAP = 24;
const AHEAD = 72;
const FAR = 1200; // beyond, lines are not looked at
const NEAR = 8;

export class Adding {
  constructor(canvas, dialog) {
    this.canvas = canvas;
    this.quick = dialog && new QuickAdd(dialog, this);
  }

  /** Adds a node: `under` a point, `from` {node, port}, `between` the ends of an edge (its key, where the type fits), else in view. */
  add(type, { under, from, between } = {}) {
    const { canvas } = this;
    if (!canvas.editable || !this.#fits(type)) return null;
    const id = canvas.model.freshId(type);
    const edge = this.possible({ between }).includes(type) && canvas.model.edges.get(between);
    const operations = edge ? this.#inserted(type, id, edge, under) : this.#added(type, id, under, from);
    const label = canvas.types[type]?.label ?? type;
    if (!canvas.editing.perform(operations, say(edge ? "insert" : "add", { label }))) return null;
    canvas.selection.select([id]);
    canvas.selection.settle(id, true);
    canvas.view.reveal(canvas.cards.box(id));
    canvas.announce(say("added", { label }));
    return id;
  }

  /** The types that may stand in a place: nothing leads into a start, nothing out of an end. */
  possible({ from, between } = {}) {
    const hasStart = [...this.canvas.model.nodes.values()].some((node) => node.type === "start");
    return Object.entries(this.canvas.types)
      .filter(([type, { accepts_in: takes }]) => !(type === "start" && hasStart) && !((from || between) && takes === false))
      .filter(([type]) => !between || this.outPorts(type).length)
      .map(([type]) => type);
  }

  /** The ports out of a fresh node of a type. */
  outPorts(type) {
    const template = this.canvas.querySelector(`template[data-node-type="${CSS.escape(type)}"]`);
    return [...(template?.content.querySelectorAll(".port--out") ?? [])].map((port) => port.dataset.port);
  }

  /** The nearest place to a point where a card of some size overlaps none, and lies on no line but that of `split`. */
  freePlace({ x, y }, size = CARD, split = null) {
    const boxes = [...this.canvas.cards.byId.keys()].map((id) => this.canvas.cards.box(id));
    const points = this.#onLines(split).filter((point) => Math.abs(point.x - x) < FAR && Math.abs(point.y - y) < FAR);
    const isFree = (left, top) =>
      boxes.every((box) => left + size.w + GAP <= box.x || left >= box.x + box.w + GAP || top + size.h + GAP <= box.y || top >= box.y + box.h + GAP) &&
      !points.some((point) => point.x > left && point.x < left + size.w && point.y > top - NEAR && point.y < top + size.h + NEAR);
    for (let ring = 0; ring < 200; ring++) {
      for (const [column, row] of around(ring)) {
        const [left, top] = [snap(x + (column * CARD.w) / 2), snap(y + row * GAP)];
        if (isFree(left, top)) return { x: left, y: top };
      }
    }
    return { x: snap(x), y: snap(y) };
  }

  /** Points all along the lines. */
  #onLines(split) {
    const shares = Array.from({ length: 33 }, (_, index) => index / 32);
    return [...this.canvas.edges.byKey.values()].flatMap(({ edge, path }) => (path && edge !== split ? shares.map((share) => path.at(share)) : []));
  }

  fresh(type, id, position) {
    const config = this.canvas.types[type]?.config;
    return { id, type, ...(config && { config: structuredClone(config) }), position };
  }

  #fits(type) {
    if (!this.canvas.types[type]) return false;
    return this.possible().includes(type) || Boolean(this.canvas.refuse(say("refused-start")));
  }

  #added(type, id, under, from) {
    const operations = [{ op: "add", node: this.fresh(type, id, this.#place(under, from)) }];
    if (from && this.canvas.types[type].accepts_in !== false) {
      operations.push({ op: "connect", edge: { from: from.node, port: from.port, to: id } });
    }
    return operations;
  }

  #place(under, from) {
    if (under) return { x: snap(under.x - CARD.w / 2), y: snap(under.y - CARD.h / 2) };
    const source = from && this.canvas.cards.box(from.node);
    if (source) return this.freePlace({ x: source.x + source.w + AHEAD, y: this.canvas.cards.get(from.node).y });
    const { x, y, w, h } = this.canvas.view.seen;
    return this.freePlace({ x: x + w / 2 - CARD.w / 2, y: y + h / 2 - CARD.h / 2 });
  }

  /** Between two nodes: what lies behind moves to the right where there is no room. */
  #inserted(type, id, edge, under) {
    const { cards, model } = this.canvas;
    const [source, target] = [cards.box(edge.from), cards.box(edge.to)];
    const room = target.x - (source.x + source.w);
    const missing = edge.loop ? 0 : Math.max(0, snap(CARD.w + AHEAD - room + 4));
    const behind = missing ? [...model.reach(edge.to)].filter((one) => cards.get(one).x >= cards.get(edge.to).x) : [];
    const positions = Object.fromEntries(behind.map((one) => [one, { x: cards.get(one).x + missing, y: cards.get(one).y }]));
    const middle = { x: (source.x + source.w + target.x + missing - CARD.w) / 2, y: (cards.get(edge.from).y + cards.get(edge.to).y) / 2 };
    const isRoomy = missing || room >= CARD.w;
    const position = !isRoomy ? this.freePlace(middle, CARD, edge) : under && !missing ? this.#place(under) : { x: snap(middle.x), y: snap(middle.y) };
    const { from, port, to, loop } = edge;
    return [
      ...(behind.length ? [{ op: "move", positions }] : []),
      { op: "add", node: this.fresh(type, id, position) },
      { op: "disconnect", edge: { from, port, to } },
      { op: "connect", edge: { from, port, to: id } },
      { op: "connect", edge: { from: id, port: this.outPorts(type)[0], to, ...(loop && { loop }) } },
    ];
  }
}

/** Steps at a distance, downwards first. */
function around(ring) {
  if (!ring) return [[0, 0]];
  const steps = [];
  for (let column = 0; column <= ring; column++) {
    const row = ring - column;
    steps.push([column, row], [column, -row], [-column, row], [-column, -row]);
  }
  return steps;
}
