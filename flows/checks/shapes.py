"""What JSON Schemas say about each other, as far as it is certain: keys that are not there, types that cannot fit.

Not a full comparison (that is undecidable in practice): whatever a schema leaves open, or says with `$ref`, `anyOf`
and the like, is taken to fit.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from governance.refusals import pointer

OPEN = frozenset({"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "not", "if", "patternProperties"})
SCALARS = frozenset({"string", "number", "integer", "boolean", "null"})
EVERYTHING = SCALARS | {"object", "array"}


@dataclass(frozen=True, slots=True)
class Missing:
    """A key that a schema does not have: `certain` where no value can have it."""

    key: str
    has: tuple[str, ...]
    certain: bool


@dataclass(frozen=True, slots=True)
class Misfit:
    """Where a value cannot fit (a JSON pointer into it), and why."""

    at: str
    reason: str


def follow(schema: Mapping | bool | None, keys: Sequence[str]) -> Mapping | Missing | None:
    """The schema behind keys, the first key that is missing, or None where the schema does not tell."""
    for key in keys:
        if not isinstance(schema, Mapping) or not OPEN.isdisjoint(schema):
            return None
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        if types(schema) <= SCALARS:
            return Missing(key, (), True)
        if types(schema) != {"object"} or (others is True and not properties):
            return None
        if key not in properties and isinstance(others, bool):
            return Missing(key, tuple(properties), certain=not others)
        schema = properties.get(key, others)
    return schema if isinstance(schema, Mapping) else None


def types(schema: Mapping) -> frozenset[str]:
    """The JSON types that a schema lets pass."""
    if "const" in schema:
        return frozenset({type_of(schema["const"])})
    if "enum" in schema:
        return frozenset(type_of(value) for value in schema["enum"])
    if "type" in schema:
        named = schema["type"]
        return frozenset([named] if isinstance(named, str) else named)
    return frozenset({"object"}) if "properties" in schema else EVERYTHING


def type_of(value) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


def misfits(made: Mapping | bool | None, wanted: Mapping | bool | None, at: str = "") -> Iterator[Misfit]:
    """Where no value of the schema `made` can fit the schema `wanted`."""
    if not isinstance(made, Mapping) or not isinstance(wanted, Mapping) or not OPEN.isdisjoint(made):
        return
    if not can_be(types(made), types(wanted)):
        yield Misfit(at, f"is {listed(types(made))}, but {listed(types(wanted))} is needed")
    elif (values := enumerated(made)) and (allowed := enumerated(wanted)):
        if not any(value in allowed for value in values):
            yield Misfit(at, f"is {listed(map(repr, values))}, but {listed(map(repr, allowed))} is needed")
    elif types(made) == {"object"} and "object" in types(wanted):
        yield from of_objects(made, wanted, at)
    elif types(made) == {"array"} and "array" in types(wanted):
        yield from misfits(made.get("items"), wanted.get("items"), f"{at}/0")


def of_objects(made: Mapping, wanted: Mapping, at: str) -> Iterator[Misfit]:
    has, needs = made.get("properties", {}), wanted.get("properties", {})
    if made.get("additionalProperties") is False:
        for key in wanted.get("required", ()):
            if key not in has:
                yield Misfit(at, f"has no {key!r}, which is needed")
    if wanted.get("additionalProperties") is False and OPEN.isdisjoint(wanted):
        for key in made.get("required", ()):
            if key not in needs:
                yield Misfit(at + pointer(key), "is not known there")
    for key in has:
        if key in needs and key in made.get("required", ()):
            yield from misfits(has[key], needs[key], at + pointer(key))


def can_be(made: frozenset[str], wanted: frozenset[str]) -> bool:
    """A number that is whole passes as an integer, and the other way round."""
    numbers = {"integer", "number"}
    return not made.isdisjoint(wanted) or (not made.isdisjoint(numbers) and not wanted.isdisjoint(numbers))


def enumerated(schema: Mapping) -> list:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def listed(names) -> str:
    return " or ".join(sorted(names))
