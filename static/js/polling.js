// [data-poll="5"] is asked for anew every 5 s by the event `poll` (hx-trigger="poll"). Hidden tabs ask nothing, and ask
// at once when they are looked at again; after a failure the pause doubles, up to a minute.
const MOST_S = 60;
const asked = new WeakMap();

function pause(element) {
  return Math.min(Number(element.dataset.poll) * 2 ** (asked.get(element)?.failures ?? 0), MOST_S) * 1000;
}

function look(now = false) {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-poll]")) {
    const last = asked.get(element)?.at;
    if (last === undefined) asked.set(element, { at: Date.now(), failures: 0 });
    else if (now || Date.now() - last >= pause(element)) {
      asked.get(element).at = Date.now();
      element.dispatchEvent(new CustomEvent("poll"));
    }
  }
}

function count(event, failed) {
  const element = event.detail.ctx?.sourceElement;
  const known = element && asked.get(element);
  if (known) known.failures = failed ? known.failures + 1 : 0;
}

document.addEventListener("htmx:error", (event) => count(event, true));
document.addEventListener("htmx:after:request", (event) => count(event, event.detail.ctx.response.status >= 500));
document.addEventListener("visibilitychange", () => look(true));
setInterval(() => look(), 500);
