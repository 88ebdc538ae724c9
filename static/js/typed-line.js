// What stands in a form's fields, in a line: as runs/views/approvals/summary.py writes a payload that nobody changed.
const MOST = 8;
const LONGEST = 80;
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\s]+/g;
const ON = "true";

/** Money first: "amount $49.00, charge ch_9002, reason “Charged twice.”"; "" where nothing is filled in. */
export function typedLine(form) {
  const controls = [...form.querySelectorAll("[data-pointer] :is(input, textarea, select)")].filter(isSaid);
  const parts = [...controls.filter(isMoney), ...controls.filter((one) => !isMoney(one))].slice(0, MOST).map(part);
  return parts.join(", ") + (controls.length > MOST ? " …" : "");
}

function isSaid(control) {
  if (control.type === "hidden" || control.type === "file" || control.closest("[hidden]") || !control.labels?.length) return false;
  if (control.type === "checkbox" || control.type === "radio") return control.checked;
  return control.value.trim() !== "";
}

const unitOf = (control) => control.closest(".affix")?.querySelector(".affix__end")?.textContent ?? "";
const isMoney = (control) => unitOf(control) === "$";

function part(control) {
  const name = nameOf(control.labels[0]);
  if (isMoney(control)) return `${name} $${control.value.trim().replace(/^(\d+)(?:\.(\d{0,2}))?$/, (_, whole, cents) => `${whole}.${(cents ?? "").padEnd(2, "0")}`)}`;
  const value = control.type === "checkbox" ? ON : worded(control.value);
  return [name, value, unitOf(control)].filter(Boolean).join(" ");
}

function nameOf(label) {
  const words = clean(label.firstChild?.textContent ?? "") || clean(label.textContent);
  return /^[A-Z]{2}/.test(words) ? words : words.slice(0, 1).toLowerCase() + words.slice(1);
}

function worded(text) {
  const line = clean(text);
  const shown = line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
  return /^[\p{L}\p{N}_.@:/#+-]+$/u.test(shown) ? shown : `“${shown.replace(/[“”]/g, '"')}”`;
}

const clean = (text) => text.replace(UNSEEN, " ").trim();
