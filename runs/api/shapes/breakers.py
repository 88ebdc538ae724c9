"""Shapes of breakers: one for each opening in each process."""

from registry.models import BreakerOpening
from registry.openings import STATES
from runs.api.shapes.basics import COUNT, IDENTIFIER, MOMENT, SLUG, TEXT, list_of, nullable, record

COMPONENTS = {
    "Breaker": record(
        {
            "id": IDENTIFIER,
            "kind": {"type": "string", "enum": list(BreakerOpening.KINDS)},
            "slug": nullable(SLUG),
            "model": {**nullable(TEXT), "description": "Of agents: their breakers are kept by model."},
            "state": {
                "type": "string",
                "enum": list(STATES),
                "description": "half_open: the next call is let through and decides. "
                "lost: its process has not been heard of for a minute.",
            },
            "opened_at": MOMENT,
            "probe_at": MOMENT,
            "heard_at": MOMENT,
            "failures": COUNT,
            "refused": {**COUNT, "description": "Calls that were turned away; counted every ten seconds."},
            "error": record({"code": TEXT, "message": TEXT}),
            "runs": {**list_of(TEXT), "description": "The first ten runs that saw it."},
            "process": TEXT,
            "closed_at": nullable(MOMENT),
            "closing": nullable({"type": "string", "enum": ["probe", "person", "ended"]}),
            "closed_by": nullable(TEXT),
        }
    ),
}
