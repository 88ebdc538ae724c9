// The theme: system, light or dark, kept in a cookie so that the server draws the page in it.
const ORDER = ["system", "light", "dark"];
const root = document.documentElement;

function current() {
  return root.dataset.theme ?? "system";
}

export function setTheme(theme) {
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  label();
}

export function nextTheme() {
  setTheme(ORDER[(ORDER.indexOf(current()) + 1) % ORDER.length]);
}

function label() {
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    const words = button.dataset[current()];
    button.setAttribute("aria-label", words);
    button.title = words;
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-toggle]")) nextTheme();
});
label();
