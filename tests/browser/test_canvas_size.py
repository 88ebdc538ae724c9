"""How much JavaScript the canvas is: what draws it, and what a page that edits it loads besides."""

import gzip
import re

from tests.serving import ROOT

FOLDER = ROOT / "static" / "js" / "flow-canvas"
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?from "\./([a-z-]+\.js)";', re.MULTILINE)


def loaded_with(name: str) -> set[str]:
    """A module and all that it imports, without what is loaded on demand (`import(…)`)."""
    found, waiting = set(), [name]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            waiting.extend(IMPORT.findall((FOLDER / module).read_text(encoding="utf-8")))
    return found


def zipped_bytes(names: set[str]) -> int:
    return len(gzip.compress(b"".join((FOLDER / name).read_bytes() for name in sorted(names)), 9))


def test_what_draws_a_flow_is_under_20_kb_and_so_is_what_edits_it():
    drawn = loaded_with("flow-canvas.js")
    edited = loaded_with("editor.js") - drawn
    assert {"view.js", "cards.js", "edges.js"} <= drawn and "saving.js" in edited
    assert zipped_bytes(drawn) < 20_000
    assert zipped_bytes(edited) < 20_000


def test_every_module_of_the_canvas_is_used():
    used = loaded_with("flow-canvas.js") | loaded_with("editor.js") | loaded_with("tidy.js")
    assert {path.name for path in FOLDER.glob("*.js")} == used
