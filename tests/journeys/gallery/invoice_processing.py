"""Invoice processing: posted once, held for a person, refused by rules and by the ERP."""

from tests.journeys.gallery.scene import Scene

STARTER = "invoice-processing"
POSTING = {
    "number": "HT-7744",
    "supplier": "Halden Tools",
    "purchase_order": "PO-3112",
    "currency": "EUR",
    "cost_center": "WORKSHOP",
}
SCENES = [
    Scene(
        "matches",
        {"status": "posted", "invoice": "NP-20931", "total": 420.0},
        {"document": "ERP-7000"},
    ),
    Scene(
        "matches",
        {"status": "rejected", "invoice": "NP-20931"},
        {"reason": "Invoice NP-20931 has been posted already."},
        decisions=({"decision": "approve"},),
    ),
    Scene(
        "differs",
        {"status": "rejected", "invoice": "HT-7744", "reason": "rita declined: Freight was not ordered."},
        decisions=({"decision": "reject", "reason": "Freight was not ordered."},),
        asks={**POSTING, "total": 2480.0},
    ),
    Scene(
        "differs",
        {"status": "posted", "invoice": "HT-7744", "total": 2350.0},
        {"document": "ERP-7000"},
        decisions=({"decision": "approve", "payload": {**POSTING, "total": 2350.0}},),
        asks={**POSTING, "total": 2480.0},
    ),
    Scene(
        "other-supplier",
        {"status": "rejected", "invoice": "BL-118"},
        {"reason": "is for Brightline Electric in EUR, not for Brightlight in EUR."},
        past=("approve", "post"),
    ),
    Scene(
        "unknown-order",
        {"status": "rejected", "invoice": "KX-55"},
        {"reason": "Purchase order PO-9999 could not be read"},
        past=("entry", "compare"),
    ),
]
