"""What two JSON documents differ in. Pure, and complete: applying the difference to the old one gives the new one.

Elements of a list are told apart by what they are called, not by where they stand: nodes by their id, edges by what
they join, routes and cases by their port, plain values by themselves. So a node that is put in front of others is
one node more, not a list of others. A list whose elements have no names is one value.
Values are the same where their digest is: the order of keys counts for nothing, 1 and 1.0 and true are three things.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

ADDED, REMOVED, CHANGED, REORDERED = "added", "removed", "changed", "reordered"


@dataclass(frozen=True, slots=True)
class Item:
    """An element of a list, by its name of a kind: id, edge, port or value."""

    by: str
    name: str


Path = tuple[str | Item, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs.

    `what` is added, removed or changed, with the values before and after (None where there is none), or reordered:
    then `before` and `after` are the Items of a list that are in both. `at`: where an added element
    stands in its list.
    """

    path: Path
    what: str
    before: Any = None
    after: Any = None
    at: int | None = None


def difference(old: Any, new: Any) -> list[Change]:
    """What must be done to `old` to make it `new`, in an order in which it can be done."""
    return list(_between(old, new, ()))


def applied(old: Any, changes: Sequence[Change]) -> Any:
    """A copy of `old` with the changes made."""
    whole = {"": deepcopy(old)}
    for change in changes:
        _make(whole, change)
    return whole[""]


def same(old: Any, new: Any) -> bool:
    """Whether two values have the same digest."""
    return _text(old) == _text(new)


def _between(old: Any, new: Any, path: Path) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _between_objects(old, new, path)
    elif isinstance(old, list) and isinstance(new, list) and (by := naming(old, new)):
        yield from _between_lists(old, new, by, path)
    elif not same(old, new):
        yield Change(path, CHANGED, old, new)


def _between_objects(old: dict, new: dict, path: Path) -> Iterator[Change]:
    for key, value in old.items():
        if key in new:
            yield from _between(value, new[key], (*path, key))
        else:
            yield Change((*path, key), REMOVED, before=value)
    for key, value in new.items():
        if key not in old:
            yield Change((*path, key), ADDED, after=value)


def _between_lists(old: list, new: list, by: str, path: Path) -> Iterator[Change]:
    name_of = NAMES[by]
    here, there = {name_of(one): one for one in old}, {name_of(one): one for one in new}
    for name, value in here.items():
        if name not in there:
            yield Change((*path, Item(by, name)), REMOVED, before=value)
    before, after = [name for name in here if name in there], [name for name in there if name in here]
    if before != after:
        yield Change(path, REORDERED, *([Item(by, name) for name in names] for names in (before, after)))
    for name in before:
        yield from _between(here[name], there[name], (*path, Item(by, name)))
    for at, (name, value) in enumerate(there.items()):
        if name not in here:
            yield Change((*path, Item(by, name)), ADDED, after=value, at=at)


def naming(old: list, new: list) -> str | None:
    """By what the elements of both lists can be told apart; None where they cannot."""
    for by, name_of in NAMES.items():
        if all(_are_distinct([name_of(one) for one in found]) for found in (old, new)):
            return by
    return None


def _are_distinct(names: list[str | None]) -> bool:
    return None not in names and len(set(names)) == len(names)


def _id(element: Any) -> str | None:
    return _field(element, "id")


def _edge(element: Any) -> str | None:
    """`classify.billing → billing`."""
    start, end = _field(element, "from"), _field(element, "to")
    port = element.get("port", "out") if isinstance(element, dict) else None
    if start is None or end is None or not isinstance(port, str):
        return None
    return f"{start} → {end}" if port == "out" else f"{start}.{port} → {end}"


def _port(element: Any) -> str | None:
    return _field(element, "port")


def _value(element: Any) -> str | None:
    return None if isinstance(element, dict | list) else _text(element)


def _field(element: Any, name: str) -> str | None:
    found = element.get(name) if isinstance(element, dict) else None
    return found if isinstance(found, str) else None


# Edges have ports, too: they come first. Empty lists have any naming, and that of the other list counts.
NAMES: dict[str, Callable[[Any], str | None]] = {"id": _id, "edge": _edge, "port": _port, "value": _value}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _make(whole: dict, change: Change) -> None:
    holder, last = _holder(whole, ("", *change.path))
    if change.what == REORDERED:
        _reorder(holder[last], change)
    elif isinstance(last, Item):
        _make_in_list(holder, last, change)
    elif change.what == REMOVED:
        del holder[last]
    else:
        holder[last] = deepcopy(change.after)


def _holder(whole: dict, path: Path) -> tuple[Any, str | Item]:
    """The object or list that a path ends in, and its last part."""
    found: Any = whole
    for part in path[:-1]:
        found = found[_place(found, part)] if isinstance(part, Item) else found[part]
    return found, path[-1]


def _make_in_list(holder: list, item: Item, change: Change) -> None:
    if change.what == ADDED:
        holder.insert(change.at or 0, deepcopy(change.after))
    elif change.what == REMOVED:
        del holder[_place(holder, item)]
    else:
        holder[_place(holder, item)] = deepcopy(change.after)


def _reorder(elements: list, change: Change) -> None:
    places = {item.name: place for place, item in enumerate(change.after)}
    name_of = NAMES[change.after[0].by]
    elements.sort(key=lambda one: places[name_of(one)])


def _place(elements: list, item: Item) -> int:
    name_of = NAMES[item.by]
    return next(place for place, one in enumerate(elements) if name_of(one) == item.name)
