// Keys of every page. Single letters do nothing while one types, in dialogs, and where they are switched off.
import { openPalette } from "./palette.js";
import { nextTheme } from "./theme.js";

const SECOND_KEY_MS = 1500;
const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]:not([contenteditable=false])";
const ROWS = "[data-rows] th a, [data-rows] [data-row-link], main tbody th[scope=row] > a:first-child";
const apple = /Mac|iPhone|iPad/.test(navigator.platform);
let waitsForSecond;

function help() {
  document.getElementById("shortcuts")?.showModal();
}

function search() {
  const field = document.querySelector("main [type=search]");
  if (field?.checkVisibility()) field.focus();
  else openPalette();
}

function step(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  const here = rows.findIndex((row) => row.closest("tr, li") === document.activeElement?.closest("tr, li"));
  const at = here < 0 ? rows.findIndex((row) => row.ariaCurrent === "true") : here; // the one that is open
  (rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by] ?? null)?.focus();
}

const LETTERS = { "?": help, "/": search, T: nextTheme, j: () => step(1), k: () => step(-1) };

function single(event) {
  if (waitsForSecond) {
    clearTimeout(waitsForSecond);
    waitsForSecond = undefined;
    const link = document.querySelector(`.side [data-go="${CSS.escape(event.key)}"]`);
    if (link) location.assign(link.href);
    return link !== null;
  }
  if (event.key === "g") {
    waitsForSecond = setTimeout(() => (waitsForSecond = undefined), SECOND_KEY_MS);
    return true;
  }
  const act = LETTERS[event.key];
  act?.();
  return act !== undefined;
}

// In the capture phase for the second key after g only: everything else may be taken by the part that has the focus.
function key(event, capturing) {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    if (!capturing) return;
    event.preventDefault();
    openPalette();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Shift") return;
  if (document.documentElement.dataset.shortcuts === "off") return;
  if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
  if (capturing !== Boolean(waitsForSecond)) return;
  if (single(event)) {
    event.preventDefault();
    if (capturing) event.stopPropagation();
  }
}

document.addEventListener("keydown", (event) => key(event, true), true);
document.addEventListener("keydown", (event) => key(event, false));
if (apple) {
  for (const word of document.querySelectorAll("[data-modifier]")) word.textContent = "⌘K";
  for (const word of document.querySelectorAll("[data-modifier-key]")) word.textContent = "⌘";
}
