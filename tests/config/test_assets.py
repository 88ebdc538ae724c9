"""Static files as browsers get them: modules joined, compressed, under an address that changes with their content."""

import posixpath
import re

import pytest
from django.conf import settings
from django.templatetags.static import static
from django.test import Client

from config.assets import release
from config.assets.bundling import Module, UnreadableModule, bundled, homes_of

STATIC_IMPORT = re.compile(r"""(?:from|import)["' ]+(\.{1,2}/[\w./-]+)["']""")
NAMED = re.compile(r"""{% static ["']([\w./-]+)["'] %}""")


def test_modules_that_one_page_script_needs_become_part_of_it():
    sources = {
        "js/page.js": 'import { shown } from "./parts/shown.js";\n\nshown("now");\n',
        "js/parts/shown.js": 'import { made } from "./made.js";\n\nexport function shown(text) {\n  made(text);\n}\n',
        "js/parts/made.js": "export const made = (text) => document.append(text);\n",
    }
    assert bundled(sources) == {
        "js/page.js": "const made = (text) => document.append(text);\n"
        "\nfunction shown(text) {\n  made(text);\n}\n"
        '\nshown("now");\n'
    }


def test_a_module_that_two_page_scripts_need_stays_one_so_that_it_runs_once():
    sources = {
        "js/one.js": 'import { count } from "./count.js";\ncount();\n',
        "js/other.js": 'import { count } from "./count.js";\ncount();\n',
        "js/count.js": "let all = 0;\nexport const count = () => (all += 1);\n",
    }
    made = bundled(sources)
    assert made["js/one.js"] == made["js/other.js"] == 'import { count } from "./count.js";\ncount();\n'
    assert made["js/count.js"] == "let all = 0;\nconst count = () => (all += 1);\nexport { count };\n"


def test_what_is_loaded_on_demand_takes_from_its_loader_what_that_has():
    sources = {
        "js/draw.js": 'import { line } from "./line.js";\nline();\nexport const edit = () => import("./edit.js");\n',
        "js/line.js": "export function line() {}\n",
        "js/edit.js": 'import { line } from "./line.js";\nimport { undo } from "./undo.js";\nundo(line);\n',
        "js/undo.js": "export function undo(what) {}\n",
    }
    made = bundled(sources)
    assert set(made) == {"js/draw.js", "js/edit.js"}
    assert made["js/draw.js"].endswith("export { edit, line };\n")
    assert made["js/edit.js"] == 'import { line } from "./draw.js";\nfunction undo(what) {}\nundo(line);\n'


def test_a_part_of_a_part_takes_from_what_was_there_before_both():
    sources = {
        "js/draw.js": 'import { line } from "./line.js";\nline();\nexport const edit = () => import("./edit.js");\n',
        "js/edit.js": 'export const connect = () => import("./connect.js");\n',
        "js/connect.js": 'import { line } from "./line.js";\nline();\n',
        "js/line.js": "export function line() {}\n",
    }
    made = bundled(sources)
    assert set(made) == {"js/draw.js", "js/edit.js", "js/connect.js"}
    assert made["js/connect.js"] == 'import { line } from "./draw.js";\nline();\n'


def test_a_module_whose_own_names_are_taken_gets_a_scope_of_its_own():
    sources = {
        "js/page.js": 'import { one } from "./one.js";\nimport { other } from "./other.js";\none(other);\n',
        "js/one.js": "const MOST = 1;\nexport const one = () => MOST;\n",
        "js/other.js": "const [MOST, LEAST] = [2, 0];\nexport const other = () => MOST - LEAST;\n",
    }
    assert bundled(sources)["js/page.js"] == (
        "const MOST = 1;\nconst one = () => MOST;\n"
        "const { other } = (() => {\n"
        "const [MOST, LEAST] = [2, 0];\nconst other = () => MOST - LEAST;\n"
        "return { other };\n})();\n"
        "one(other);\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        "export default function () {}",
        "export { one as other };",
        'import * as all from "./all.js";',
        'import one from "./one.js";',
    ],
)
def test_imports_and_exports_in_other_words_are_refused_by_name(line):
    with pytest.raises(UnreadableModule, match=re.escape(f"js/page.js: {line}")):
        bundled({"js/page.js": f"{line}\n"})


@pytest.mark.parametrize(
    "line",
    [
        "const [MOST, LEAST] = [2, 0], EVEN = 1;",
        "const MOST = [1, 2], LEAST = 0;",
        "let first, last;",
        "const { at: where } = place;",
        "const { at = 1 } = place;",
        "const [, [inner]] = deep;",
        "const said = `${of(`a;`)}`, more = 1;",
        "const found = /[,;`]/, more = 1;",
    ],
)
def test_a_declaration_that_would_hide_a_name_is_refused(line):
    with pytest.raises(UnreadableModule, match=re.escape(f"js/page.js: {line}")):
        bundled({"js/page.js": f"{line}\n"})


