"""Customer support: refunds that wait for a person, second opinions, tickets for several, and what nobody can place."""

from tests.journeys.gallery.scene import Scene

STARTER = "customer-support"
CALL = {"answer": "Our head of support calls you today."}
FAIR = {"answer": "Gladly: write to fair@example.com."}
REFUND = {"charge": "ch_9002", "amount_usd": 49.0, "reason": "Order 1042 was charged twice."}
SCENES = [
    Scene(
        "refund",
        {"route": "billing"},
        {"answer": "A colleague has decided against a refund"},
        decisions=({"decision": "reject", "reason": "The second charge is another order's."},),
        asks=REFUND,
    ),
    Scene(
        "refund",
        {"route": "billing"},
        {"answer": "We have refunded charge ch_9002; the 49.00 USD"},
        decisions=({"decision": "approve"},),
        asks=REFUND,
    ),
    Scene("refund", {"route": "billing"}, {"answer": "We have refunded charge ch_9002 already"}),
    Scene(
        "refunded-before",
        {"route": "billing"},
        {"answer": "Charge ch_9004 was refunded in full"},
        through=("billing", "sent"),
        past=("second", "both", "lead"),
    ),
    Scene(
        "payment-failed",
        {"route": "billing"},
        {"answer": "an authorisation that the failed payment left"},
        through=("billing", "second", "both"),
        past=("sent", "lead", "colleague"),
    ),
    Scene(
        "fault",
        {"route": "technical"},
        {"answer": "1. Another socket."},
        through=("technical", "sent"),
        past=("second", "both"),
    ),
    Scene(
        "delivery", {"route": "technical"}, {"answer": "its tracking number is TRK-550187"}, past=("second",)
    ),
    Scene(
        "purple-light",
        {"route": "technical"},
        {"answer": "Your hub is not broken: blinking purple means that it installs new software"},
        through=("technical", "second", "both"),
        past=("sent", "colleague"),
    ),
    Scene("quote", {"route": "sales"}, {"answer": "12 desk lamps would cost 529.20 USD"}, past=("second",)),
    Scene(
        "three-matters",
        {"route": "otherwise"},
        {"answer": "Charge ch_9003 is right; it is the total of that order, 129.90 USD"},
        through=("lead", "lead_answer"),
        past=("billing", "technical", "sales", "colleague"),
    ),
    Scene(
        "legal-threat",
        {"route": "otherwise", **CALL},
        through=("lead", "colleague"),
        past=("billing", "lead_answer"),
        decisions=({"decision": "answer", "payload": CALL},),
    ),
    Scene(
        "other",
        {"route": "otherwise", **FAIR},
        through=("lead", "colleague"),
        past=("lead_answer",),
        decisions=({"decision": "answer", "payload": FAIR},),
    ),
]
