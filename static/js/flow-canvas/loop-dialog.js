// Asks how often a loop may repeat.

/** A number from 1 to 1000, or null where the person leaves. */
export function askLoop(canvas, sentence, current = 3) {
  const dialog = document.getElementById(`${canvas.id}-loop`);
  if (!dialog) return Promise.resolve(null);
  const field = dialog.querySelector("input");
  dialog.querySelector("[data-loop-sentence]").textContent = sentence;
  field.value = current;
  dialog.returnValue = "cancel";
  dialog.showModal();
  field.select();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "loop" ? field.valueAsNumber : null), { once: true });
  });
}
