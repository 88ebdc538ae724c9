// How many items wait for people, beside "Approvals" in every navigation: the part of a page that the server draws anew
// says it by [data-waiting-now].
export function showWaiting() {
  const now = document.querySelector("main [data-waiting-now]")?.dataset.waitingNow;
  if (now === undefined) return;
  for (const badge of document.querySelectorAll("[data-waiting-count]")) {
    badge.hidden = now === "0";
    if (badge.firstChild.data !== now) badge.firstChild.data = now;
  }
}

document.addEventListener("htmx:after:swap", showWaiting);
