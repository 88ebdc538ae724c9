"""What the database says of budgets: the active ones, and which of them a call would still be too much for."""

from collections.abc import Iterable

from governance import documents
from governance.budgets.book import Applied, Budget, Budgets
from governance.freshness import InForce
from governance.models import Account, Document
from governance.port import Short

KIND = "budget"
AWAY = "The budgets of this project cannot be read, so nothing is spent: look after the database."


def _load(project_id: int) -> Budgets:
    found = Document.objects.filter(project_id=project_id, kind=KIND, archived_at=None, active__isnull=False)
    rows = found.select_related("active").order_by("slug")
    return Budgets(
        project_id,
        tuple(Budget.parse(row.slug, row.active.number, documents.content(row.active)) for row in rows),
    )


def _unreadable(error: Exception | None) -> Budgets:
    return Budgets(project_id=0, unreadable=AWAY)


_books: InForce[Budgets] = InForce(KIND, _load, _unreadable)

read = _books.read  # from the database, always; call it off the loop
fresh = _books.fresh  # at most a second old; awaited, on any loop
current = _books.current  # what this process read last, without I/O
forget = _books.forget


def short_of(applied: Iterable[Applied], amount: int) -> tuple[Short, ...]:
    """Those of these that spent + `amount` exceeds, whatever others hold. One query; call it off the loop.

    An account that is not there yet may have an opening: whoever asks the ledger then hears of it.
    """
    limits = {one.limit.key: one.limit.limit for one in applied}
    rows = Account.objects.filter(key__in=limits).values_list("key", "spent", "reserved")
    found = {key: (0, 0) for key in limits} | {key: (spent, reserved) for key, spent, reserved in rows}
    return tuple(
        Short(key, limits[key], spent, reserved)
        for key, (spent, reserved) in found.items()
        if spent + amount > limits[key]
    )
