"""Which two states of a document are compared: versions by number, or the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from governance import documents
from governance.models import Version
from governance.refusals import NotFound
from runs.views.versions.drawn import Drawn, drawn
from runs.views.versions.shown import Subject

DRAFT = "draft"
LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Side:
    """A state of a document: `key` names it in addresses, `version` is None for the draft."""

    key: str
    body: Mapping[str, Any]
    version: Version | None = None

    @property
    def label(self) -> str:
        return _("Draft") if self.version is None else f"v{self.version.number}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`old` is None for a first version: there is nothing to compare it with."""

    old: Side | None
    new: Side
    difference: Drawn | None


def compared(shown: Subject, asked: QueryDict) -> Comparison | None:
    """What the address asks for, else what is most worth seeing; None where there is nothing at all.

    Raises NotFound for a version that is not there.
    """
    keys = _keys(shown, asked)
    if keys is None:
        return None
    sides = _sides(shown, [key for key in keys if key])
    old, new = (sides[key] if key else None for key in keys)
    return Comparison(old, new, drawn(old.body, new.body) if old else None)


def _keys(shown: Subject, asked: QueryDict) -> tuple[str | None, str] | None:
    """Older and newer, as the address has them (`v` twice, from the list of versions) or by default."""
    chosen = sorted(dict.fromkeys(asked.getlist("v")), key=_age)
    if len(chosen) == 2:
        return chosen[0], chosen[1]
    newest = shown.document.versions.order_by("-number").values_list("number", flat=True)[:2]
    numbers = [str(number) for number in newest]
    to = chosen[0] if len(chosen) == 1 else asked.get("to") or _latest(shown, numbers)
    if to is None:
        return None
    return asked.get("from") or _before(shown, to, numbers), to


def _age(key: str) -> tuple[int, str]:
    return (10**LONGEST_NUMBER if key == DRAFT else int(key) if is_number(key) else 0, key)


def _latest(shown: Subject, numbers: list[str]) -> str | None:
    if shown.is_changed:
        return DRAFT
    return numbers[0] if numbers else None


def _before(shown: Subject, key: str, numbers: list[str]) -> str | None:
    """What a state is compared with: the draft with what is live, a version with the one before it."""
    if key == DRAFT:
        active = shown.document.active
        return str(active.number) if active else (numbers[0] if numbers else None)
    return str(int(key) - 1) if is_number(key) and int(key) > 1 else None


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) <= LONGEST_NUMBER


def _sides(shown: Subject, keys: list[str]) -> dict[str, Side]:
    """Every state by its key, in one query. Raises NotFound."""
    numbers = {int(key) for key in keys if is_number(key)}
    found = shown.document.versions.select_related("created_by").filter(number__in=numbers)
    versions = {version.number: version for version in found}
    return {key: _side(shown, key, versions) for key in keys}


def _side(shown: Subject, key: str, versions: Mapping[int, Version]) -> Side:
    draft = shown.draft
    if key == DRAFT and draft is not None:
        return Side(DRAFT, draft)
    version = versions.get(int(key)) if is_number(key) else None
    if version is None:
        what = _("draft") if key == DRAFT else _("version %(number)s") % {"number": key[:20]}
        raise NotFound(_("“%(name)s” has no %(what)s.") % {"name": shown.name, "what": what})
    return Side(key, documents.content(version), version)
