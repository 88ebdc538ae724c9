"""How much JavaScript the canvas is, as a browser gets it: what draws it, and what editing loads besides."""

from config.assets.bundling import Module, homes_of
from tests.browser.drawing import FORK, Drawing
from tests.serving import ROOT

SOURCES = ROOT / "static"
HARMLESS = {
    "Clipboard",
    "History",
    "Keyboard",
    "Selection",
}  # classes that hide classes of the browser no page uses
ON_DEMAND = {
    *("adding.js", "conflict.js", "connecting.js", "drag-nodes.js", "edit-keys.js", "keys.js", "live.js"),
    *("look-keys.js", "loops.js", "paste.js", "room.js", "tidy.js"),
}
LOADED = """() => Object.fromEntries(performance.getEntriesByType('resource')
    .filter(({ name }) => name.includes('/js/flow-canvas/'))
    .map(({ name, encodedBodySize }) => [name.split('/').pop(), encodedBodySize]))"""


def modules() -> dict[str, Module]:
    paths = [path.relative_to(SOURCES).as_posix() for path in (SOURCES / "js").rglob("*.js")]
    return {path: Module(path, (SOURCES / path).read_text(encoding="utf-8")) for path in paths}


def test_what_draws_a_flow_is_under_14_kb_and_what_edits_it_under_15_more(ada, server):
    loaded = Drawing(ada, server).page.evaluate(LOADED)
    assert 5_000 < loaded["flow-canvas.js"] < 14_000
    assert 5_000 < loaded["editor.js"] < 15_000
    assert set(loaded) <= {"flow-canvas.js", "editor.js", *ON_DEMAND}
    assert sum(loaded.values()) < 36_000


def test_who_may_only_read_loads_what_draws(sign_in, server, publish):
    page = sign_in("ben")
    page.goto(f"/projects/demo/flows/{publish(FORK)}/")
    page.wait_for_selector("flow-canvas[data-ready]")
    assert set(page.evaluate(LOADED)) == {"flow-canvas.js"}


def test_every_module_of_the_canvas_is_used():
    homes = homes_of(modules())
    canvas = {home for path, home in homes.items() if path.startswith("js/flow-canvas/")}
    assert canvas == {f"js/flow-canvas/{name}.js" for name in ("flow-canvas", "editor")} | {
        f"js/flow-canvas/{name}" for name in ON_DEMAND
    }


def test_no_module_hides_a_name_of_the_browser_from_those_it_is_joined_with(page):
    page.goto("/sign-in/")
    names = {name for module in modules().values() for name in (*module.own_names, *module.exports)}
    assert set(page.evaluate("names => names.filter(name => name in window)", sorted(names))) <= HARMLESS
