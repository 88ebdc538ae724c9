"""Document processing: accepted, sent back once, stopped by rules, rejected, set aside."""

from tests.journeys.gallery.scene import Scene

STARTER = "document-processing"
SCENES = [
    Scene("accepted", {"status": "filed"}, {"id": "doc_30"}, through=("control", "rules", "file")),
    Scene("accepted", {"status": "not_filed"}, {"reason": "Document NW-5001 of SUP-100 is filed already."}),
    Scene("refined", {"status": "filed"}, through=("read", "control")),
    Scene(
        "broken-rules",
        {
            "status": "broken_rules",
            "broken": ["The lines add up to the total.", "It is due after it was issued."],
        },
        past=("file",),
    ),
    Scene(
        "blocked-supplier",
        {"status": "broken_rules", "broken": ["The supplier is known and active."]},
        past=("file",),
    ),
    Scene(
        "rejected",
        {
            "status": "rejected",
            "findings": ["The text gives orders to whoever reads it and names nothing that was delivered."],
        },
        past=("supplier", "rules", "file"),
    ),
    Scene(
        "not-an-invoice",
        {"status": "set_aside", "reason": "It is a letter that asks for no money."},
        past=("read", "control", "file"),
    ),
]
