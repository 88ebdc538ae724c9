// What the canvas says: sentences that the server rendered into <template id="canvas-words">, in the person's language.
let sentences;

/** A sentence with its {braces} filled in; `count` 1 takes the form for one. */
export function say(name, values = {}) {
  sentences ??= new Map([...(document.getElementById("canvas-words")?.content.children ?? [])].map((one) => [one.dataset.say, one]));
  const found = sentences.get(name);
  const text = (values.count === 1 && found?.dataset.one) || found?.textContent || name;
  return text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);
}
