"""Review effort: the time between the moment a reviewer first opens an item and that person's decision.

Measured where an item is opened on a page; what is decided without opening one (by a program) counts as unmeasured.
"""

from dataclasses import dataclass

from django.db.models import Count, F, Sum

from governance import clock
from governance.models import Approval, Decision, Opening, Project, User


@dataclass(frozen=True, slots=True)
class Effort:
    """What people spent on the items of one flow: decisions that were measured, and microseconds altogether."""

    flow: str
    decisions: int
    spent: int

    @property
    def each(self) -> int:
        """Microseconds a decision."""
        return self.spent // self.decisions


def opened(approval: Approval, user: User) -> None:
    """`user`, who may decide the item, sees it now: the first time counts."""
    Opening.objects.bulk_create(
        [Opening(approval=approval, by=user, at=clock.now())], ignore_conflicts=True
    )  # two tabs at once are one opening


def opened_at(approval: Approval, user: User) -> int | None:
    return Opening.objects.filter(approval=approval, by=user).values_list("at", flat=True).first()


def effort_by_flow(project: Project, since: int = 0) -> list[Effort]:
    """Of decisions since a time in microseconds, the flow that took most first. One query."""
    measured = Decision.objects.filter(approval__project=project, at__gte=since, opened_at__isnull=False)
    rows = measured.values("approval__flow").annotate(
        decisions=Count("id"), spent=Sum(F("at") - F("opened_at"))
    )
    found = [Effort(row["approval__flow"], row["decisions"], int(row["spent"])) for row in rows]
    return sorted(found, key=lambda effort: (-effort.spent, effort.flow))
