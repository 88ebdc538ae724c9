// The search of the palette: types whose name or summary holds what is typed. Enter adds the first one.
const field = document.getElementById("palette-search");

function filter() {
  const wanted = field.value.trim().toLowerCase();
  let found = 0;
  for (const group of document.querySelectorAll("[data-palette-group]")) {
    const items = [...group.querySelectorAll("[data-add-type]")];
    for (const item of items) {
      const text = `${item.textContent} ${item.title}`.toLowerCase();
      item.closest("li").hidden = !text.includes(wanted);
    }
    const shown = items.filter((item) => !item.closest("li").hidden).length;
    group.hidden = !shown;
    found += shown;
  }
  document.querySelector("[data-palette-none]").hidden = found > 0;
}

field?.addEventListener("input", filter);
field?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  document.querySelector("[data-palette-group]:not([hidden]) li:not([hidden]) [data-add-type]")?.click();
});
