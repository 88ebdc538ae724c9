// The words and pictures of the page: the server translated them into #run-words.
const SVG = "http://www.w3.org/2000/svg";
const PICTURES = {
  __proto__: null,
  pending: "circle", queued: "clock", running: "loader-circle", waiting: "hand", succeeded: "circle-check",
  failed: "circle-x", cancelled: "circle-slash", skipped: "circle-minus", blocked: "shield-x",
};

export function word(name) {
  const words = document.getElementById("run-words").dataset;
  return Object.hasOwn(words, name) ? words[name] : name;
}

export function statusWord(status) {
  return word(status === "failed" ? "failedStatus" : status);
}

export function pictureOf(status) {
  return PICTURES[status] ?? "circle";
}

export function icon(name, classes = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `i ${classes}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = svg.appendChild(document.createElementNS(SVG, "use"));
  setIcon(svg, name, use);
  return svg;
}

export function setIcon(svg, name, use = svg.firstElementChild) {
  use.setAttribute("href", `${document.querySelector("run-trace").dataset.icons}#i-${name}`);
}

export function drawn(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
