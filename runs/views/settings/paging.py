"""One page of a list, cut by a unique column: page 100 costs what page 1 costs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest

SIZE = 50
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Column:
    """A unique column, such as user__username. `read` turns what an address says into its value (ValueError where it
    cannot be one), `show` a value into what an address says. `newest`: the greatest comes first."""

    name: str
    read: Callable[[str], Any] = str
    show: Callable[[Any], str] = str
    newest: bool = False

    def order(self, backwards: bool) -> str:
        return f"-{self.name}" if self.newest != backwards else self.name

    def beyond(self, value: Any, backwards: bool) -> dict[str, Any]:
        return {f"{self.name}__{'lt' if self.newest != backwards else 'gt'}": value}

    def place(self, row: Any) -> str:
        return self.show(attrgetter(self.name.replace("__", "."))(row))


@dataclass(frozen=True, slots=True)
class Page:
    """The rows, and the addresses of the pages around them ("" for none)."""

    rows: list[Any]
    before: str
    after: str


def cut(request: HttpRequest, rows: QuerySet, column: Column, kept: Mapping[str, str] | None = None) -> Page:
    """The page that `?before=` or `?after=` names; `kept` is what else its addresses say. One query."""
    before, after = (asked(request, name, column) for name in ("before", "after"))
    backwards = before is not None
    edge = before if backwards else after
    rest = rows if edge is None else rows.filter(**column.beyond(edge, backwards))
    found = list(rest.order_by(column.order(backwards))[: SIZE + 1])
    more, shown = len(found) > SIZE, found[:SIZE][::-1] if backwards else found[:SIZE]
    is_first, is_last = (not more, False) if backwards else (after is None, not more)
    return Page(
        shown,
        "" if is_first or not shown else address(kept, before=column.place(shown[0])),
        "" if is_last or not shown else address(kept, after=column.place(shown[-1])),
    )


def asked(request: HttpRequest, name: str, column: Column) -> Any:
    """What the address says, or None where it says nothing that can be."""
    text = request.GET.get(name, "").replace("\0", "")[:LONGEST]
    try:
        return column.read(text) if text else None
    except ValueError:
        return None


def address(kept: Mapping[str, str] | None, **place: str) -> str:
    return "?" + urlencode({**{name: text for name, text in (kept or {}).items() if text}, **place})
