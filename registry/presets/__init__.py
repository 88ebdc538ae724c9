"""Presets of agents: one file a role, with instructions and schemas that work as they are (R9).

`ROLE.yaml` holds an agent document without `kind`, `slug` and `model`, and beside it an `example`: what such an agent
is asked and a good answer, which fits its output schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from governance.documents import yaml_text

FOLDER = Path(__file__).parent
# In the order in which a newcomer meets them: who decides, who works, who checks, who rounds off.
ORDER = (
    "router",
    "supervisor",
    "planner",
    "intake",
    "worker",
    "extraction",
    "formatter",
    "synthesiser",
    "controller",
    "validator",
    "fact-checker",
    "policy-agent",
    "escalation",
)


@dataclass(frozen=True, slots=True)
class Preset:
    """One role: `fields` of an agent document without `kind`, `slug` and `model`, and an example: `asked`, `answer`."""

    slug: str
    fields: Mapping[str, Any]
    asked: str
    answer: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.fields["name"]

    @property
    def purpose(self) -> str:
        return self.fields["purpose"]

    def document(self, slug: str, model: str, **more: Any) -> dict[str, Any]:
        """The agent document of this role on `model`; `more` fields take the place of the preset's."""
        return {"kind": "agent", "slug": slug, **self.fields, "model": model, **more}


@cache
def presets() -> tuple[Preset, ...]:
    """Every preset, in ORDER."""
    return tuple(_read(slug) for slug in ORDER)


def preset(slug: str) -> Preset | None:
    return next((found for found in presets() if found.slug == slug), None)


def _read(slug: str) -> Preset:
    body = next(yaml_text.load_all((FOLDER / f"{slug}.yaml").read_text("utf-8")))
    example = body.pop("example")
    return Preset(slug, body, example["text"], example["answer"])
