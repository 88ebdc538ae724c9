// Forms with [data-confirm="Question?"] are sent after a yes, which they carry (runs.views.confirmation).
// [data-confirm-text] says what will happen, [data-confirm-action] stands on the button.
const agreed = new WeakSet();

document.addEventListener("submit", (event) => {
  const form = event.target;
  const asks = event.submitter?.dataset.confirm !== undefined ? event.submitter : form;
  if (asks.dataset.confirm === undefined || agreed.delete(form)) return;
  const dialog = document.getElementById("confirm");
  if (!dialog) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  dialog.querySelector("#confirm-title").textContent = asks.dataset.confirm;
  dialog.querySelector("#confirm-text").textContent = asks.dataset.confirmText ?? "";
  const yes = dialog.querySelector("[data-confirmed]");
  yes.textContent = asks.dataset.confirmAction ?? event.submitter?.textContent.trim() ?? "OK";
  yes.onclick = () => {
    dialog.close();
    agreed.add(form);
    sayYes(form);
    form.requestSubmit(event.submitter?.form === form ? event.submitter : undefined);
  };
  dialog.showModal();
}, true);

function sayYes(form) {
  const said = form.querySelector("input[name=confirmed]") ?? form.appendChild(document.createElement("input"));
  Object.assign(said, { type: "hidden", name: "confirmed", value: "yes" });
}
