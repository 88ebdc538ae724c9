"""Which items of the inbox the address asks for, in which order, and where the next page begins."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from urllib.parse import urlencode

from django.db.models import BigIntegerField, F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, StrIndex, Substr
from django.db.models.lookups import GreaterThan
from django.http import QueryDict

from governance import ids, seats
from governance.models import Approval, Project, User

MINE, PENDING, DECIDED = "mine", "pending", "decided"
SHOWS = (MINE, PENDING, DECIDED)
PAGE = 30
LONGEST_START = 600  # characters of a payload that a line is made of
NEVER = 2**62  # what has no due time is less urgent than all that has one


@dataclass(frozen=True, slots=True)
class Filters:
    """`show` is one of SHOWS, `after` the key (urgency, id) of the last item of the page before, or None."""

    show: str = MINE
    after: tuple[int, int] | None = None

    @classmethod
    def of(cls, asked: QueryDict) -> "Filters":
        """As the address has them; what makes no sense is as if it were not there."""
        show = asked.get("show", "")
        return cls(show if show in SHOWS else MINE, key_of(asked.get("after", "")))

    @property
    def query(self) -> str:
        """The query string of the first page."""
        return "" if self.show == MINE else urlencode({"show": self.show})

    @property
    def here(self) -> str:
        """The query string of this page."""
        named = {"show": "" if self.show == MINE else self.show, "after": text_of(self.after)}
        return urlencode({name: value for name, value in named.items() if value})

    def beyond(self, last: Approval) -> str:
        """The query string of the page behind `last` (an item of `page_of`)."""
        return Filters(self.show, (last.urgency, last.pk)).here


def page_of(filters: Filters, project: Project, user: User, names: Iterable[str]) -> list[Approval]:
    """Up to PAGE + 1 items with their decisions: pending ones by due time, decided ones the newest first."""
    rows = Approval.objects.filter(project=project).defer("payload", "schema", "outcome")
    rows = rows.annotate(start=Substr(Cast("payload", TextField()), 1, LONGEST_START))
    if filters.show == DECIDED:
        rows = rows.filter(decided_at__isnull=False).annotate(urgency=F("decided_at"))
        rows = behind(rows, filters.after, "lt").order_by("-decided_at", "-pk")
    else:
        rows = mine(rows, user, names) if filters.show == MINE else rows.filter(status="pending")
        due = Coalesce("due_at", Value(NEVER), output_field=BigIntegerField())
        rows = behind(rows.annotate(urgency=due), filters.after, "gt").order_by("urgency", "pk")
    return list(rows.prefetch_related("decisions")[: PAGE + 1])


def behind(rows: QuerySet[Approval], key: tuple[int, int] | None, side: str) -> QuerySet[Approval]:
    if key is None:
        return rows
    urgency, number = key
    return rows.filter(Q(**{f"urgency__{side}": urgency}) | Q(urgency=urgency, **{f"pk__{side}": number}))


def mine(rows: QuerySet[Approval], user: User, names: Iterable[str]) -> QuerySet[Approval]:
    """Pending, and `user`, meant by `names`, can decide it now: asked of the database, so that pages are whole."""
    # Reviewers are stored as a JSON list: a name with its quotes stands in it where it is meant.
    who = Cast("reviewers", TextField())
    places = [GreaterThan(StrIndex(who, Value(json.dumps(name))), 0) for name in sorted(names)]
    if not places:
        return rows.none()
    meant = rows.filter(reduce(or_, map(Q, places)), status="pending")
    unsaid = meant.exclude(decisions__by=user).exclude(four_eyes=True, launched_by=user)
    return seats.free(unsaid, user)


def key_of(text: str) -> tuple[int, int] | None:
    urgency, _, name = text.partition("-")
    number = ids.decode(name)
    fits = urgency.isascii() and urgency.isdigit() and len(urgency) < 20 and int(urgency) <= NEVER
    return (int(urgency), number) if fits and number is not None else None


def text_of(key: tuple[int, int] | None) -> str:
    return "" if key is None else f"{key[0]}-{ids.encode(key[1])}"
