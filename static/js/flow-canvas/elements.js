// Making elements: HTML, SVG, and the symbols of the sprite.
const SVG = "http://www.w3.org/2000/svg";

export function svg(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export function html(name, classes = "", text = "") {
  const element = document.createElement(name);
  if (classes) element.className = classes;
  if (text) element.textContent = text;
  return element;
}

export function icon(sprite, name) {
  const element = svg("svg", { class: "i", "aria-hidden": "true" });
  element.append(svg("use", { href: `${sprite}#i-${name}` }));
  return element;
}

/** The first element of a fragment that the server rendered. */
export function fromServer(fragment) {
  const holder = document.createElement("template");
  holder.innerHTML = fragment;
  return holder.content.firstElementChild;
}

/** Puts a fragment in the place of the element with the same id, if the page has one. */
export function swapById(fragment) {
  const fresh = fragment && fromServer(fragment);
  const old = fresh?.id && document.getElementById(fresh.id);
  if (!old) return;
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
}

export const isField = (target) => Boolean(target.closest?.("input, textarea, select, [contenteditable]:not([contenteditable=false])"));
