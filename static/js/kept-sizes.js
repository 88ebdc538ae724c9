// A text field that somebody pulled larger stays so when what it stands in is drawn anew. htmx would copy the `style`
// attribute, which the content policy refuses: no delay to settle (htmx-config) means no copies, and this takes its place.
const SIZES = ["width", "height"];

document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
  ctx.pulled = [...document.querySelectorAll("textarea[id][style]")].map(({ id, style }) => [id, SIZES.map((size) => style.getPropertyValue(size))]);
});

document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  for (const [id, sizes] of ctx.pulled ?? []) {
    const field = document.getElementById(id);
    if (field?.matches("textarea")) SIZES.forEach((size, index) => sizes[index] && field.style.setProperty(size, sizes[index]));
  }
});
