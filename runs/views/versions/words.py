"""What changed, in words: the names of places, values as people read them, and all of it in one line."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.documents import yaml_text
from governance.documents.difference import ADDED, REMOVED, REORDERED, Change, Item
from runs.templatetags.baton import dollars
from runs.views.forms.labels import humanised, unit_of

LONGEST = 90
LONGEST_IN_LINE = 32
MOST_SAID = 3
LONGEST_NAME = 60
LAYOUT = "position"


def label_of(path: Sequence[str | Item]) -> str:
    """`Limits › Max cost`; the configuration of a node goes without saying."""
    words = [part.name if isinstance(part, Item) else humanised(part) for part in path if part != "config"]
    return " › ".join(words) or _("Whole document")


def text_of(value: Any) -> str:
    """A value as it would be written down: texts as they are, everything else as YAML."""
    return value if isinstance(value, str) else yaml_text.dump(value).removesuffix("...\n").rstrip("\n")


def is_long(value: Any) -> bool:
    if isinstance(value, dict | list):
        return True
    return isinstance(value, str) and (len(value) > LONGEST or "\n" in value)


def value_of(value: Any, path: Sequence[str | Item] = ()) -> str:
    """A short value with its unit: $0.02, 30 s, on, 0.7."""
    if value is True or value is False:
        return _("yes") if value else _("no")
    if value is None:
        return _("nothing")
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    unit = unit_of(key, {}) if isinstance(value, int | float) else ""
    text = text_of(value)
    return dollars(value) if unit == "$" else f"{text} {unit}".rstrip() or _("an empty text")


def is_layout(change: Change) -> bool:
    """Whether only a card was moved: nothing that runs."""
    return change.path[:1] == ("nodes",) and LAYOUT in change.path[2:3]


def line(changes: Iterable[Change]) -> str:
    """What changed in one line, the most telling first."""
    changes = list(changes)
    said = [
        *_nodes(changes),
        *(_sentence(change) for change in changes if _stands_alone(change)),
        *_edges(changes),
    ]
    if any(map(is_layout, changes)):
        said.append(_("layout"))
    shown = ", ".join(said[:MOST_SAID])
    more = len(said) - MOST_SAID
    if more > 0:
        shown = _("%(said)s and %(more)s more") % {"said": shown, "more": more}
    return shown[:1].upper() + shown[1:]


def _stands_alone(change: Change) -> bool:
    return not (
        is_layout(change) or _is_of(change, "edges") or (_is_of(change, "nodes") and len(change.path) == 2)
    )


def _is_of(change: Change, field: str) -> bool:
    return change.path[:1] == (field,) and len(change.path) > 1 and isinstance(change.path[1], Item)


def _nodes(changes: Sequence[Change]) -> list[str]:
    said = []
    for what, one, several in (
        (ADDED, _("node %(names)s added"), _("nodes %(names)s added")),
        (REMOVED, _("node %(names)s removed"), _("nodes %(names)s removed")),
    ):
        names = [change.path[1].name for change in changes if change.what == what and _is_node(change)]
        if names:
            more = ", …" if len(names) > MOST_SAID else ""
            said.append(
                (one if len(names) == 1 else several) % {"names": ", ".join(names[:MOST_SAID]) + more}
            )
    return said


def _is_node(change: Change) -> bool:
    return _is_of(change, "nodes") and len(change.path) == 2


def _edges(changes: Sequence[Change]) -> list[str]:
    edges = [change for change in changes if _is_of(change, "edges")]
    added = sum(change.what == ADDED and len(change.path) == 2 for change in edges)
    removed = sum(change.what == REMOVED and len(change.path) == 2 for change in edges)
    changed = len({change.path[1] for change in edges if len(change.path) > 2})
    counted = (
        (added, ngettext("%(count)s connection added", "%(count)s connections added", added)),
        (removed, ngettext("%(count)s connection removed", "%(count)s connections removed", removed)),
        (changed, ngettext("%(count)s connection changed", "%(count)s connections changed", changed)),
    )
    return [said % {"count": count} for count, said in counted if count]


def _sentence(change: Change) -> str:
    """`classify: min confidence 0.7 → 0.8`."""
    path = change.path
    of, within = (f"{path[1].name}: ", path[2:]) if _is_of(change, "nodes") else ("", path)
    if within and isinstance(within[-1], Item) and within[-1].by == "value":
        entry = text_of(change.after if change.what == ADDED else change.before)[:LONGEST_NAME]
        return f"{of}{_inside(within[:-1])} {'+' if change.what == ADDED else '−'} {entry}"
    values = {
        "name": _inside(within),
        "before": _short(change.before, path),
        "after": _short(change.after, path),
    }
    return of + _pattern(change) % values


def _pattern(change: Change) -> str:
    if change.what == REORDERED:
        return _("order of %(name)s")
    if change.what == REMOVED:
        return _("%(name)s removed")
    if change.what == ADDED:
        return _("%(name)s added") if _is_long_in_line(change.after) else _("%(name)s %(after)s")
    if _is_long_in_line(change.before) or _is_long_in_line(change.after):
        return _("%(name)s changed")
    return _("%(name)s %(before)s → %(after)s")


def _inside(path: Sequence[str | Item]) -> str:
    """A label in the middle of a sentence; SLA and the like stay as they are."""
    name = label_of(path)[:LONGEST_NAME]
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def _is_long_in_line(value: Any) -> bool:
    return is_long(value) or (isinstance(value, str) and len(value) > LONGEST_IN_LINE)


def _short(value: Any, path: Sequence[str | Item]) -> str:
    return "" if is_long(value) else value_of(value, path)


def counted(body: Mapping[str, Any]) -> str:
    """What a first version brings: `7 nodes and 8 connections`, or how many fields."""
    if isinstance(body.get("nodes"), list):
        edges = body.get("edges")
        nodes, joined = len(body["nodes"]), len(edges) if isinstance(edges, list) else 0
        return _("%(nodes)s and %(edges)s") % {
            "nodes": ngettext("%(count)s node", "%(count)s nodes", nodes) % {"count": nodes},
            "edges": ngettext("%(count)s connection", "%(count)s connections", joined) % {"count": joined},
        }
    fields = len(body.keys() - {"kind", "slug"})
    return ngettext("%(count)s field", "%(count)s fields", fields) % {"count": fields}
