"""How much work a JSON Schema can make of a value: references that meet in one place multiply each other.

Thirty definitions that name the next one twice are 2**30 checks of one empty object, and the library that does
them holds the whole process meanwhile. Pure: a schema in, numbers out; an upper bound, never an estimate.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any
from urllib.parse import unquote

MOST_REFERENCES = 20_000
MOST_PATHS = 10_000  # references that end at one place of a value, without going deeper into it
MOST_CHECKS = 4_000_000
MOST_WILD = 200
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
HERE = ("not", "if", "then", "else")
HERE_LISTS = ("allOf", "anyOf", "oneOf")
CHOICES = ("anyOf", "oneOf")
HERE_MAPS = ("dependentSchemas", "dependencies")
ANY_FIELD = ("additionalProperties", "unevaluatedProperties", "propertyNames")
ENTRIES = ("items", "prefixItems", "additionalItems", "unevaluatedItems", "contains")
FIELD, ENTRY = "*", "[]"

Place = tuple[str, ...]
Found = Mapping[str, list[tuple[Place, str]]]  # by name: (where in the value, what is referred to)


@dataclass(frozen=True, slots=True)
class Growth:
    """`paths` checks at one place; each of `levels` (None: as deep as the value is) multiplies them by `factor`.

    `alternatives` is what each of them may have to try.
    """

    paths: int = 1
    factor: int = 1
    levels: int | None = 0
    alternatives: int = 1

    def is_too_much(self, value: Any) -> bool:
        """Whether this value could take more than MOST_CHECKS at one of its places."""
        return self.factor > 1 and self._at_one_place(value) > MOST_CHECKS

    def checks(self, value: Any) -> int:
        """How many faults one place of this value could have at most."""
        return self.alternatives * self._at_one_place(value)

    def _at_one_place(self, value: Any) -> int:
        if self.factor == 1:
            return self.paths
        depth = depth_of(value)
        levels = depth if self.levels is None else min(depth, self.levels)
        return self.paths * self.factor**levels


def growth_of(schema: Any) -> Growth:
    """Raises ValueError for a schema that no value could be checked against in a reasonable time."""
    references = collected(schema)
    alternatives = 1 + sum(len(listed(sub.get(key, []))) for sub in mappings(schema) for key in CHOICES)
    if len(references) == 1 and not references["#"]:
        return Growth(alternatives=alternatives)
    order = ordered(references)
    if order is None:
        return measured(references, ordered_here(references), None, alternatives)
    return measured(references, order, 1, alternatives)


def measured(references: Found, order: list[str], levels: int | None, alternatives: int) -> Growth:
    """Where the order holds all references, what lies behind one counts too, and one level says it all."""
    paths: dict[str, int] = {}
    below: dict[str, Counter[Place]] = {}
    heaviest: dict[str, int] = {}
    for name in order:
        paths[name] = 1 + sum(paths[ref] for place, ref in references[name] if not place)
        if paths[name] > MOST_PATHS:
            raise ValueError("its references multiply each other: name each definition once")
        below[name] = Counter()
        for place, ref in references[name]:
            if place:
                below[name][place] += 1 if levels is None else heaviest[ref]
            else:
                below[name].update(below[ref])
        heaviest[name] = max(busiest(below[name]), paths[name])
    factor = max(busiest(places) for places in below.values())
    return Growth(max(paths.values()), factor, levels, alternatives)


def ordered(references: Found) -> list[str] | None:
    """What is referred to before what refers to it; None for a schema that holds itself."""
    try:
        graph = {name: [ref for _, ref in found] for name, found in references.items()}
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        return None


def ordered_here(references: Found) -> list[str]:
    """The same by references at one place of the value alone."""
    try:
        graph = {name: [ref for place, ref in found if not place] for name, found in references.items()}
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ValueError("it refers to itself without end") from error


def collected(schema: Any) -> Found:
    """Every schema that is referred to, by its name, with what it refers to and where in the value."""
    anchors = {sub["$anchor"]: sub for sub in mappings(schema) if isinstance(sub.get("$anchor"), str)}
    found: dict[str, list[tuple[Place, str]]] = {}
    pending, count = deque(["#"]), 0
    while pending:
        name = pending.popleft()
        if name in found:
            continue
        found[name] = list(references_in(resolved(schema, anchors, name), ()))
        count += len(found[name])
        if count > MOST_REFERENCES:
            raise ValueError(f"it has more than {MOST_REFERENCES:,} references")
        pending.extend(ref for _, ref in found[name])
    return found


def references_in(schema: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """(where in the value, what is referred to); nothing where the schema is no object."""
    if not isinstance(schema, Mapping):
        return
    for key in REFERENCES:
        if isinstance(schema.get(key), str):
            yield place, schema[key] if schema[key].startswith("#") else "#"
    for inner, sub in parts_of(schema):
        yield from references_in(sub, place + inner)


def parts_of(schema: Mapping) -> Iterator[tuple[Place, Any]]:
    for key in HERE:
        yield (), schema.get(key)
    for key in HERE_LISTS:
        yield from (((), sub) for sub in listed(schema.get(key)))
    for key in HERE_MAPS:
        yield from (((), sub) for sub in fields(schema.get(key)).values())
    yield from (((name,), sub) for name, sub in fields(schema.get("properties")).items())
    yield from (((FIELD,), sub) for sub in fields(schema.get("patternProperties")).values())
    for key in ANY_FIELD:
        yield (FIELD,), schema.get(key)
    for key in ENTRIES:
        yield from (((ENTRY,), sub) for sub in listed(schema.get(key)))


def listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def fields(value: Any) -> Mapping:
    return value if isinstance(value, Mapping) else {}


def resolved(schema: Any, anchors: Mapping[str, Any], name: str) -> Any:
    """What a reference names; the whole schema where that cannot be told."""
    if not name.startswith("#/"):
        return anchors.get(name[1:], schema)
    found = schema
    for part in name[2:].split("/"):
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return schema
    return found


def mappings(value: Any) -> Iterator[Mapping]:
    pending = [value]
    while pending:
        found = pending.pop()
        if isinstance(found, Mapping):
            yield found
            pending.extend(found.values())
        elif isinstance(found, list):
            pending.extend(found)


def busiest(places: Counter[Place]) -> int:
    """How many references meet at most in one place of the value."""
    wild = {place: count for place, count in places.items() if FIELD in place}
    if len(wild) > MOST_WILD:
        return sum(places.values())
    return max(
        (
            count + sum(more for other, more in wild.items() if other != place and meet(place, other))
            for place, count in places.items()
        ),
        default=1,
    )


def meet(one: Place, other: Place) -> bool:
    """Whether both can be the same place: a field of any name is every field."""
    return len(one) == len(other) and all(
        a == b or (FIELD in (a, b) and ENTRY not in (a, b)) for a, b in zip(one, other, strict=True)
    )


def depth_of(value: Any) -> int:
    """How many lists and objects lie inside each other."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, list | dict)]:
        depth += 1
        level = [inner for item in level for inner in contents(item)]
    return depth


def count_of(value: Any) -> int:
    """How many values are in it, itself included."""
    count, level = 0, [value]
    while level:
        count += len(level)
        level = [inner for item in level for inner in contents(item)]
    return count


def contents(item: Any) -> Any:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()
