// The builder's page around the canvas. Everything here also works without it, by links and forms that load the page.
import "./dock-tabs.js";
import "./links.js";
import "./news.js";
import "./palette-search.js";
import "./revision.js";
import "./keys.js";
import "./touched.js";
