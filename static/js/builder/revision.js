// Forms that edit the draft say which revision they saw, so that nobody overwrites what they did not see.
import { canvas } from "./page.js";

const EDITS = /\/(nodes\/[a-z0-9_]+|fixes|settings)\/$/;

document.addEventListener("htmx:config:request", ({ detail }) => {
  const { request } = detail.ctx;
  const revision = canvas()?.dataset.revision;
  if (!revision || request.method?.toUpperCase() !== "POST") return;
  if (!EDITS.test(new URL(request.action, location.href).pathname)) return;
  if (!canvas().saving?.queue.length) request.body?.set?.("revision", revision);
});
