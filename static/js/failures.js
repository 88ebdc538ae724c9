// What htmx could not do is told in a toast: no connection, no answer in time, a fault of the server.
import { dismiss, toast } from "./toasts.js";

const words = document.getElementById("toast")?.dataset ?? {};

document.addEventListener("htmx:error", (event) => {
  const { ctx, error } = event.detail;
  if (!ctx || error?.name === "AbortError" && !String(ctx.status).includes("timeout")) return;
  const slow = error?.name === "AbortError";
  toast(slow ? words.slow : words.offline, { text: words.offlineText, status: "failed", key: "connection" });
});

document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail.ctx.response.status;
  if (status >= 500) toast(words.broken, { text: words.brokenText, status: "failed", key: "connection" });
});

document.addEventListener("htmx:after:request", (event) => {
  if (event.detail.ctx.response?.status < 500) dismiss("connection");
});
window.addEventListener("online", () => dismiss("connection"));
