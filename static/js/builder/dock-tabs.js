// <dock-tabs>: the panels below the canvas as tabs. Without it they are links that load the page with one of them.
import { remember } from "./page.js";

class DockTabs extends HTMLElement {
  connectedCallback() {
    this.tabs = [...this.querySelectorAll("[data-panel]")];
    const list = this.querySelector("[data-tablist]");
    list.setAttribute("role", "tablist");
    for (const tab of this.tabs) {
      tab.setAttribute("role", "tab");
      this.panel(tab).setAttribute("role", "tabpanel");
    }
    this.mark(this.tabs.find((tab) => tab.hasAttribute("aria-current")) ?? this.tabs[0]);
    this.addEventListener("click", (event) => this.clicked(event));
    list.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("draft:saved", () => this.outdated());
  }

  /** Opens a panel and asks for its content where it is not there yet; `url` asks for another one. */
  show(name, url = "") {
    const tab = this.tabs.find((one) => one.dataset.panel === name);
    if (!tab) return;
    this.fold(false);
    this.mark(tab);
    const panel = this.panel(tab);
    if (url) window.htmx.ajax("GET", url, { target: panel, swap: "innerHTML" });
    else if (!panel.childElementCount || panel.hasAttribute("data-outdated")) panel.dispatchEvent(new CustomEvent("panel:show"));
    panel.removeAttribute("data-outdated");
    remember({ panel: name === "problems" ? "" : name });
  }

  panel(tab) {
    return document.getElementById(tab.getAttribute("aria-controls"));
  }

  mark(chosen) {
    this.chosen = chosen;
    for (const tab of this.tabs) {
      const isChosen = tab === chosen;
      tab.removeAttribute("aria-current");
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      this.panel(tab).hidden = !isChosen;
    }
  }

  /** What a panel shows of the draft is old now: asked for again at once where it is shown, else when it is. */
  outdated() {
    for (const tab of this.tabs.filter((one) => one.dataset.panel === "cost")) {
      const panel = this.panel(tab);
      if (panel.hidden) panel.setAttribute("data-outdated", "");
      else panel.dispatchEvent(new CustomEvent("panel:show"));
    }
  }

  clicked(event) {
    const tab = event.target.closest("[role=tab]");
    if (tab) {
      event.preventDefault();
      this.show(tab.dataset.panel);
    } else if (event.target.closest("[data-collapse]")) this.fold(!this.hasAttribute("data-folded"));
  }

  fold(isFolded) {
    this.toggleAttribute("data-folded", isFolded);
    this.querySelector("[data-collapse]")?.setAttribute("aria-expanded", String(!isFolded));
  }

  key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = this.tabs[(this.tabs.indexOf(this.chosen) + step + this.tabs.length) % this.tabs.length];
    this.show(next.dataset.panel);
    next.focus();
  }
}

customElements.define("dock-tabs", DockTabs);
