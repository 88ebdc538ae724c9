"""What each of the demo's samples comes to, time after time: the sample service remembers what was done to it."""

from dataclasses import dataclass

from flows import gallery
from tests.journeys.cast import Demo, assert_sound

TWICE = "Order 1042 was charged twice."
POSTING = {
    "number": "HT-7744",
    "supplier": "Halden Tools",
    "purchase_order": "PO-3112",
    "currency": "EUR",
    "cost_center": "WORKSHOP",
}


@dataclass(frozen=True)
class Scene:
    """One sample, what Rita decides where the run waits for her, and some of its output, literally.

    `output` holds whole values, `says` a part of the text by key, `asks` the payload that Rita is shown.
    """

    flow: str
    sample: str
    output: dict
    says: dict
    decision: dict | None = None
    asks: dict | None = None

    def play(self, demo: Demo) -> dict:
        """The run, after its end was compared."""
        run = demo.settled(demo.launch(self.flow, gallery.samples(self.flow)[self.sample]))
        if self.decision is not None:
            assert run["status"] == "waiting", run
            item = demo.decide(run, self.decision)
            assert self.asks is None or item["payload"] == self.asks
            run = demo.ada.finished(run["id"])
        assert run["status"] == "succeeded", run
        assert {key: run["output"][key] for key in self.output} == self.output
        assert all(part in run["output"][key] for key, part in self.says.items()), run["output"]
        assert 0 < run["cost_usd"] < 0.05
        assert_sound(run, demo.ada.events(run["id"]))
        return run


SUPPORT, PIPELINE, INVOICES = "customer-support", "content-pipeline", "invoice-processing"
REFUND = {"charge": "ch_9002", "amount_usd": 49.0, "reason": TWICE}

STORY = [
    Scene(
        SUPPORT,
        "refund",
        {"route": "billing"},
        {"answer": "A colleague has decided against a refund"},
        {"decision": "reject", "reason": "The second charge is another order's."},
        REFUND,
    ),
    Scene(
        SUPPORT,
        "refund",
        {"route": "billing"},
        {"answer": "We have refunded charge ch_9002; the 49.00 USD"},
        {"decision": "approve"},
        REFUND,
    ),
    Scene(SUPPORT, "refund", {"route": "billing"}, {"answer": "We have refunded charge ch_9002 already"}),
    Scene(
        SUPPORT, "refunded-before", {"route": "billing"}, {"answer": "Charge ch_9004 was refunded in full"}
    ),
    Scene(SUPPORT, "fault", {"route": "technical"}, {"answer": "1. Another socket."}),
    Scene(SUPPORT, "delivery", {"route": "technical"}, {"answer": "its tracking number is TRK-550187"}),
    Scene(SUPPORT, "quote", {"route": "sales"}, {"answer": "12 desk lamps would cost 529.20 USD"}),
    Scene(
        SUPPORT,
        "other",
        {"route": "otherwise", "answer": "Gladly: write to fair@example.com."},
        {},
        {"decision": "answer", "payload": {"answer": "Gladly: write to fair@example.com."}},
    ),
    Scene(
        PIPELINE,
        "revised-once",
        {"status": "published", "title": "Electricity from the Tides"},
        {"article": "since 1966, with 240 megawatts"},
    ),
    Scene(
        PIPELINE,
        "passed-at-once",
        {"status": "published", "title": "How Honey Bees Tell the Way"},
        {"article": "measured against the sun"},
    ),
    Scene(
        PIPELINE,
        "never-passed",
        {"status": "withheld", "reason": "The facts were still wrong after three revisions."},
        {"draft": "running since spring"},
    ),
    Scene(
        INVOICES,
        "matches",
        {"status": "posted", "invoice": "NP-20931", "total": 420.0},
        {"document": "ERP-7000"},
    ),
    Scene(
        INVOICES,
        "matches",
        {"status": "rejected", "invoice": "NP-20931"},
        {"reason": "Invoice NP-20931 has been posted already."},
        {"decision": "approve"},
    ),
    Scene(
        INVOICES,
        "differs",
        {"status": "rejected", "invoice": "HT-7744", "reason": "rita declined: Freight was not ordered."},
        {},
        {"decision": "reject", "reason": "Freight was not ordered."},
        {**POSTING, "total": 2480.0},
    ),
    Scene(
        INVOICES,
        "differs",
        {"status": "posted", "invoice": "HT-7744", "total": 2350.0},
        {"document": "ERP-7000"},
        {"decision": "approve", "payload": {**POSTING, "total": 2350.0}},
        {**POSTING, "total": 2480.0},
    ),
    Scene(
        INVOICES,
        "other-supplier",
        {"status": "rejected", "invoice": "BL-118"},
        {"reason": "is for Brightline Electric in EUR, not for Brightlight in EUR."},
    ),
    Scene(
        INVOICES,
        "unknown-order",
        {"status": "rejected", "invoice": "KX-55"},
        {"reason": "Purchase order PO-9999 could not be read"},
    ),
]


def scenes(flow: str, sample: str) -> list[Scene]:
    """The scenes of one sample, in the order in which they must be played."""
    return [scene for scene in STORY if (scene.flow, scene.sample) == (flow, sample)]


SAMPLES = list(dict.fromkeys((scene.flow, scene.sample) for scene in STORY))
