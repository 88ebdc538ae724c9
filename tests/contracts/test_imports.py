"""The import contracts of pyproject.toml hold, and each of them catches a breach.

The breaches are seeded into a copy of the product's modules, all at once: every contract has to report its own.
"""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract["name"] for contract in CONFIGURATION["contracts"]}

# contract, file of the breach, the line that breaks it
BREACHES = [
    ("house", "governance/access.py", "import registry.gateway"),
    ("house", "flows/graph.py", "import runs.models"),
    ("house", "runs/launch.py", "import config.settings"),
    ("runs", "runs/engine/driver.py", "import runs.launch"),
    ("runs", "runs/tasks.py", "import runs.launch"),
    ("runs", "runs/live.py", "import runs.views"),
    ("runs", "runs/api/problems.py", "import runs.views"),
    ("node-types", "flows/nodes/agent.py", "import flows.nodes.tool"),
    ("tool-kinds", "registry/tools/http.py", "import registry.tools.calculator"),
    ("backends", "registry/backends/scripted.py", "import registry.backends.hosted"),
    ("detectors", "governance/detection/detectors/card.py", "import governance.detection.detectors.iban"),
    ("gateway", "runs/engine/driver.py", "import registry.gateway"),
    ("plug-ins", "runs/engine/attempt.py", "import registry.tools.http"),
    ("pure", "runs/engine/planner.py", "import django.db"),
    ("pure", "flows/graph.py", "import celery"),
    ("pure", "governance/expressions.py", "import channels.layers"),
    ("pure", "governance/rules.py", "import governance.models"),
    ("pure", "governance/detection/scanning.py", "import django.db"),
    ("no-pages-below", "governance/models/projects.py", "import django_htmx"),
    ("no-pages-below", "runs/engine/journal.py", "import rest_framework"),
    ("litellm", "registry/prices.py", "import litellm"),
]


def lint(folder: Path, contract: str) -> subprocess.CompletedProcess:
    script = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", script, "--no-cache", "--contract", contract]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_the_product_keeps(contract):
    checked = lint(ROOT, contract)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_contract_has_a_breach_to_catch():
    assert set(CONTRACTS) == {contract for contract, _, _ in BREACHES}


@pytest.fixture(scope="module")
def breached(tmp_path_factory) -> Path:
    """A copy of the product's modules in which every breach stands."""
    copy = tmp_path_factory.mktemp("breached")
    (copy / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for package in CONFIGURATION["root_packages"]:
        for module in (ROOT / package).rglob("*.py"):
            target = copy / module.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(module.read_text(encoding="utf-8"), encoding="utf-8")
    for _, file, line in BREACHES:
        package = copy / file.removesuffix(".py")
        with (package / "__init__.py" if package.is_dir() else copy / file).open(
            "a", encoding="utf-8"
        ) as module:
            module.write(f"\n{line}\n")
    return copy


@pytest.mark.parametrize(
    ("contract", "file", "line"), BREACHES, ids=[f"{file}: {line}" for _, file, line in BREACHES]
)
def test_a_breach_is_caught(breached, contract, file, line):
    checked = lint(breached, contract)

    importer = file.removesuffix(".py").replace("/", ".")
    imported = line.split()[1]
    if imported.split(".")[0] not in CONFIGURATION["root_packages"]:
        imported = imported.split(".")[0]
    assert f"{CONTRACTS[contract]} BROKEN" in " ".join(checked.stdout.split()), checked.stdout
    assert f"{importer} -> {imported}" in checked.stdout.replace("is not allowed to import", "->"), (
        checked.stdout
    )
