"""The typed state of a flow: its fields, and how what steps write to them comes together. Pure.

A state is a dict by field; a field without a default is absent until a step writes to it. States are never changed
in place: each write makes a new one, so that a step keeps the one that it saw.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REPLACE = "replace"
SHARED_BY_FIELDS = ("$schema", "$id", "$defs", "definitions")  # of a schema: what its fields may refer to


class CannotWrite(ValueError):
    """A value that a field's reducer has no use for. The message says which field and what it takes."""


def append(held: Any, value: Any) -> list:
    """A list is added item by item, anything else as one item: to add a list as one item, write it in a list."""
    return [*(held or ()), *(value if isinstance(value, list) else (value,))]


def merge(held: Any, value: Any) -> dict:
    """The keys of both; of a key that both have, what was written last. Nothing below the keys is merged."""
    return {**(held or {}), **value}


def largest(held: Any, value: Any) -> Any:
    return value if held is None else max(held, value, key=in_line)


def smallest(held: Any, value: Any) -> Any:
    return value if held is None else min(held, value, key=in_line)


def in_line(number: float) -> tuple[float, bool]:
    """1 and 1.0 are as large as each other: which of them stays must not hang on who came first."""
    return number, isinstance(number, float)


def replace(held: Any, value: Any) -> Any:
    return value


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Reducer:
    """`takes(value)` says whether it can be written, `holds(value)` whether it can be written to."""

    combine: Callable[[Any, Any], Any]
    types: frozenset[str]  # JSON types that a field may have; nothing: any
    what: str  # what it takes
    takes: Callable[[Any], bool]
    holds: Callable[[Any], bool]
    any_order: bool  # whether two that write at the same time need not agree who is first


REDUCERS = {
    "append": Reducer(
        append,
        frozenset({"array"}),
        "a list",
        lambda value: True,
        lambda held: isinstance(held, list),
        True,
    ),
    "merge": Reducer(
        merge,
        frozenset({"object"}),
        "an object",
        lambda value: isinstance(value, dict),
        lambda held: isinstance(held, dict),
        True,
    ),
    "max": Reducer(largest, frozenset({"integer", "number"}), "a number", is_number, is_number, True),
    "min": Reducer(smallest, frozenset({"integer", "number"}), "a number", is_number, is_number, True),
    REPLACE: Reducer(replace, frozenset(), "anything", lambda value: True, lambda held: True, False),
}


@dataclass(frozen=True)
class Declared:
    """What a flow says of its state: `fields` are the schemas by name, in the order in which they stand there."""

    schema: Mapping[str, Any] = field(default_factory=dict)
    reducers: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> Mapping[str, Any]:
        return self.schema.get("properties") or {}

    def reducer(self, name: str) -> str:
        return self.reducers.get(name, REPLACE)

    def first(self) -> dict[str, Any]:
        """The state that a run starts with: the fields that have a default."""
        return {
            name: schema["default"]
            for name, schema in self.fields.items()
            if isinstance(schema, Mapping) and "default" in schema
        }

    def of_fields(self) -> dict[str, Any]:
        """The JSON Schema that each field must fit, whether or not it is alone: what the schema says of its fields."""
        kept = {name: self.schema[name] for name in SHARED_BY_FIELDS if name in self.schema}
        return {**kept, "type": "object", "properties": dict(self.fields)}

    def written(self, state: Mapping[str, Any], writes: Mapping[str, Any]) -> dict[str, Any]:
        """The state after a step wrote. Raises CannotWrite."""
        return {**state, **{name: self._combined(name, state, value) for name, value in writes.items()}}

    def _combined(self, name: str, state: Mapping[str, Any], value: Any) -> Any:
        if name not in self.fields:
            raise CannotWrite(f"the state has no field {name}")
        reducer = REDUCERS[self.reducer(name)]
        if not reducer.takes(value):
            raise CannotWrite(f"{name} is put together by {self.reducer(name)}, which takes {reducer.what}")
        if name not in state:
            return reducer.combine(None, value)
        if not reducer.holds(state[name]):
            raise CannotWrite(
                f"{name} is put together by {self.reducer(name)}, which adds to {reducer.what}, "
                "and something else stands there"
            )
        return reducer.combine(state[name], value)


def declared(document: Mapping[str, Any]) -> Declared | None:
    """What a flow document says of its state; None where it says nothing."""
    state = document.get("state")
    return None if state is None else Declared(state.get("schema") or {}, state.get("reducers") or {})
