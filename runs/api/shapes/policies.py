"""Shapes of the policy simulation."""

from governance.rules import ACTIONS, EFFECTS
from runs.api.shapes.basics import (
    COUNT,
    FLAG,
    IDENTIFIER,
    MOMENT,
    OBJECT,
    TEXT,
    WHOLE,
    body,
    list_of,
    nullable,
    record,
)

SIMULATION = body({"policy": OBJECT, "since": nullable(MOMENT)}, optional=("since",))
EFFECT = {"type": "string", "enum": list(EFFECTS)}
FLIP = record(
    {
        "run": IDENTIFIER,
        "seq": WHOLE,
        "node": nullable(TEXT),
        "action": {"type": "string", "enum": list(ACTIONS)},
        "was": EFFECT,
        "would_be": EFFECT,
        "reason": TEXT,
    }
)
COMPONENTS = {
    "PolicySimulation": record(
        {
            "decisions": {**COUNT, "description": "How many past decisions it was tried on."},
            "flips": list_of(FLIP),
            "skipped": {**COUNT, "description": "Of these, how many hold too little to be decided again."},
            "most": {**COUNT, "description": "The newest so many decisions are looked at."},
            "complete": {**FLAG, "description": "Whether these were all of the time asked for."},
            "late": {
                **FLAG,
                "description": "Whether it was broken off after 10 s: it holds for the decisions read until then.",
            },
        }
    )
}
