"""The filters of the list of runs: read from the address, written into it, applied to the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import clock, ids
from runs.models import STATUSES, Run

MICROS = 1_000_000
SLACK_MS = 60_000  # an id is made a moment before its row
LONGEST = 200
SINCE = {
    "1h": (gettext_lazy("Last hour"), 3600),
    "24h": (gettext_lazy("Last 24 hours"), 86_400),
    "7d": (gettext_lazy("Last 7 days"), 604_800),
    "30d": (gettext_lazy("Last 30 days"), 2_592_000),
}


@dataclass(frozen=True, slots=True)
class RunFilters:
    """What the address asks for. What means nothing there is left out rather than refused: addresses are shared."""

    statuses: tuple[str, ...] = ()
    flow: str = ""
    user: str = ""
    environment: str = ""
    since: str = ""
    text: str = ""
    below: bool = False

    @classmethod
    def of(cls, query: QueryDict) -> "RunFilters":
        words = [word for text in query.getlist("status") for word in text.split(",")]
        return cls(
            statuses=tuple(status for status in STATUSES if status in words),
            flow=plain(query.get("flow", "")),
            user=plain(query.get("user", "")),
            environment=plain(query.get("environment", "")),
            since=query.get("since", "") if query.get("since", "") in SINCE else "",
            text=plain(query.get("q", "")),
            below=query.get("below") == "1",
        )

    @property
    def any(self) -> bool:
        return self != RunFilters()

    @property
    def query(self) -> str:
        """As in the address, without the page; empty for no filter."""
        pairs = {
            "status": ",".join(self.statuses),
            "flow": self.flow,
            "user": self.user,
            "environment": self.environment,
            "since": self.since,
            "q": self.text,
            "below": "1" if self.below else "",
        }
        return urlencode({name: value for name, value in pairs.items() if value}, safe=",")

    def apply(self, rows: QuerySet[Run]) -> QuerySet[Run]:
        if self.statuses:
            rows = rows.filter(status__in=self.statuses)
        for column, value in (
            ("flow", self.flow),
            ("user__username", self.user),
            ("environment", self.environment),
        ):
            if value:
                rows = rows.filter(**{column: value})
        if self.since:
            since = clock.now() - SINCE[self.since][1] * MICROS
            oldest = max(0, since // 1000 - SLACK_MS) << ids.SPARE_BITS
            rows = rows.filter(created_at__gte=since, id__gte=oldest)
        if self.text:
            rows = rows.filter(self._matching())
        return rows if self.below else rows.filter(parent_id=None)

    def _matching(self) -> Q:
        """The text in labels, or the run's own identifier."""
        labelled = Q(labels__icontains=self.text)
        number = ids.decode(self.text.strip().lower())
        return labelled if number is None else labelled | Q(id=number)


def plain(text: str) -> str:
    """As a database can be asked for it."""
    return text[:LONGEST].replace("\0", "").strip()


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of a filter's menu: where it leads, and whether it is what is shown now."""

    label: str
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in the bar: its menu, what is chosen, and the address without it."""

    name: str
    label: str
    value: str
    choices: tuple[Choice, ...]
    without: str


def chips(
    filters: RunFilters,
    flows: Mapping[str, str],
    people: Mapping[str, str],
    environments: Sequence[str],
    words: Mapping[str, str],
) -> list[Chip]:
    """The bar: `flows` and `people` are names by slug and username, `words` those of the statuses."""
    return [
        chip(filters, "flow", _("Flow"), flows),
        status_chip(filters, words),
        chip(filters, "user", _("Started by"), people),
        chip(filters, "since", _("Started"), {name: str(label) for name, (label, _s) in SINCE.items()}),
        chip(filters, "environment", _("Environment"), {name: name for name in environments}),
    ]


def chip(filters: RunFilters, name: str, label: str, options: Mapping[str, str]) -> Chip:
    chosen = getattr(filters, name)
    every = {**options, chosen: options.get(chosen, chosen)} if chosen else options
    return Chip(
        name=name,
        label=label,
        value=every.get(chosen, "") if chosen else "",
        choices=tuple(
            Choice(text or value, replace(filters, **{name: value}).query, value == chosen)
            for value, text in every.items()
        ),
        without=replace(filters, **{name: ""}).query,
    )


def status_chip(filters: RunFilters, words: Mapping[str, str]) -> Chip:
    """Several statuses at once: each line adds or takes away one."""
    return Chip(
        name="status",
        label=_("Status"),
        value=", ".join(words[status] for status in filters.statuses),
        choices=tuple(
            Choice(words[status], with_status(filters, status).query, status in filters.statuses)
            for status in STATUSES
        ),
        without=replace(filters, statuses=()).query,
    )


def with_status(filters: RunFilters, status: str) -> RunFilters:
    kept = [known for known in STATUSES if (known in filters.statuses) != (known == status)]
    return replace(filters, statuses=tuple(kept))
