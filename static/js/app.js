// What every page needs: the theme, dialogs, toasts.
import "./theme.js";
import "./dialogs.js";
import "./time-ago.js";
