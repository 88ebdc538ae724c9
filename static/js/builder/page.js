// The parts of the page that the others need.
export const canvas = () => document.querySelector("flow-canvas");
export const inspector = () => document.getElementById("inspector");

/** Shows a panel of the dock; `url` is asked for instead of its own content. */
export function showPanel(name, url = "") {
  document.querySelector("dock-tabs")?.show(name, url);
}

/** Keeps what is open in the address, so that a reload and a shared link show the same. */
export function remember(changes) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value) address.searchParams.set(name, value);
    else address.searchParams.delete(name);
  }
  history.replaceState(history.state, "", address);
}
