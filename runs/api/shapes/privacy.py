"""Shapes of the endpoint that tries privacy rules on a text."""

from governance.privacy.rules import ACTIONS, WHERE
from runs.api.shapes.basics import COUNT, NUMBER, OBJECT, TEXT, body, list_of, record

LONGEST_TEXT = 200_000
ACTION = {"type": "string", "enum": list(ACTIONS)}

COMPONENTS = {
    "PrivacyScan": record(
        {
            "findings": list_of(
                record({"entity": TEXT, "start": COUNT, "end": COUNT, "score": NUMBER, "action": ACTION})
            ),
            "text": TEXT,
            "after": record({"mask": TEXT, "tokenize": TEXT}),
            "blocked": list_of(TEXT),
            "approve": list_of(TEXT),
            "rules": TEXT,
            "undetected": list_of(TEXT),
            "note": TEXT,
        }
    ),
}
SCAN = body(
    {
        "text": {
            "type": "string",
            "maxLength": LONGEST_TEXT,
            "description": "Of one person one text of over 32,768 characters is scanned at a time: the next gets 429.",
        },
        "privacy": {
            **OBJECT,
            "description": "A privacy document to try in addition to the active ones; kind and slug may be left out.",
        },
        "where": {
            "type": "string",
            "enum": list(WHERE),
            "description": "Where the text stands; without it the strictest action anywhere is shown.",
        },
    },
    optional=("privacy", "where"),
)
