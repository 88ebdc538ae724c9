// <approval-inbox>: the keys of the inbox, where the focus goes after a swap, and what is said aloud. The server draws.
import { showWrong } from "./first-wrong.js";

const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]:not([contenteditable=false])";

class ApprovalInbox extends HTMLElement {
  connectedCallback() {
    this.onkey = (event) => this.press(event);
    document.addEventListener("keydown", this.onkey);
    this.addEventListener("htmx:before:request", (event) => this.leave(event));
    this.addEventListener("htmx:after:swap", (event) => this.arrive(event));
    this.known = this.rows().map((row) => row.closest("li").id);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.onkey);
  }

  get detail() {
    return this.querySelector("#approval-detail");
  }

  rows() {
    return [...this.querySelectorAll("[data-row-link]")];
  }

  press(event) {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.documentElement.dataset.shortcuts === "off" || document.querySelector("dialog[open]")) return;
    if (event.target.closest?.(TYPING) || !/^[aer]$/.test(event.key)) return;
    const control = this.detail.querySelector(`[data-shortcut="${event.key}"]`);
    if (!control) return;
    event.preventDefault();
    control.click();
  }

  // What stands below the item that is being decided comes next.
  leave(event) {
    if (!event.target.matches("[data-deciding]")) return;
    const ids = this.rows().map((row) => row.closest("li").id);
    const at = ids.indexOf(`item-${this.detail.querySelector("[data-item]")?.dataset.item}`);
    this.next = at < 0 ? ids : [...ids.slice(at + 1), ...ids.slice(0, at).reverse()];
  }

  arrive(event) {
    const target = event.detail.ctx?.target;
    if (target?.id === "approval-detail") this.opened();
    else this.listed();
  }

  opened() {
    const shown = this.detail.querySelector("[data-item]");
    if (!shown) return;
    this.dataset.view = "detail";
    this.mark();
    document.title = `${this.detail.querySelector("h2").textContent} · Baton`;
    if (shown.dataset.news) {
      this.say(shown.dataset.news);
      this.decided = true;
      this.querySelector("#approval-list").dispatchEvent(new CustomEvent("poll"));
      return;
    }
    if (showWrong(this.detail)) return;
    const first = this.detail.querySelector("[data-form] :is(input:not([type=hidden]), textarea, select)");
    (first ?? this.detail.querySelector("h2"))?.focus();
  }

  listed() {
    this.mark();
    const ids = this.rows().map((row) => row.closest("li").id);
    if (ids.some((id) => !this.known.includes(id))) this.say(this.querySelector("#approval-list").dataset.news);
    this.known = ids;
    if (!this.decided) return;
    this.decided = false;
    const id = this.next?.find((candidate) => ids.includes(candidate));
    (id ? this.querySelector(`#${id} [data-row-link]`) : this.detail.querySelector("h2"))?.focus();
  }

  mark() {
    const shown = this.detail.querySelector("[data-item]")?.dataset.item;
    for (const row of this.rows()) {
      if (shown && row.closest("li").id === `item-${shown}`) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  }

  say(words) {
    this.querySelector("[data-announcer]").textContent = words;
  }
}

customElements.define("approval-inbox", ApprovalInbox);
