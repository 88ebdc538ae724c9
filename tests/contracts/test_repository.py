"""The repository runs anywhere and stays readable: no machine in it, pinned requirements, small files."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "governance", "registry", "flows", "runs")
MOST_LINES = 350
NO_HOME = {"utils", "helpers", "common", "misc", "services", "managers"}
TEXT = {
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".html",
    ".css",
    ".js",
    ".yaml",
    ".yml",
    ".json",
    ".sh",
    ".svg",
    ".cfg",
    "",
}

# In pieces, so that this file passes its own check.
MACHINE = re.compile(r"(?<![\w.:/}-])/(?:root|work|Users|home)" + r"/\w|/opt/" + r"\w|\.py" + r"env\b")
REGISTRY = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|proxy\.golang)" + r"\.(?:org|com)\b|--(?:extra-)?index-url\b"
)
REQUIREMENT = re.compile(
    r"^[A-Za-z0-9][\w.-]*(?:\[[\w,-]+\])?==[\w.!+-]+(?: ; .+)?(?: --hash=sha256:[0-9a-f]{64})+$"
)


def repository() -> list[Path]:
    """Every text file that belongs to the repository, third-party files aside."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    files = [ROOT / name for name in listed if name and not name.startswith("static/vendor/")]
    return [file for file in files if file.is_file() and file.suffix in TEXT]


def found_in(pattern: re.Pattern, files: list[Path]) -> list[str]:
    return [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def requirements(text: str) -> list[str]:
    """The logical lines of a requirements file, without comments."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [
        line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_no_file_names_a_machine():
    assert found_in(MACHINE, repository()) == []


def test_no_file_names_a_package_registry():
    assert found_in(REGISTRY, repository()) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE, "cd /work" + "/main"),
        (MACHINE, 'open("/root' + '/x")'),
        (MACHINE, "/home" + "/ada/baton"),
        (REGISTRY, "pip install --index-" + "url x"),
        (REGISTRY, "https://pypi" + ".org/simple"),
        (REGISTRY, "registry.npmjs" + ".org"),
    ],
)
def test_a_machine_or_a_registry_is_caught(pattern, line):
    assert pattern.search(line)


@pytest.mark.parametrize(
    "line", ["https://example.com/home/x", "runs/home/page", "the root of /work", "{data}/root/x"]
)
def test_an_address_is_no_machine(line):
    assert not MACHINE.search(line)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes_and_names_no_host(name):
    lines = requirements((ROOT / name).read_text(encoding="utf-8"))

    assert len(lines) > 50
    assert [line[:100] for line in lines if not REQUIREMENT.match(line)] == []


@pytest.mark.parametrize(
    "line",
    [
        "django>=5.2",
        "django==5.2.9",
        "django @ https://example.com/django.whl --hash=sha256:" + "0" * 64,
        "--find-links wheels",
        "django==5.2.9 --hash=md5:" + "0" * 32,
    ],
)
def test_a_loose_requirement_is_caught(line):
    assert not REQUIREMENT.match(line)


def test_files_outside_the_tests_stay_under_350_lines():
    sources = [
        file
        for file in repository()
        if file.suffix in {".py", ".css", ".js", ".html"}
        and not file.is_relative_to(ROOT / "tests")
        and file.parent.name != "migrations"
    ]

    assert len(sources) > 20
    sizes = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in sources
    }
    assert {name: lines for name, lines in sizes.items() if lines >= MOST_LINES} == {}


def test_every_file_has_a_name_that_says_something():
    assert [
        str(file.relative_to(ROOT)) for file in repository() if NO_HOME & {file.stem, file.parent.name}
    ] == []


def test_every_module_says_what_it_owns():
    modules = [file for app in APPS for file in (ROOT / app).rglob("*.py") if "migrations" not in file.parts]
    silent = [
        file
        for file in modules
        if file.read_text().strip() and not ast.get_docstring(ast.parse(file.read_text()))
    ]

    assert [str(file.relative_to(ROOT)) for file in silent] == []


def test_models_and_engine_know_no_views_and_no_forms():
    modules = [file for app in APPS for file in (ROOT / app).glob("models*/**/*.py")]
    modules += [
        *(ROOT / "runs" / "engine").rglob("*.py"),
        *(ROOT / app / "models.py" for app in ("registry", "runs")),
    ]
    pages = re.compile(
        r"^(?:django\.(?:forms|views|shortcuts|http|template)|\w+\.(?:views|forms|urls))(?:\.|$)"
    )

    assert [
        f"{file.relative_to(ROOT)}: {name}"
        for file in modules
        for name in imported(file)
        if pages.match(name)
    ] == []
    assert (
        pages.match("django.forms")
        and pages.match("runs.views.pages")
        and not pages.match("django.db.models")
    )
