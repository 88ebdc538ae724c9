"""A difference as it is drawn: what belongs to one thing stands together, short values beside each other, long
texts line by line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.documents.difference import ADDED, CHANGED, REMOVED, REORDERED, Change, Item, difference
from governance.documents.line_difference import Line, lines_between
from runs.views.versions import words

MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class Row:
    """A short value before and after; None where there is none."""

    label: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Text:
    """A long value, line by line. `more` lines are not shown."""

    label: str
    lines: list[Line]
    more: int = 0


@dataclass(slots=True)
class Group:
    """What differs in one thing: a node, the connections, or the fields of the document itself. `heading` stands
    over the names of its rows."""

    title: str
    what: str = CHANGED
    name: str = ""
    rows: list[Row] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    note: str = ""
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """`line` says it in one line; no groups: both are the same."""

    groups: list[Group]
    line: str


def drawn(old: Mapping[str, Any], new: Mapping[str, Any]) -> Drawn:
    changes = difference(old, new)
    return Drawn(
        [group for group in _groups(changes, old, new) if _says_something(group)], words.line(changes)
    )


def _says_something(group: Group) -> bool:
    return bool(group.rows or group.texts or group.note)


def _groups(changes: list[Change], old: Mapping, new: Mapping) -> Iterator[Group]:
    own = Group(_("Fields"), heading=_("Field"))
    nodes: dict[str, Group] = {}
    edges = Group(_("Connections"), heading=_("Connection"))
    moved = [change for change in changes if words.is_layout(change)]
    for change in changes:
        part = change.path[1] if len(change.path) > 1 else None
        if words.is_layout(change):
            continue
        if change.path[:1] == ("nodes",) and isinstance(part, Item):
            group = nodes.get(part.name) or nodes.setdefault(part.name, _node(part.name, change, old, new))
            _put(group, change, change.path[2:])
        elif change.path[:1] == ("edges",) and isinstance(part, Item):
            _put_edge(edges, change, part)
        else:
            _put(own, change, change.path)
    yield own
    yield from nodes.values()
    yield edges
    yield _layout(moved)


def _node(name: str, change: Change, old: Mapping, new: Mapping) -> Group:
    node = next((one for body in (new, old) for one in _nodes_of(body) if one.get("id") == name), {})
    shown = node.get("name") if isinstance(node.get("name"), str) else ""
    what = change.what if len(change.path) == 2 else CHANGED
    return Group(shown or name, what, name, heading=_("Field"))


def _nodes_of(body: Mapping) -> Iterable[Mapping]:
    found = body.get("nodes")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _layout(moved: list[Change]) -> Group:
    count = len({change.path[1] for change in moved})
    said = ngettext("%(count)s node was moved.", "%(count)s nodes were moved.", count)
    return Group(_("Layout"), note=said % {"count": count} if count else "")


def _put_edge(group: Group, change: Change, edge: Item) -> None:
    if len(change.path) > 2:
        _put(group, change, change.path[1:])
    elif change.what == ADDED:
        group.rows.append(Row(edge.name, None, _("added") + _loop(change.after)))
    else:
        group.rows.append(Row(edge.name, _("there") + _loop(change.before), None))


def _loop(edge: Any) -> str:
    loop = edge.get("loop") if isinstance(edge, dict) else None
    most = loop.get("max") if isinstance(loop, dict) else None
    return _(", at most %(most)s times round") % {"most": most} if isinstance(most, int) else ""


def _put(group: Group, change: Change, path: tuple[str | Item, ...]) -> None:
    label = words.label_of(path) if path else _("Node")
    if change.what == REORDERED:
        names = (", ".join(item.name for item in items) for items in (change.before, change.after))
        group.rows.append(Row(_("%(name)s: order") % {"name": label}, *names))
    elif isinstance(path[-1] if path else None, Item) and path[-1].by == "value":
        _put_value(group, change, path)
    elif words.is_long(change.before) or words.is_long(change.after):
        group.texts.append(_text(label, change))
    else:
        before = None if change.what == ADDED else words.value_of(change.before, path)
        after = None if change.what == REMOVED else words.value_of(change.after, path)
        group.rows.append(Row(label, before, after))


def _put_value(group: Group, change: Change, path: tuple[str | Item, ...]) -> None:
    """An entry of a list of plain values."""
    entry = words.value_of(change.after if change.what == ADDED else change.before)
    label = words.label_of(path[:-1])
    group.rows.append(Row(label, None, entry) if change.what == ADDED else Row(label, entry, None))


def _text(label: str, change: Change) -> Text:
    before = "" if change.what == ADDED else words.text_of(change.before)
    after = "" if change.what == REMOVED else words.text_of(change.after)
    lines = lines_between(before, after)
    return Text(label, lines[:MOST_LINES], max(len(lines) - MOST_LINES, 0))
