// The keys of the page: arrows move and fold, digits choose a tab, letters act. Letters can be switched off.
const TYPING = "input, textarea, select, [contenteditable], dialog[open]";

export class Keys {
  constructor(page) {
    this.page = page;
    this.leaving = new AbortController();
    document.addEventListener("keydown", (event) => this.#press(event), { signal: this.leaving.signal });
  }

  #press(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
    const arrow = ARROWS[event.key];
    if (arrow && this.#inTable(event.target)) {
      event.preventDefault();
      arrow(this.page.waterfall, this.page);
    } else if (document.documentElement.dataset.shortcuts !== "off") this.#letter(event);
  }

  /** Arrows belong to the table, and to the page where nothing else has the focus. */
  #inTable(target) {
    return target === document.body || target.id === "main" || this.page.waterfall.table.contains(target);
  }

  #letter(event) {
    const act = event.key === "R" && event.shiftKey ? "retry" : { f: "fork", x: "cancel" }[event.key];
    const button = act && document.querySelector(`[data-act=${act}]:not([hidden])`);
    if (/^[1-9]$/.test(event.key) && this.page.detail.tabs.length) this.page.detail.choose(this.page.detail.tabs[event.key - 1]);
    else if (button) button.click();
    else return;
    event.preventDefault();
  }
}

const ARROWS = {
  ArrowUp: (waterfall, page) => move(waterfall, page, -1),
  ArrowDown: (waterfall, page) => move(waterfall, page, 1),
  ArrowLeft: (waterfall) => fold(waterfall, true),
  ArrowRight: (waterfall) => fold(waterfall, false),
};

function move(waterfall, page, step) {
  const { list } = waterfall;
  const at = list.findIndex((entry) => page.selection.isSelected(entry));
  const next = list[at < 0 ? 0 : Math.min(Math.max(at + step, 0), list.length - 1)];
  if (next) page.selection.entry(next);
}

function fold(waterfall, folded) {
  const entry = waterfall.list.find((one) => waterfall.page.selection.isSelected(one));
  if (entry?.open === !folded) return;
  if (entry && entry.open !== undefined) waterfall.fold(entry, folded);
}
