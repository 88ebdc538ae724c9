// A form with [data-unsaved] is not left with changes by mistake: the browser asks. "already" says that it came back with
// what was typed, so there are changes from the start. A link with [data-needs-saved] (the form's id) saves first; the
// server then leads on ("then").
const before = new WeakMap();
const leaving = new WeakSet();

function stateOf(form) {
  const said = [...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]);
  return JSON.stringify(said.filter(([name]) => name !== "csrfmiddlewaretoken"));
}

function isChanged(form) {
  return form.dataset.unsaved === "already" || (before.has(form) && before.get(form) !== stateOf(form));
}

const forms = [...document.querySelectorAll("form[data-unsaved]")];

// What the browser restores and what other scripts set up is there by then; nothing was typed before.
for (const form of forms) before.set(form, stateOf(form));

document.addEventListener("submit", (event) => {
  if (!event.defaultPrevented && forms.includes(event.target)) leaving.add(event.target);
});

addEventListener("pageshow", () => forms.forEach((form) => leaving.delete(form)));

addEventListener("beforeunload", (event) => {
  if (forms.some((form) => !leaving.has(form) && isChanged(form))) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-needs-saved]");
  const form = link && document.getElementById(link.dataset.needsSaved);
  if (!form || !isChanged(form) || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const then = form.querySelector("input[name=then]") ?? form.appendChild(document.createElement("input"));
  Object.assign(then, { type: "hidden", name: "then", value: "publish" });
  form.requestSubmit();
  then.remove();
});
