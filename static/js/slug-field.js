/* An input with data-follows holds a slug: it is made from the named input's text while that is typed, until a person
 * types a slug. An emptied one follows again. data-proposed: what stands there at first is the page's own proposal. */
const LONGEST = 64;

function slugOf(name) {
  const plain = name.replaceAll("ß", "ss").normalize("NFKD").replace(/\p{Mark}|['’]/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").slice(0, LONGEST).replace(/^-+|-+$/g, "");
}

function follow(slug) {
  const name = document.getElementById(slug.dataset.follows);
  if (!name) return;
  let isOwn = slug.value !== "" && !("proposed" in slug.dataset) && slug.value !== slugOf(name.value);
  slug.addEventListener("input", () => {
    isOwn = slug.value !== "";
  });
  name.addEventListener("input", () => {
    if (!isOwn) slug.value = slugOf(name.value);
  });
}

for (const slug of document.querySelectorAll("input[data-follows]")) follow(slug);
