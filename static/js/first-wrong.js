// Where a form that came back refused is to be looked at: at the field with the error, with its words in sight.
const WRONG = "[data-focus], [aria-invalid=true], [role=alert][tabindex]";

/** Focuses what is wrong in a part of the page; false where nothing is. */
export function showWrong(part) {
  const wrong = part.querySelector("[data-focus][role=alert]") ?? part.querySelector("[aria-invalid=true]") ?? part.querySelector(WRONG);
  if (!wrong) return false;
  wrong.focus({ preventScroll: true });
  (wrong.closest(".field") ?? wrong).scrollIntoView({ block: "center" });
  return true;
}
