"""Code review: waved through, not sure enough for that, three sections of findings, a reviewer missing."""

from tests.journeys.gallery.scene import Scene

STARTER = "code-review"
REVIEWERS = ("lint", "static", "security", "logic", "reviews", "summary", "review")
NOTHING = "## Static analysis\nNothing found.\n\n## Security\nNothing found.\n\n## Logic\nNothing found."
SCENES = [
    Scene(
        "typo",
        {"early_exit": True, "verdict": "approve"},
        {"comment": "Trivial (0.97 sure)", "review": "rv_"},
        through=("waved", "post"),
        past=REVIEWERS,
    ),
    Scene(
        "not-sure",
        {"early_exit": False, "verdict": "approve"},
        {"comment": NOTHING},
        through=REVIEWERS,
        past=("waved",),
    ),
    Scene(
        "risky",
        {"early_exit": False, "verdict": "request_changes"},
        {
            "comment": "## Security\n- high, shop/customers.py:12: A name with a quote reads the whole table",
            "review": "rv_",
        },
        through=REVIEWERS,
    ),
    Scene(
        "vulnerable-package",
        {"verdict": "request_changes"},
        {"comment": "fastxml before 2.4.0 sends local files away (ADV-2026-014): take 2.4.0."},
    ),
    Scene(
        "reviewer-silent",
        {"verdict": "comment"},
        {"comment": "## Security\nThis part could not be reviewed."},
        through=("static", "logic", "post"),
    ),
]
