"""Pages escape everything, and hold no script and no style of their own: the CSP would stop it anyway.

An import map is the one inline script there is: it has no other form, and carries the nonce.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "governance", "registry", "flows", "runs")

TEMPLATE_RULES = {
    "marks text as safe": r"\|\s*safe(?:seq)?\b|\{%-?\s*autoescape\s+off",
    "inline script": r"""<script\b(?![^>]*\bsrc\s*=)(?!\s+type="importmap"\s+nonce=)""",
    "inline style": r"""<style\b|<[a-z][^>]*\sstyle\s*=""",
    "inline handler": r"""<[a-z][^>]*\s(?:on[a-z]+|hx-on[:\w-]*)\s*=|["'=]\s*javascript:|=\s*["']\s*js:""",
}
PYTHON_RULES = {"marks text as safe": r"\bmark_safe\b|\bSafeString\b|\bSafeText\b|\.__html__\b"}


def broken(rules: dict[str, str], text: str) -> list[str]:
    return [name for name, pattern in rules.items() if re.search(pattern, text, re.IGNORECASE)]


def product(pattern: str, *folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (ROOT / folder).rglob(pattern))


def test_templates_escape_and_hold_no_script_or_style():
    templates = product("*.html", "templates", *APPS)

    assert {str(file.relative_to(ROOT)): broken(TEMPLATE_RULES, file.read_text()) for file in templates} == {
        str(file.relative_to(ROOT)): [] for file in templates
    }


def test_python_never_marks_text_as_safe():
    modules = product("*.py", *APPS)

    assert len(modules) > 20
    assert [str(file.relative_to(ROOT)) for file in modules if broken(PYTHON_RULES, file.read_text())] == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{{ run.output|safe }}", "marks text as safe"),
        ("{{ names | safeseq }}", "marks text as safe"),
        ("{% autoescape off %}", "marks text as safe"),
        ("<script>start()</script>", "inline script"),
        ('<script type="module">import "x"</script>', "inline script"),
        ('<script type="importmap">{}</script>', "inline script"),
        ("<style>p {}</style>", "inline style"),
        ('<p class="a"\n   style="color: red">', "inline style"),
        ('<button onclick="go()">', "inline handler"),
        ('<div hx-on:click="go()">', "inline handler"),
        ('<a href="javascript:go()">', "inline handler"),
        ("<div hx-vals='js:{a: 1}'>", "inline handler"),
    ],
)
def test_a_template_that_breaks_a_rule_is_caught(text, rule):
    assert broken(TEMPLATE_RULES, text) == [rule]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="{% static "app.js" %}" type="module"></script>',
        '<script type="importmap" nonce="{{ request.csp_nonce }}">{"imports": {}}</script>',
        '<link rel="stylesheet" href="{% static "style.css" %}">',
        '<p data-style="wide" data-on="yes">{{ run.output }} is safe</p>',
    ],
)
def test_a_template_that_keeps_the_rules_passes(text):
    assert broken(TEMPLATE_RULES, text) == []


def test_python_that_marks_text_as_safe_is_caught():
    assert broken(PYTHON_RULES, "return mark_safe(text)") == ["marks text as safe"]