def test_every_name_of_a_module_is_known():
    source = (
        "const [MOST, LEAST] = [2, 0];\nlet late;\nvar old = 1;\nfunction* each() {}\n"
        "const { one,\n  two } = { one: 1, two: `a, ${`b, ${[1, 2]}`}, c` };\n"
        "const WORD = /[,/]\\/,/;\n"
        "const said = (a, b) => {\n  const inner = 1, other = 2;\n  return a + b; // done, so\n};\n"
    )
    assert Module("js/page.js", source).own_names == {
        *("MOST", "LEAST", "late", "old", "each", "one", "two", "WORD", "said")
    }


def test_an_import_under_another_name_is_refused():
    sources = {
        "js/page.js": 'import { at as where } from "./one.js";\nwhere();\n',
        "js/one.js": "export const at = () => 1;\n",
    }
    with pytest.raises(UnreadableModule, match="js/page.js: import at as where"):
        bundled(sources)


def test_two_exports_of_one_name_cannot_share_a_bundle():
    sources = {
        "js/page.js": 'import { at } from "./one.js";\nimport "./other.js";\nat();\n',
        "js/one.js": "export const at = () => 1;\n",
        "js/other.js": "export const at = () => 2;\n",
    }
    with pytest.raises(UnreadableModule, match="export the same name"):
        bundled(sources)


def test_every_file_that_a_template_names_is_released():
    present = release.made() / release.name()
    named = {
        name
        for template in (settings.BASE_DIR / "templates").rglob("*.html")
        for name in NAMED.findall(template.read_text(encoding="utf-8"))
        if not name.startswith("drf_spectacular_sidecar/")
    }
    assert {"css/app.css", "js/app.js", "icons.svg", "js/flow-canvas/editor.js"} <= named
    assert [name for name in sorted(named) if not (present / name).is_file()] == []


def test_no_page_script_is_a_part_of_another_too():
    """It would run twice."""
    modules = {
        name: Module(name, (release.sources() / name).read_text(encoding="utf-8"))
        for name in release.shipped()
        if name.startswith("js/")
    }
    homes = homes_of(modules)
    named = {
        name
        for template in (settings.BASE_DIR / "templates").rglob("*.html")
        for name in NAMED.findall(template.read_text(encoding="utf-8"))
        if name.startswith("js/")
    }
    assert [name for name in sorted(named) if homes[name] != name] == []


def test_a_flow_can_be_edited_after_less_than_20_kb_of_canvas_scripts():
    """What a person does rarely is loaded when it is done: paste, quick-add, conflicts, tidying up."""
    present = release.made() / release.name()
    page = (settings.BASE_DIR / "templates" / "builder" / "page.html").read_text(encoding="utf-8")
    loaded = [name for name in NAMED.findall(page) if name.startswith("js/flow-canvas/")]
    for name in loaded:
        found = STATIC_IMPORT.findall((present / name).read_text(encoding="utf-8"))
        near = [posixpath.normpath(f"{posixpath.dirname(name)}/{path}") for path in found]
        loaded.extend(path for path in near if path not in loaded)

    assert loaded == ["js/flow-canvas/flow-canvas.js", "js/flow-canvas/editor.js"]
    assert sum((present / f"{name}.gz").stat().st_size for name in loaded) < 20_000
    on_demand = {path.name for path in (present / "js" / "flow-canvas").glob("*.js")}
    assert {"adding.js", "conflict.js", "connecting.js", "keys.js", "paste.js", "tidy.js"} <= on_demand


def test_a_released_file_comes_compressed_and_is_asked_for_once():
    answer = Client().get(static("js/app.js"), headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer["Content-Encoding"] == "gzip"
    assert answer["Cache-Control"] == "max-age=315360000, public, immutable"
    assert answer["Content-Type"] == 'text/javascript; charset="utf-8"'
    assert "script-src 'self'" in answer["Content-Security-Policy"]


def test_the_stylesheet_of_all_pages_is_one_file():
    text = b"".join(Client().get(static("css/app.css")).streaming_content).decode()
    assert "@import" not in text
    assert text.index("@layer reset, tokens") < text.index("flow-canvas {")


def test_a_release_is_made_once(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    first = release.made() / release.name() / "js" / "app.js"
    made_at = first.stat().st_mtime_ns
    assert release.made() == tmp_path / "static"
    assert first.stat().st_mtime_ns == made_at
    assert [path.name for path in tmp_path.iterdir()] == ["static"]
