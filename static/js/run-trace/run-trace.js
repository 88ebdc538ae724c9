// <run-trace>: the live page of a run. The server draws it whole; this goes on from its seq by the socket.
import "../cost-meter.js";
import { Detail } from "./detail.js";
import { EventLog } from "./event-log.js";
import { FirstLook } from "./first-look.js";
import { Frames } from "./frames.js";
import { Graph } from "./graph.js";
import { Header } from "./header.js";
import { Keys } from "./keys.js";
import { Pages } from "./pages.js";
import { Selection } from "./selection.js";
import { Socket } from "./socket.js";
import { Streaming } from "./streaming.js";
import { Trace, keyOf } from "./trace.js";
import { meet } from "./turns.js";
import { Waterfall } from "./waterfall.js";
import { word } from "./words.js";

class RunTrace extends HTMLElement {
  async connectedCallback() {
    if (this.trace) return;
    const state = this.#json("run-state");
    const ahead = state.now - Date.now();
    this.clock = () => Date.now() + ahead; // the server's clock: the journal's times are its
    this.url = this.dataset.url;
    this.simulated = new Set(this.#json("run-simulated"));
    meet(state.cast);
    this.trace = new Trace(state);
    this.canvas = this.querySelector("flow-canvas");
    this.frames = new Frames(() => this.#show());
    this.#furnish(state);
    this.reveal();
    await this.pages.steps();
    if (!this.trace.finished) this.#follow(state);
    else this.#tell("ended");
  }

  #furnish(state) {
    this.pages = new Pages(this, state.cursor);
    this.streaming = new Streaming(this);
    this.detail = new Detail(this, this.querySelector("#run-detail"));
    this.selection = new Selection(this, this.dataset.selected);
    this.firstLook = new FirstLook(this);
    this.graph = new Graph(this, this.canvas);
    this.waterfall = new Waterfall(this, this.querySelector("[data-waterfall]"));
    this.log = new EventLog(this, this.querySelector("[data-log]"), state.log);
    this.header = new Header(this);
    this.keys = new Keys(this);
    this.#copyLink();
  }

  #follow({ id, seq }) {
    this.socket = new Socket(`/ws/runs/${id}/`, seq, { take: (frame) => this.#take(frame), tell: (name) => this.#tell(name), isDone: () => this.trace.finished });
    this.socket.open();
  }

  #take({ events, delta }) {
    if (delta) this.streaming.take(keyOf(delta), delta.text);
    for (const event of events ?? []) this.#apply(event);
    if (events) this.log.add(events);
    this.frames.ask();
  }

  #apply(event) {
    event.at = Date.parse(event.at);
    this.trace.apply(event);
    if (event.node) this.graph.touch(event.node);
    const key = event.node && keyOf(event);
    if (event.type === "model.called" || event.type === "step.finished") this.streaming.done(key);
    const ofTheRun = event.type.startsWith("run.") || event.data?.writes; // what the run itself shows: its end, its state
    if (this.selection.key ? this.#concerns(event, key) : ofTheRun) this.detail.changed();
    if (event.type === "note" || event.type.startsWith("approval.")) this.header.anew();
  }

  /** Whether an event changes what the detail shows: its own step's, and the turns of a team or of a supervisor. */
  #concerns(event, key) {
    if (key === this.selection.key) return true;
    const isTurn = event.item != null && event.type.startsWith("step.") && this.trace.nodes[event.node]?.turns;
    return isTurn && keyOf({ ...event, item: null }) === this.selection.key;
  }

  changed(nodes) {
    for (const node of nodes) this.graph.touch(node);
    this.frames.ask();
  }

  /** The selected row comes into sight, once it stands in the list. */
  reveal() {
    this.revealing = true;
    this.frames.ask();
  }

  #show() {
    this.waterfall.show();
    if (this.revealing) this.#reveal();
    this.header.show();
    this.detail.show();
    this.graph.show();
    this.log.show();
    this.streaming.show();
    this.trace.changed.clear();
  }

  #reveal() {
    this.revealing = false;
    const entry = this.waterfall.list.find((one) => this.selection.isSelected(one));
    if (!entry) return;
    this.waterfall.reveal(entry);
    this.waterfall.show();
  }

  #tell(name) {
    if (name === "reconnecting") this.streaming.interrupted();
    if (name === "live") this.pages.steps(); // where a page of them could not be read before
    const place = this.querySelector("[data-connection]");
    place.textContent = word(name);
    place.dataset.state = name;
  }

  #copyLink() {
    const button = document.querySelector("[data-copy-link]");
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(location.href);
      this.querySelector("[data-announcer]").textContent = word("copied");
    });
  }

  #json(id) {
    return JSON.parse(document.getElementById(id).textContent);
  }
}

customElements.define("run-trace", RunTrace);
