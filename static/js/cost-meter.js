// <cost-meter data-spent data-limit data-label>: what was spent of a limit, in nano-dollars; follows data-spent.
import { usd } from "./run-trace/format.js";

const WARN_AT = 0.8;
const FULL_AT = 0.92;

class CostMeter extends HTMLElement {
  static observedAttributes = ["data-spent"];

  attributeChangedCallback(name, before, after) {
    if (before !== null && before !== after) this.show();
  }

  show() {
    const spent = Number(this.dataset.spent);
    const limit = Number(this.dataset.limit);
    this.querySelector("[data-amount]").textContent = usd(spent);
    const meter = this.querySelector("svg");
    if (!meter || !limit) return;
    const share = Math.min(spent / limit, 1);
    meter.dataset.status = share >= FULL_AT ? "failed" : share >= WARN_AT ? "waiting" : "accent";
    meter.setAttribute("aria-label", `${this.dataset.label}: ${Math.round(share * 100)}%`);
    meter.querySelector("rect").setAttribute("width", `${(share * 100).toFixed(1)}%`);
  }
}

customElements.define("cost-meter", CostMeter);
