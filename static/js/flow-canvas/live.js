// What a run does, on the graph: any number of statuses a second, one change of the page a node and frame.
import { eachFrame } from "./frame.js";
import { keyOf } from "./model.js";

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
    for (const [id, { status, details }] of this.nodes) cards.setStatus(id, status, details);
    for (const [key, state] of this.edges) edges.setState(key, state);
    this.nodes.clear();
    this.edges.clear();
    minimap.draw();
  }
}
