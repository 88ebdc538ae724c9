// The command palette: Ctrl K or ⌘ K. The server draws the lines; this moves among them, opens and runs them.
import { nextTheme } from "./theme.js";

const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
const ASK_AFTER_MS = 90;
const COMMANDS = {
  theme: nextTheme,
  help: () => document.getElementById("shortcuts")?.showModal(),
  "sign-out": () => document.getElementById("sign-out")?.requestSubmit(),
};
let asking;

export function openPalette(text = "") {
  if (!dialog || dialog.open) return;
  for (const other of document.querySelectorAll("dialog[open]")) other.close();
  input.value = text;
  dialog.showModal();
  ask();
}

// Who is quicker than htmx, which starts after the page is drawn, is answered when it has started.
function ask() {
  const tell = () => input.dispatchEvent(new CustomEvent("palette:ask"));
  if (input.hasAttribute("data-htmx-powered")) tell();
  else input.addEventListener("htmx:after:init", tell, { once: true });
}

const options = () => [...list.querySelectorAll("[role=option]")];
const chosen = () => list.querySelector("[role=option][aria-selected=true]");

function choose(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const all = options();
  if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
}

function run(option, inNewTab) {
  if (!option) return;
  if (option.dataset.command) {
    dialog.close();
    COMMANDS[option.dataset.command]?.();
  } else if (inNewTab) window.open(option.href, "_blank", "noopener");
  else location.assign(option.href);
}

function drawn() {
  const all = options();
  all.forEach((option, place) => (option.id = `palette-option-${place}`));
  choose(all[0] ?? null);
  const said = dialog.querySelector("[data-count]");
  said.textContent = !all.length ? said.dataset.none : all.length === 1 ? said.dataset.one : said.dataset.many.replace("#", all.length);
}

function key(event) {
  const moves = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (moves) move(moves);
  else if (event.key === "Home" && !input.value) choose(options()[0]);
  else if (event.key === "End" && !input.value) choose(options().at(-1));
  else if (event.key === "Enter") run(chosen(), event.ctrlKey || event.metaKey);
  else return;
  event.preventDefault();
}

if (dialog) {
  dialog.addEventListener("keydown", key);
  input.form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", () => {
    clearTimeout(asking);
    asking = setTimeout(ask, ASK_AFTER_MS);
  });
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option?.dataset.command) run(option);
  });
  document.addEventListener("htmx:after:swap", (event) => event.detail.ctx.sourceElement === input && drawn());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.addEventListener("click", (event) => {
    const trigger = event.target.closest("[data-palette]");
    if (!trigger || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    openPalette(trigger.dataset.palette);
  });
}
