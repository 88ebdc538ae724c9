"""Starter flows: one folder each, with everything that the flow needs as documents, and inputs to try it with.

`FLOW/flow.yaml`, `agents/`, `tools/` and `provider.yaml` can be applied as they are; `samples/NAME.json` are inputs;
`about.json` says what the starter teaches ({topic, pattern, level, teaches}).
Every starter brings its part of the script of the one provider `simulated`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from governance.documents import yaml_text

FOLDER = Path(__file__).parent
PROVIDER = "provider.yaml"
ABOUT = "about.json"


@dataclass(frozen=True, slots=True)
class Starter:
    """One starter: its documents, what it teaches, and inputs to try it with. Shared: read it, don't change it."""

    slug: str
    flow: Mapping[str, Any]
    agents: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...]
    provider: Mapping[str, Any]
    samples: Mapping[str, Any]
    topic: str
    pattern: str
    level: str
    teaches: str

    @property
    def name(self) -> str:
        return self.flow["name"]

    @property
    def runs_offline(self) -> bool:
        """Whether its models are played from a script, so that it needs no key and no network."""
        return self.provider["type"] == "scripted"


@cache
def starter(slug: str) -> Starter:
    """The starter called `slug`. Raises KeyError."""
    if slug not in starters():
        raise KeyError(slug)
    bodies = [_read(file) for file in files_of(slug)]
    of_kind = {
        kind: tuple(body for body in bodies if body["kind"] == kind) for kind in ("flow", "agent", "tool")
    }
    return Starter(
        slug,
        of_kind["flow"][0],
        of_kind["agent"],
        of_kind["tool"],
        _read(FOLDER / slug / PROVIDER),
        samples(slug),
        **json.loads((FOLDER / slug / ABOUT).read_bytes()),
    )


def starters() -> list[str]:
    """The slugs of the starter flows, in order."""
    return sorted(path.parent.name for path in FOLDER.glob("*/flow.yaml"))


def texts(flows: list[str] | None = None) -> dict[str, str]:
    """{file name: YAML} of the documents of these starters (all of them without `flows`).

    Their scripts come together in one provider, so that they can be applied at once.
    """
    chosen = starters() if flows is None else flows
    found = {
        str(file.relative_to(FOLDER)): file.read_text("utf-8") for flow in chosen for file in files_of(flow)
    }
    parts = [_read(FOLDER / flow / PROVIDER) for flow in chosen]
    return {**found, PROVIDER: yaml_text.dump(together(parts))}


def files_of(flow: str) -> list[Path]:
    """The files of a starter's flow, agents and tools."""
    return sorted(file for file in (FOLDER / flow).rglob("*.yaml") if file.name != PROVIDER)


def together(providers: list[Mapping[str, Any]]) -> dict[str, Any]:
    """One provider that plays what each of them plays; their scripts ask for different agents."""
    return {
        **providers[0],
        "prices": {model: price for part in providers for model, price in part["prices"].items()},
        "script": [entry for part in providers for entry in part["script"]],
    }


def samples(flow: str) -> dict[str, Any]:
    """{name: input} to try a starter with; each takes another way through the flow."""
    return {
        file.stem: json.loads(file.read_bytes())
        for file in sorted((FOLDER / flow / "samples").glob("*.json"))
    }


def _read(file: Path) -> Any:
    return next(yaml_text.load_all(file.read_text("utf-8")))
