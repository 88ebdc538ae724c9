// What every page needs: the theme, dialogs, toasts, the palette, shortcuts, and how it shows that it waits.
import "./theme.js";
import "./dialogs.js";
import "./shown-dialogs.js";
import "./time-ago.js";
import "./toasts.js";
import "./confirm.js";
import "./failures.js";
import "./loading.js";
import "./kept-sizes.js";
import "./polling.js";
import "./palette.js";
import "./shortcuts.js";
import "./copying.js";
import "./waiting-count.js";

document.documentElement.dataset.scripts = "ready"; // from here on keys and clicks are heard
