"""Starter flows: one folder each, with everything that the flow needs as documents, and inputs to try it with.

`FLOW/flow.yaml`, `flows/` (those that it calls), `agents/`, `tools/`, `policies/`, `budgets/` and `provider.yaml` can
be applied as they are; `samples/NAME.json` are inputs; `about.json` says what the starter teaches: {topic, pattern,
level (1 to 5), teaches, samples: {NAME: what it shows}}. A folder without `about.json` is not in the gallery yet.
Every starter brings its part of the script of the one provider `simulated`: entries that name agents of its own.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from governance.documents import yaml_text

FOLDER = Path(__file__).parent
PROVIDER = "provider.yaml"
FLOW = "flow.yaml"
ABOUT = "about.json"
LEVELS = range(1, 6)

# What the demo project begins with. The rest is a click away, and a first start stays short.
AT_FIRST = ("content-pipeline", "customer-support", "invoice-processing")


@dataclass(frozen=True, slots=True)
class Starter:
    """One starter: its documents, what it teaches, and inputs to try it with. Shared: read it, don't change it.

    `parts` are the other flows that `flow` calls; `shows` says for each sample which way it takes.
    """

    slug: str
    flow: Mapping[str, Any]
    parts: tuple[Mapping[str, Any], ...]
    agents: tuple[Mapping[str, Any], ...]
    tools: tuple[Mapping[str, Any], ...]
    rules: tuple[Mapping[str, Any], ...]  # policies and budgets: only an admin may add them
    provider: Mapping[str, Any]
    samples: Mapping[str, Any]
    shows: Mapping[str, str]
    topic: str
    pattern: str
    level: int
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
    folder = FOLDER / slug
    bodies = [_read(file) for file in files_of(slug) if file != folder / FLOW]
    about = _about(slug)
    return Starter(
        slug=slug,
        flow=_read(folder / FLOW),
        parts=_of(bodies, "flow"),
        agents=_of(bodies, "agent"),
        tools=_of(bodies, "tool"),
        rules=_of(bodies, "policy", "budget"),
        provider=_read(folder / PROVIDER),
        samples=samples(slug),
        shows=about.pop("samples", {}),
        **about,
    )


@cache
def starters() -> tuple[str, ...]:
    """The slugs of the starter flows, the simplest first."""
    found = [file.parent.name for file in FOLDER.glob(f"*/{ABOUT}")]
    return tuple(sorted(found, key=lambda slug: (_about(slug)["level"], slug)))


def texts(flows: Iterable[str] = AT_FIRST) -> dict[str, str]:
    """{file name: YAML} of the documents of these starters; without `flows`, of those that the demo begins with.

    Their scripts come together in one provider, so that they can be applied at once.
    """
    chosen = list(flows)
    found = {
        str(file.relative_to(FOLDER)): file.read_text("utf-8") for flow in chosen for file in files_of(flow)
    }
    parts = [_read(FOLDER / flow / PROVIDER) for flow in chosen]
    return {**found, PROVIDER: yaml_text.dump(together(parts))}


def files_of(flow: str) -> list[Path]:
    """The files of a starter's documents, without its provider."""
    return sorted(file for file in (FOLDER / flow).rglob("*.yaml") if file.name != PROVIDER)


def together(providers: list[Mapping[str, Any]]) -> dict[str, Any]:
    """One provider that plays what each of them plays; their scripts ask for different agents."""
    return {
        **providers[0],
        "prices": {model: price for part in providers for model, price in part["prices"].items()},
        "script": [entry for part in providers for entry in part["script"]],
    }


def samples(flow: str) -> dict[str, Any]:
    """{name: input} to try a starter with; each takes another way through the flow. As `about.json` orders them."""
    found = {file.stem: file for file in sorted((FOLDER / flow / "samples").glob("*.json"))}
    told = [name for name in _about(flow).get("samples", {}) if name in found]
    return {name: json.loads(found[name].read_bytes()) for name in dict.fromkeys([*told, *found])}


def _about(slug: str) -> dict[str, Any]:
    return json.loads((FOLDER / slug / ABOUT).read_bytes())


def _of(bodies: Iterable[Mapping[str, Any]], *kinds: str) -> tuple[Mapping[str, Any], ...]:
    return tuple(body for body in bodies if body["kind"] in kinds)


def _read(file: Path) -> Any:
    return next(yaml_text.load_all(file.read_text("utf-8")))
