// A dialog that the server sends as a part of the page ([data-show]) is opened as soon as it is there.
function show() {
  for (const dialog of document.querySelectorAll("dialog[data-show]:not([open])")) {
    dialog.addEventListener("close", () => dialog.remove(), { once: true });
    dialog.showModal();
  }
}

document.addEventListener("htmx:after:swap", show);
show();
