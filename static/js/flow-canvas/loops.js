// How often a loop may repeat: asked when one is made, or changed.
import { say } from "./words.js";

/** The limit of a loop edge: a number from 1 to 1000, or null where the person leaves. */
export function askLoop(canvas, { from, to }, current = 3) {
  const dialog = document.getElementById(`${canvas.id}-loop`);
  if (!dialog) return Promise.resolve(null);
  const field = dialog.querySelector("input");
  const names = { from: canvas.cards.nameOf(from), to: canvas.cards.nameOf(to) };
  dialog.querySelector("[data-loop-sentence]").textContent = say(from === to ? "loop-offer-self" : "loop-offer", names);
  field.value = current;
  dialog.returnValue = "cancel";
  dialog.showModal();
  field.select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "loop" ? field.valueAsNumber : null), { once: true });
  });
}

export async function changeLoop(canvas, { from, port, to, loop }) {
  const max = await askLoop(canvas, { from, to }, loop.max);
  if (max && max !== loop.max) canvas.editing.perform([{ op: "loop", edge: { from, port, to }, max }], say("repeat", { count: max }));
}
