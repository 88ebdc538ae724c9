// The cards of the nodes: made from templates or by the server, where they stand, and how large they are.
import { fromServer, html, icon } from "./elements.js";
import { say } from "./words.js";

const PROBLEM = { error: ["failed", "circle-x"], warning: ["waiting", "triangle-alert"] };

export class Cards {
  byId = new Map();
  removed = new Map(); // cards that an undo may bring back as they were

  constructor(canvas, layer) {
    this.canvas = canvas;
    this.layer = layer;
    this.sprite = canvas.dataset.icons ?? "";
  }

  clear() {
    this.byId.clear();
    this.removed.clear();
    this.layer.replaceChildren();
  }

  /** Takes a card that the server rendered, or makes one of the template; it is measured later, all at once. */
  add(node, element = this.#restored(node) ?? this.#fromTemplate(node)) {
    const card = { id: node.id, element, x: 0, y: 0, w: 0, h: 0, top: 0, ports: new Map(), input: null };
    card.status = element.dataset.status;
    this.byId.set(node.id, card);
    if (element.parentElement !== this.layer) this.layer.append(element);
    return card;
  }

  remove(node) {
    const { element } = this.byId.get(node.id);
    element.remove();
    delete element.dataset.selected;
    element.tabIndex = -1;
    this.removed.set(node.id, { element, was: JSON.stringify(node) });
    this.byId.delete(node.id);
  }

