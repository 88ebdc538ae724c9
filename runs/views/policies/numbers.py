"""How often policies decided lately, read from the journals of the newest runs."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, JSONField, Max
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from governance import clock, ids
from governance.models import Project
from runs.models import Event, Run

DAYS = 7
SAMPLED_RUNS = 1_000
DAY_MS = 86_400_000


@dataclass(slots=True)
class Decided:
    """How often a policy decided, and when last (microseconds)."""

    count: int = 0
    last: int = 0


@dataclass(slots=True)
class Numbers:
    """Decisions by effect, and by the slug of each policy that decided."""

    by_effect: dict[str, int] = field(default_factory=dict)
    by_policy: dict[str, Decided] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.by_effect.values())

    @property
    def allowed_share(self) -> float | None:
        """In percent; None before the first decision."""
        return round(100 * self.by_effect.get("allow", 0) / self.total, 1) if self.total else None


def numbers_of(project: Project) -> Numbers:
    """Of the newest 1,000 runs within seven days. One query, which groups where the journals are."""
    data = Cast("data", JSONField())
    events = Event.objects.filter(run_id__in=_sampled(project), type="policy.decided")
    rows = events.values_list(KeyTextTransform("policies", data), KeyTextTransform("effect", data))
    found = Numbers()
    for policies, effect, count, last in rows.annotate(Count("seq"), Max("at")).order_by():
        found.by_effect[effect or ""] = found.by_effect.get(effect or "", 0) + count
        for slug in _slugs(policies):
            decided = found.by_policy.setdefault(slug, Decided())
            decided.count, decided.last = decided.count + count, max(decided.last, last)
    return found


def _slugs(policies: str | None) -> Iterable[str]:
    """Of "refunds@3" the policy; what is built in is none."""
    named = json.loads(policies) if policies else []
    return {name.partition("@")[0] for name in named if "@" in name}


def _sampled(project: Project):
    oldest = max(0, clock.now() // 1000 - DAYS * DAY_MS) << ids.SPARE_BITS
    return Run.objects.filter(project=project, id__gte=oldest).order_by("-id").values("id")[:SAMPLED_RUNS]
