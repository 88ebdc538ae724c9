"""The audit log as it is read: which entries are asked for, and what is exported of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from governance.chain import rows
from governance.chain.entries import Entry
from governance.models import AuditEntry, Project

READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """Filters, empty for none. `actor` is a username; `action` run.launch, or run for all of its actions; `object`
    agent/writer, or agent for all of them; `since` and `until` (excluded) microseconds; `text` what a person types."""

    actor: str = ""
    action: str = ""
    object: str = ""
    since: int | None = None
    until: int | None = None
    text: str = ""

    def apply(self, entries: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        if self.actor:
            entries = entries.filter(actor=self.actor)
        if self.action:
            entries = entries.filter(_one_or_all("action", self.action, "."))
        if self.object:
            entries = entries.filter(_one_or_all("object", self.object, "/"))
        if self.since is not None:
            entries = entries.filter(at__gte=self.since)
        if self.until is not None:
            entries = entries.filter(at__lt=self.until)
        return entries.filter(_matching(self.text)) if self.text else entries

    @property
    def named(self) -> dict[str, str | int]:
        """The filters that are set, for the record of an export."""
        every = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in every.items() if value not in ("", None)}


def _one_or_all(column: str, value: str, mark: str) -> Q:
    exact = Q(**{column: value})
    return exact if mark in value else exact | Q(**{f"{column}__startswith": value + mark})


def _matching(text: str) -> Q:
    found = Q(object__icontains=text) | Q(actor__icontains=text) | Q(action__icontains=text)
    if text.removeprefix("#").isdecimal() and len(text) < 18:
        found |= Q(seq=int(text.removeprefix("#")))
    return found | Q(hash__startswith=text.lower()) if len(text) > 5 else found


def log_of(project: Project | None) -> QuerySet[AuditEntry]:
    """The entries of a project, or those outside projects; unordered."""
    return AuditEntry.objects.filter(project=project)


def sealed(project: Project | None, asked: Asked, upto: int) -> Iterator[list[Entry]]:
    """What is asked for in the chain's order up to entry `upto`, a few hundred at a time, as it was sealed."""
    entries, last = asked.apply(log_of(project)).filter(seq__lte=upto).order_by("seq"), 0
    while True:
        numbers = list(entries.filter(seq__gt=last).values_list("id", flat=True)[:READ_AT_ONCE])
        found = sorted(rows.named(numbers), key=lambda entry: entry.seq) if numbers else []
        if found:
            yield found
            last = found[-1].seq
        if len(numbers) < READ_AT_ONCE:
            return


def last_of(project: Project | None) -> int:
    """The number of the newest sealed entry; 0 where there is none."""
    newest = log_of(project).exclude(seq=None).order_by("-seq").values_list("seq", flat=True)
    return newest.first() or 0
