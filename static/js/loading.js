// What takes longer than 300 ms shows that it is under way: a line on top, and the part that will change is dimmed,
// or stands as a skeleton where it is empty and says [data-skeleton].
const AFTER_MS = 300;
const line = document.getElementById("loading");
const waiting = new Map();

function begin(ctx) {
  const target = ctx.target instanceof Element ? ctx.target : null;
  if (line) line.hidden = false;
  target?.setAttribute("aria-busy", "true");
  if (target?.dataset.skeleton !== undefined && !target.childElementCount) {
    target.append(document.getElementById("skeleton").content.cloneNode(true));
  }
}

function end(ctx) {
  clearTimeout(waiting.get(ctx));
  waiting.delete(ctx);
  if (ctx.target instanceof Element) {
    ctx.target.removeAttribute("aria-busy");
    if (ctx.target.querySelector(":scope > .stack > .skel")) ctx.target.replaceChildren();
  }
  if (line && !waiting.size) line.hidden = true;
}

document.addEventListener("htmx:before:request", (event) => {
  const { ctx } = event.detail;
  if (!ctx.sourceElement.closest("[data-poll]")) waiting.set(ctx, setTimeout(begin, AFTER_MS, ctx));
});
document.addEventListener("htmx:finally:request", (event) => end(event.detail.ctx));
