// Text that a model is writing, as it comes, in the detail of its step. It is no part of the journal: what a lost
// connection left out is not made up, and the whole text stands there once the call is done.
import { word } from "./words.js";

const LONGEST = 20_000;

export class Streaming {
  texts = new Map(); // key of the step → {text, partial}

  constructor(page) {
    this.page = page;
  }

  take(key, text) {
    const known = this.texts.get(key) ?? { text: "", partial: this.missed };
    known.text = (known.text + text).slice(-LONGEST);
    this.texts.set(key, known);
  }

  /** The journal has it now. */
  done(key) {
    this.texts.delete(key);
  }

  /** Something may have been said meanwhile that nobody here heard. */
  interrupted() {
    for (const known of this.texts.values()) Object.assign(known, { text: "", partial: true });
  }

  /** Called in a frame. */
  show() {
    const place = this.page.detail.element.querySelector("[data-stream]");
    if (!place) return;
    const known = this.texts.get(this.page.selection.key);
    if (!known?.text) return place.replaceChildren();
    if (!place.firstElementChild) place.append(this.#article());
    place.querySelector("[data-partial]").hidden = !known.partial;
    const text = place.querySelector("[data-text]").firstChild;
    if (text.data !== known.text) text.data = known.text;
  }

  #article() {
    const article = Object.assign(document.createElement("article"), { className: "msg msg--out" });
    const head = article.appendChild(document.createElement("header"));
    head.appendChild(document.createElement("span")).className = "live";
    head.firstChild.textContent = word("writing");
    const partial = article.appendChild(Object.assign(document.createElement("p"), { className: "xs muted", textContent: word("missed") }));
    partial.dataset.partial = "";
    const text = article.appendChild(document.createElement("div"));
    text.dataset.text = "";
    text.append(document.createTextNode(""));
    return article;
  }
}
