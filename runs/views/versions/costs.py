"""What a run of a flow costs with one version of it and with another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runs.inspection import Inspection
from runs.views.versions.shown import Subject


@dataclass(frozen=True, slots=True)
class Costs:
    """{expected_usd, worst_usd, unbounded} with the live version and with the other one; `before` is None where
    nothing is live."""

    before: dict[str, Any] | None
    after: dict[str, Any]


def costs_of(shown: Subject, body: Mapping[str, Any]) -> Costs | None:
    """None for what is no flow: its cost is that of the flows that use it."""
    if shown.document.kind != "flow":
        return None
    before = Inspection(shown.project, shown.live).cost if shown.live is not None else None
    return Costs(before, Inspection(shown.project, body).cost)
