"""The beginning of a flow in each pattern: its agents with short instructions, and the flow that joins them.

`PATTERN.yaml` holds {agents, flow, script}: agents without `kind` and `model`, the flow without `kind`, and what a
simulated model answers for these agents, so that a first run shows the pattern at work without a key.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flows.patterns import PATTERNS
from governance.documents import yaml_text

FOLDER = Path(__file__).parent
SIMULATED = "simulated/small"  # where a project has no model yet
PRICES = {"small": {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6}}
LIMITS = {"max_cost_usd": 1, "timeout_s": 900, "max_steps": 60}
INPUT = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 20_000, "description": "The task"}
    },
    "additionalProperties": False,
}
ASKED = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}


def documents_of(pattern: str, model: str, types: Mapping[str, str]) -> list[dict[str, Any]]:
    """The documents of a pattern, in the order in which they name each other; the flow comes last.

    Its agents use `model` (`provider/model`; "" for the simulated one). `types` are the project's providers with their
    types: a simulated one, or one that is not there yet, learns to play the agents. Raises KeyError.
    """
    if pattern not in PATTERNS:
        raise KeyError(pattern)
    parts, model = _read(pattern), model or SIMULATED
    agents = [{"kind": "agent", "input_schema": ASKED, **agent, "model": model} for agent in parts["agents"]]
    flow = {"kind": "flow", "input_schema": INPUT, "limits": LIMITS, **parts["flow"]}
    provider = model.partition("/")[0]
    if types.get(provider, "scripted") != "scripted":
        return [*agents, flow]
    plays = {"kind": "provider", "slug": provider, "type": "scripted", "script": parts["script"]}
    return [{**plays, "prices": {} if provider in types else PRICES}, *agents, flow]


@cache
def _read(pattern: str) -> dict[str, Any]:
    return next(yaml_text.load_all((FOLDER / f"{pattern}.yaml").read_text("utf-8")))
