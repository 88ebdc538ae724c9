// <time-ago><time datetime>: says how long ago that was or how soon it is, and goes on saying it. Hours and less are
// rounded; "tomorrow" is the next date where the reader is.
const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];
const DAY_MS = 86_400_000;
const EVERY_MS = 10_000;
const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "short" });

export function ago(moment, now = Date.now()) {
  let amount = (moment - now) / 1000;
  for (const [unit, size] of STEPS) {
    const whole = unit === "day" ? daysBetween(now, moment) : Math.round(amount);
    if (Math.abs(whole) < size) return words.format(whole, unit);
    amount /= size;
  }
}

/** Midnights from one moment to another, whatever the clock is put to in between. */
function daysBetween(from, to) {
  const [first, last] = [from, to].map((time) => new Date(time));
  const [start, end] = [first, last].map((date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()));
  return (end - start) / DAY_MS;
}

class TimeAgo extends HTMLElement {
  connectedCallback() {
    this.show();
    this.timer = setInterval(() => this.show(), EVERY_MS);
    // A fragment that is morphed in brings the server's words: they are replaced before they are painted.
    this.observer = new MutationObserver(() => this.show());
    this.observer.observe(this, { attributes: true, characterData: true, childList: true, subtree: true });
  }

  disconnectedCallback() {
    clearInterval(this.timer);
    this.observer.disconnect();
  }

  show() {
    const time = this.querySelector("time");
    const said = time && ago(Date.parse(time.dateTime));
    if (said && time.textContent !== said) time.textContent = said;
  }
}

customElements.define("time-ago", TimeAgo);
