"""Monthly close: agreed, explained, decided by a person, read twice, not there."""

from tests.journeys.gallery.scene import Scene

STARTER = "monthly-close"
AUGUST = [
    {"side": "book", "ref": "INV-811", "date": "2026-08-04", "text": "Halden Tools", "amount": 2400.0},
    {"side": "book", "ref": "INV-812", "date": "2026-08-11", "text": "Theo Anders", "amount": 300.0},
    {"side": "bank", "ref": "INV-812", "date": "2026-08-12", "text": "Theo Anders", "amount": 30.0},
]
FEE = {"side": "bank", "ref": "FEE-07", "date": "2026-07-31", "text": "Account fee", "amount": -12.0}
SCENES = [
    Scene(
        "agrees",
        {"status": "closed", "difference": 0, "unmatched": []},
        {"closing": "CL-4", "report": "Book and bank agree."},
        past=("approve",),
    ),
    Scene("agrees", {"status": "open"}, {"reason": "The month 2026-06 is closed already."}),
    Scene(
        "small-difference",
        {"status": "closed", "difference": 12, "unmatched": [FEE]},
        {"report": "FEE-07: The bank's fee for the month was not booked. Book it as a bank charge."},
        past=("approve",),
    ),
    Scene(
        "large-difference",
        {
            "status": "open",
            "difference": 2670,
            "unmatched": AUGUST,
            "reason": "rita keeps the month open: Halden Tools pays on Monday.",
        },
        decisions=({"decision": "reject", "reason": "Halden Tools pays on Monday."},),
        past=("close",),
    ),
    Scene(
        "large-difference",
        {"status": "closed", "difference": 2670, "unmatched": AUGUST},
        {"report": "one of them is mistyped"},
        decisions=({"decision": "approve"},),
    ),
    Scene(
        "misread",
        {"status": "closed", "difference": 0, "unmatched": []},
        {"report": "Book and bank agree."},
    ),
    Scene(
        "no-such-month",
        {"status": "open"},
        {"reason": "There is no month 2031-01."},
        past=("extract", "report"),
        is_free=True,
    ),
]
