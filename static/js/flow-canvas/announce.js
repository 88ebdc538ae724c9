// Telling people: politely to screen readers, and as a toast what was refused.
import { html } from "./elements.js";

const TOAST_MS = 6000;

export class Announcer {
  constructor(canvas) {
    this.canvas = canvas;
    this.region = html("div", "sr");
    this.region.setAttribute("aria-live", "polite");
    this.region.setAttribute("role", "status");
  }

  say(sentence) {
    this.region.textContent = sentence;
  }

  refuse(detail) {
    this.say(detail);
    this.canvas.dispatchEvent(new CustomEvent("canvas:refused", { bubbles: true, detail: { detail } }));
    toast(detail);
  }
}

/** A note in the corner that goes by itself, unless the pointer is on it. The screen reader has heard it already. */
function toast(text) {
  const shelf = document.getElementById("toasts");
  if (!shelf) return;
  const note = html("div", "toast");
  note.setAttribute("aria-hidden", "true");
  note.append(html("span", "grow", text));
  shelf.append(note);
  const leave = () => (note.matches(":hover") ? setTimeout(leave, TOAST_MS) : note.remove());
  setTimeout(leave, TOAST_MS);
}
