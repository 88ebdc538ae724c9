"""Four policies that most houses want, ready to be drafted, read and changed: what is risky asks a person first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

HOUR_S = 3600
# Every text of an output, whether it is one text or an object of them.
ANY_TEXT = (
    "(type(output) == map ? output.map(k, output[k]) : [output])"
    ".exists(text, type(text) == string && text.matches({pattern}))"
)
PROMISES = (
    r'"(?i)\\b(we (will|shall|promise|guarantee)|refund|compensat|free of charge|by tomorrow'
    r'|within \\d+ (hours|days))"'
)
LEGAL = r'"(?i)\\b(contract|liabilit|indemni|warrant|lawsuit|attorney|legal|terms and conditions|GDPR|settlement)"'


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """`slug` names it in the form and is the slug that its draft gets where that is free."""

    slug: str
    icon: str
    name: str
    says: str
    actions: tuple[str, ...]
    when: str
    reason: str

    def body(self) -> dict[str, Any]:
        """The policy without its kind and slug."""
        return {
            "name": str(self.name),
            "effect": "approve",
            "actions": list(self.actions),
            "when": self.when,
            "reason": str(self.reason),
            "reviewers": ["role:reviewer"],
            "quorum": 1,
            "four_eyes": True,
            "due_in_s": HOUR_S,
        }


STARTING_POINTS: Mapping[str, StartingPoint] = {
    point.slug: point
    for point in (
        StartingPoint(
            "downstream-actions",
            "arrow-up-right",
            _("Downstream actions"),
            _("Asks before a tool changes something in another system."),
            ("tool.call",),
            'tool.risk != "read"',
            _("This changes something in another system: a person looks first."),
        ),
        StartingPoint(
            "payments-over-100",
            "wallet",
            _("Payments over $100"),
            _("Asks before a tool is called with an amount over 100; change the limit and the names."),
            ("tool.call",),
            '["amount", "amount_usd", "total", "price"].exists(k, k in arguments && double(arguments[k]) > 100.0)',
            _("Amounts over $100 need a person's approval."),
        ),
        StartingPoint(
            "customer-commitments",
            "message-square",
            _("Customer-facing commitments"),
            _("Asks before an answer leaves that promises something: a refund, a date, a guarantee."),
            ("output.release",),
            ANY_TEXT.format(pattern=PROMISES),
            _("The answer promises something to a customer: a person reads it first."),
        ),
        StartingPoint(
            "legal-matters",
            "file-text",
            _("Legal matters"),
            _("Asks before an answer leaves that speaks of contracts, liability or the law."),
            ("output.release",),
            ANY_TEXT.format(pattern=LEGAL),
            _("The answer speaks of legal matters: a person reads it first."),
        ),
    )
}
