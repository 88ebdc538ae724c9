"""One entry of the audit log as a row: what it shows, and where it leads."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from governance import ids, origin
from governance.audit import SYSTEM
from governance.chain.entries import Entry
from governance.models import Project, User
from runs.views.audit import words
from runs.views.shell.addresses import address

OF_DOCUMENTS = ("agent", "tool", "provider", "flow", "policy", "budget")


@dataclass(frozen=True, slots=True)
class Row:
    """`who` is a username (people choose their names themselves), `name` what they call themselves, `whence` where
    the act came from in words, `url` where its object is shown (or empty)."""

    entry: Entry
    who: str
    name: str
    initials: str
    picture: str
    act: str
    detail: str
    changes: list[words.Change]
    facts: list[tuple[str, str]]
    whence: list[tuple[str, str]]
    url: str

    @property
    def place(self) -> str:
        """From where, in one line."""
        return ", ".join(text for _name, text in self.whence[:2])


def rows_of(project: Project | None, entries: Sequence[Entry]) -> list[Row]:
    """One query for the names of all."""
    actors = {entry.actor for entry in entries}
    names = dict(User.objects.filter(username__in=actors).values_list("username", "name"))
    return [row_of(project, entry, names) for entry in entries]


def row_of(project: Project | None, entry: Entry, names: Mapping[str, str]) -> Row:
    data = parsed(entry.data)
    is_person = entry.actor != SYSTEM
    name = (names.get(entry.actor) or entry.actor) if is_person else ""
    return Row(
        entry=entry,
        who=entry.actor if is_person else "Baton",
        name=name,
        initials="".join(part[0] for part in name.split()[:2]).upper(),
        picture=words.picture_of(entry.action),
        act=words.act_of(entry.action),
        detail=words.detail_of(entry.action, data),
        changes=words.changes_of(data),
        facts=words.facts_of(data),
        whence=whence_of(parsed(entry.origin)),
        url=url_of(project, entry.object),
    )


def whence_of(kept: Any) -> list[tuple[str, str]]:
    """[(what, text)] of an origin, the telling ones first; nothing for entries from before origins were kept."""
    if not isinstance(kept, Mapping):
        return []
    via = {
        "page": _("page"),
        "api": _("API"),
        "socket": _("live socket"),
        origin.COMMAND_LINE: _("command line"),
        origin.ENGINE: _("engine"),
    }
    said = {
        _("Address"): kept.get("address"),
        _("By way of"): via.get(kept.get("via"), kept.get("via")),
        _("Token"): kept.get("token"),
        _("Session"): kept.get("session"),
        _("Program"): kept.get("agent"),
    }
    return [(name, str(text)) for name, text in said.items() if text]


def url_of(project: Project | None, thing: str) -> str:
    """Where the thing is shown, as far as there is a page for it."""
    kind, _slash, name = thing.partition("/")
    if project is None or not name:
        return ""
    if kind in ("run", "runs"):
        number = ids.decode(name)
        return "" if number is None else address("run", number)
    if kind == "approval":
        number = ids.decode(name)
        return "" if number is None else address("approval", project.slug, number)
    if kind == "privacy":
        return address("privacy-document", project.slug, name)
    return address(kind, project.slug, name) if kind in OF_DOCUMENTS else ""


def parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