  /** The card of a node that comes back just as it went. */
  #restored(node) {
    const kept = this.removed.get(node.id);
    this.removed.delete(node.id);
    return kept?.was === JSON.stringify(node) ? kept.element : undefined;
  }

  rename(id, to) {
    const card = this.byId.get(id);
    this.byId.delete(id);
    card.id = card.element.dataset.nodeId = to;
    this.byId.set(to, card);
  }

  /** Takes a newer rendering of a card. Answers whether anything changed. */
  swap(id, fragment) {
    const card = this.byId.get(id);
    if (!card || card.fragment === fragment) return false;
    const fresh = fromServer(fragment);
    const old = card.element;
    const focused = old.contains(document.activeElement);
    fresh.tabIndex = old.tabIndex;
    if ("selected" in old.dataset) fresh.dataset.selected = "";
    old.replaceWith(fresh);
    Object.assign(card, { element: fresh, fragment });
    this.place(card, card.x, card.y);
    window.htmx?.process(fresh);
    if (focused) fresh.focus({ preventScroll: true });
    return true;
  }

  place(card, x, y) {
    card.x = x;
    card.y = y;
    card.element.style.setProperty("transform", `translate(${x}px,${y}px)`);
  }

  /** Reads sizes and ports of many cards together: one layout, whatever their number. */
  measure(cards = this.byId.values()) {
    for (const card of cards) {
      const { element } = card;
      card.w = element.offsetWidth;
      card.h = element.offsetHeight;
      card.top = element.offsetTop; // a pill stands in the middle of a card's height
      card.ports.clear();
      card.input = null;
      for (const port of element.querySelectorAll(".port")) {
        const y = card.top + element.clientTop + port.offsetTop + port.offsetHeight / 2;
        if (port.dataset.dir === "in") card.input = { x: 0, y };
        else card.ports.set(port.dataset.port, { x: card.w, y });
      }
    }
  }

  get(id) {
    return this.byId.get(id);
  }

  nameOf(id) {
    const node = this.canvas.model.nodes.get(id);
    return node?.name || this.byId.get(id)?.element.querySelector(".node__t b")?.textContent || id;
  }

  /** The point that an edge leaves from, or comes to. */
  out(id, port) {
    const card = this.byId.get(id);
    const point = card.ports.get(port) ?? { x: card.w, y: card.top + card.h / 2, lost: true };
    return { x: card.x + point.x, y: card.y + point.y, lost: point.lost };
  }

  into(id) {
    const card = this.byId.get(id);
    const point = card.input ?? { x: 0, y: card.top + Math.min(card.h, 48) / 2 };
    return { x: card.x + point.x, y: card.y + point.y };
  }

  box(id) {
    const { x, y, w, h, top } = this.byId.get(id);
    return { x, y: y + top, w, h };
  }

  /** The box around some nodes, or around all; null where there are none. */
  bounds(ids = this.byId.keys()) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const id of ids) {
      const { x, y, w, h } = this.box(id);
      left = Math.min(left, x);
      top = Math.min(top, y);
      right = Math.max(right, x + w);
      bottom = Math.max(bottom, y + h);
    }
    return left > right ? null : { x: left, y: top, w: right - left, h: bottom - top };
  }

  /** The topmost card at a point of the drawing, with `reach` around it for its ports. */
  at({ x, y }, reach = 10) {
    return [...this.byId.values()].findLast(
      (card) => x >= card.x - reach && x <= card.x + card.w + reach && y >= card.y + card.top && y <= card.y + card.top + card.h,
    );
  }

  setProblem(id, problem = "") {
    const card = this.byId.get(id);
    if (!card || (card.element.dataset.problem ?? "") === problem) return;
    if (problem) card.element.dataset.problem = problem;
    else delete card.element.dataset.problem;
    this.badge(card, ...(PROBLEM[problem] ?? []));
    this.label(card);
  }

  label(card) {
    const { element } = card;
    const kind = this.canvas.types[element.dataset.kind]?.label.toLowerCase() ?? element.dataset.kind;
    const state = card.status ?? element.dataset.problem;
    const again = card.iteration > 1 && say("iteration", { count: card.iteration });
    element.setAttribute("aria-label", [this.nameOf(card.id), kind, state && say(`status-${state}`), again].filter(Boolean).join(", "));
  }

  /** Marks a card by a picture and a colour; without `picture`, not at all. */
  badge(card, status, picture, count = "") {
    let badge = card.element.querySelector(".node__badge");
    if (!picture) return badge?.remove();
    if (!badge) {
      badge = html("span", "node__badge");
      badge.append(icon(this.sprite, picture), html("span"));
      card.element.append(badge);
    }
    badge.dataset.status = status;
    badge.querySelector("use").setAttribute("href", `${this.sprite}#i-${picture}`);
    badge.lastElementChild.textContent = count;
  }

  #fromTemplate(node) {
    const template = this.canvas.querySelector(`template[data-node-type="${CSS.escape(node.type)}"]`);
    const element = template ? template.content.firstElementChild.cloneNode(true) : html("article", "node");
    element.dataset.nodeId = node.id;
    const name = element.querySelector(".node__t b");
    if (name && node.name) name.textContent = node.name;
    const address = element.getAttribute("hx-get");
    if (address) element.setAttribute("hx-get", address.replace("__id__", encodeURIComponent(node.id)));
    this.#addPorts(element, node);
    return element;
  }

  /** Ports that a template can't know: those of a pasted router, as its edges and routes name them. */
  #addPorts(element, node) {
    const list = element.querySelector(".node__ports");
    if (!list) return;
    const named = [...(node.config?.routes ?? node.config?.cases ?? [])].map((one) => one.port);
    const used = this.canvas.model.outOf(node.id).map((edge) => edge.port);
    const present = new Set([...list.children].map((port) => port.dataset.port));
    for (const port of new Set([...named, ...used])) {
      if (present.has(port) || typeof port !== "string") continue;
      const button = html("button", "port port--out");
      Object.assign(button, { type: "button", tabIndex: -1 });
      Object.assign(button.dataset, { port, dir: "out" });
      button.setAttribute("aria-label", port);
      button.append(html("span", "", port));
      list.append(button);
      present.add(port);
    }
    element.dataset.ports = [...present].join(",");
    if (present.size > 1) {
      element.classList.remove("node--pill");
      element.classList.add("node--ports");
    }
  }
}
