// Telling people: what happened politely to screen readers, what was refused as a toast, which is read out too.
import { html } from "./elements.js";

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
    this.canvas.dispatchEvent(new CustomEvent("canvas:refused", { bubbles: true, detail: { detail } }));
    if (!document.getElementById("toasts")) return this.say(detail);
    this.say("");
    document.dispatchEvent(new CustomEvent("toast", { detail: { title: detail, status: "waiting", key: "canvas" } }));
  }
}
