// Which fields of a node just added somebody has been in: what is missing from the others is not told at them yet, only
// in the panel of problems. Whoever comes from there, tests or publishes is told all of it.
import { inspector } from "./page.js";

const ALL = "*";
const NODE = /\/nodes\/([a-z0-9_]+)\/$/;
const SHOWS_ALL = "#problems [data-select-node], #trial [data-select-node], #publication [data-select-node]";
const CHECKS = ".top__actions [aria-keyshortcuts]";

const source = document.getElementById("flow-document");
const there = new Set((source ? JSON.parse(source.textContent).nodes : []).map(({ id }) => id));
const touched = new Map();
let isChecked = false;

const isQuiet = (node) => !there.has(node) && !isChecked && touched.get(node) !== ALL;

function leave({ target, relatedTarget }) {
  const field = target.closest("#node-form .field");
  const { node } = target.closest("[data-node]")?.dataset ?? {};
  if (!field || !isQuiet(node) || field.contains(relatedTarget)) return;
  const names = touched.get(node) ?? new Set();
  const before = names.size;
  for (const { name } of field.querySelectorAll("[name]")) names.add(name.replace(/~[a-z]+$/, ""));
  touched.set(node, names);
  const isNews = names.size > before && target.form?.hasAttribute("data-untold");
  if (isNews && inspector().contains(relatedTarget)) target.dispatchEvent(new Event("change", { bubbles: true }));
}

function tellAll({ target }) {
  const shown = document.getElementById("inspector-node");
  const wanted = target.closest(SHOWS_ALL)?.dataset.selectNode;
  const isCheck = target.closest(CHECKS) !== null;
  if (!wanted && !isCheck) return;
  const wasQuiet = shown && isQuiet(shown.dataset.node);
  if (wanted) touched.set(wanted, ALL);
  if (isCheck) isChecked = true;
  if (wasQuiet && !isQuiet(shown.dataset.node)) shown.dispatchEvent(new CustomEvent("inspector:refresh", { bubbles: true }));
}

document.addEventListener("focusout", leave);
document.addEventListener("click", tellAll, { capture: true });
document.addEventListener("htmx:config:request", ({ detail }) => {
  const { request } = detail.ctx;
  const [, node] = NODE.exec(new URL(request.action, location.href).pathname) ?? [];
  if (node && isQuiet(node)) request.headers["Baton-Touched"] = [...(touched.get(node) ?? [])].join(",");
});
