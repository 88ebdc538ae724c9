// Forms with [data-confirm="Question?"] are sent after a yes, which they carry (runs.views.confirmation).
// [data-confirm-text] says what will happen, [data-confirm-action] stands on the button, [data-confirm-look] is how it
// looks where it destroys nothing. [data-confirm-typed] names what is called with what the form's fields hold by then.
import { typedLine } from "./typed-line.js";

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
  dialog.querySelector("#confirm-text").textContent = textOf(asks, form);
  const yes = dialog.querySelector("[data-confirmed]");
  yes.textContent = asks.dataset.confirmAction ?? event.submitter?.textContent.trim() ?? "OK";
  yes.className = `btn ${asks.dataset.confirmLook || "btn--danger-solid"}`;
  yes.onclick = () => {
    dialog.close();
    agreed.add(form);
    sayYes(form);
    form.requestSubmit(event.submitter?.form === form ? event.submitter : undefined);
  };
  dialog.showModal();
}, true);

function textOf({ dataset }, form) {
  if (dataset.confirmTyped === undefined) return dataset.confirmText ?? "";
  const line = typedLine(form);
  return `${dataset.confirmTyped}: ${line}${line.endsWith("”") ? "" : "."} ${dataset.confirmEnd ?? ""}`;
}

function sayYes(form) {
  const said = form.querySelector("input[name=confirmed]") ?? form.appendChild(document.createElement("input"));
  Object.assign(said, { type: "hidden", name: "confirmed", value: "yes" });
}
