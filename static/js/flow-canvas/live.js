// What a run does, on the graph: any number of statuses a second, one change of the page a node and frame.
import { eachFrame } from "./frame.js";
import { keyOf } from "./model.js";

const ICON = {
  pending: "circle", queued: "clock", running: "loader-circle", waiting: "hand", succeeded: "check", failed: "x",
  cancelled: "circle-slash", skipped: "minus", blocked: "shield-x",
};
const EDGE_CLASS = { taken: "is-done", live: "is-live", waiting: "is-wait", "not-taken": "is-off" };

export class Live {
  nodes = new Map();
  edges = new Map();

  constructor(canvas) {
    this.canvas = canvas;
    this.show = () => this.#show();
  }

  setStatus(id, status, details = {}) {
    this.nodes.set(id, { status, details: { ...this.nodes.get(id)?.details, ...details } });
    eachFrame(this.show);
  }

  setEdge(edge, state) {
    this.edges.set(keyOf(edge), state);
    eachFrame(this.show);
  }

  #show() {
    const { cards, edges, minimap } = this.canvas;
    for (const [id, { status, details }] of this.nodes) if (cards.get(id)) this.#showNode(cards.get(id), status, details);
    for (const [key, state] of this.edges) showEdge(edges.byKey.get(key), state);
    this.nodes.clear();
    this.edges.clear();
    minimap.draw();
  }

  /** What a step is doing: told by colour, icon, and name. `fact` replaces the second line. */
  #showNode(card, status, { fact, iteration }) {
    const { cards } = this.canvas;
    if (fact !== undefined) card.element.querySelector(".node__t small").textContent = fact;
    if (status === card.status && iteration === card.iteration) return;
    Object.assign(card, { status, iteration });
    if (status) card.element.dataset.status = status;
    else delete card.element.dataset.status;
    cards.badge(card, status, ICON[status], iteration > 1 ? `${iteration}` : "");
    cards.label(card);
  }
}

function showEdge(drawn, state) {
  if (!drawn || drawn.state === state) return;
  if (drawn.state) drawn.line.classList.remove(EDGE_CLASS[drawn.state]);
  if (state) drawn.line.classList.add(EDGE_CLASS[state]);
  drawn.state = state;
}
