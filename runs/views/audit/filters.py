"""The filters of the audit log: read from the address, written into it, and as chips above the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from governance import clock
from governance.chain.reading import Asked
from runs.views.audit.words import GROUPS
from runs.views.shell.run_filters import MICROS, SINCE, Chip, Choice, plain

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """What the address asks for; what means nothing there is left out. `day_from` and `day_to` are dates (UTC)."""

    actor: str = ""
    action: str = ""
    object: str = ""
    since: str = ""
    day_from: str = ""
    day_to: str = ""
    text: str = ""

    @classmethod
    def of(cls, query: QueryDict) -> "AuditFilters":
        return cls(
            actor=plain(query.get("actor", "")),
            action=plain(query.get("action", "")),
            object=plain(query.get("object", "")),
            since=query.get("since", "") if query.get("since", "") in SINCE else "",
            day_from=day(query.get("from", "")),
            day_to=day(query.get("to", "")),
            text=plain(query.get("q", "")),
        )

    @property
    def any(self) -> bool:
        return self != AuditFilters()

    @property
    def pairs(self) -> dict[str, str]:
        every = {
            "actor": self.actor,
            "action": self.action,
            "object": self.object,
            "since": self.since,
            "from": self.day_from,
            "to": self.day_to,
            "q": self.text,
        }
        return {name: value for name, value in every.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.pairs, safe="/")

    @property
    def asked(self) -> Asked:
        since = start_of(self.day_from) if self.day_from else None
        if self.since:
            since = max(since or 0, clock.now() - SINCE[self.since][1] * MICROS)
        until = start_of(self.day_to, DAY) if self.day_to else None
        return Asked(self.actor, self.action, self.object, since, until, self.text)


def day(text: str) -> str:
    """A date as it is written; empty for what is none."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return ""


def start_of(date: str, later: timedelta = timedelta()) -> int:
    try:
        moment = datetime.fromisoformat(date).replace(tzinfo=UTC) + later
    except OverflowError:
        moment = datetime.max.replace(tzinfo=UTC)
    return round(moment.timestamp() * MICROS)


def chips(filters: AuditFilters, people: Mapping[str, str]) -> list[Chip]:
    return [
        chip(filters, "actor", _("Who"), people),
        chip(filters, "action", _("Action"), {name: str(label) for name, label in GROUPS.items()}),
        chip(filters, "object", _("Object"), {}),
        chip(filters, "since", _("When"), {name: str(label) for name, (label, _s) in SINCE.items()}),
    ]


def chip(filters: AuditFilters, name: str, label: str, options: Mapping[str, str]) -> Chip:
    chosen = getattr(filters, name)
    every = {**options, chosen: options.get(chosen, chosen)} if chosen else options
    choices = tuple(
        Choice(text or value, replace(filters, **{name: value}).query, value == chosen)
        for value, text in every.items()
    )
    return Chip(name, label, every.get(chosen, ""), choices, replace(filters, **{name: ""}).query)
