// Opens and closes what is named: [data-open=ID], [data-close], toasts by [data-dismiss].
document.addEventListener("click", (event) => {
  const trigger = event.target.closest("[data-open], [data-close], [data-dismiss]");
  if (!trigger) return;
  if (trigger.dataset.open !== undefined) {
    const dialog = document.getElementById(trigger.dataset.open);
    if (dialog) {
      event.preventDefault();
      dialog.showModal();
    }
  } else if (trigger.dataset.close !== undefined) trigger.closest("dialog")?.close();
  else trigger.closest(".toast")?.remove();
});
