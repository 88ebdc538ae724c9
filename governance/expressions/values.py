"""Owns values: JSON in which strings are conditions (`=…`), literals (`\\=…`) or texts."""

from collections.abc import Iterator
from typing import Any

from .errors import ExpressionError, Invalid
from .limits import MAX_JSON_DEPTH, Weight
from .programs import Program, condition_program, is_text, run_condition, run_text, text_program_of


def evaluated(template: Any, scope: dict[str, Any]) -> Any:
    """The value with its expressions evaluated; results that several of them give are weighed together."""
    if type(template) is str:
        return from_string(template, scope, None)
    return nested(template, scope, Weight(), 0)


def nested(template: Any, scope: dict[str, Any], weight: Weight, depth: int) -> Any:
    kind = type(template)
    if kind is str:
        return from_string(template, scope, weight)
    if kind is not dict and kind is not list:
        return template
    if depth > MAX_JSON_DEPTH:
        raise ExpressionError("", f"the value nests deeper than {MAX_JSON_DEPTH}")
    if kind is dict:
        return {key: nested(item, scope, weight, depth + 1) for key, item in template.items()}
    return [nested(item, scope, weight, depth + 1) for item in template]


def from_string(source: str, scope: dict[str, Any], weight: Weight | None) -> Any:
    if source.startswith("="):
        return run_condition(source[1:], scope, weight)
    literal = source[1:] if source.startswith("\\=") else source
    return run_text(literal, scope) if is_text(literal) else literal


def programs(template: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Program | Invalid]]:
    """Every expression inside with its JSON pointer. Offsets in a condition count from its `=`."""
    if type(template) is str:
        if template.startswith("="):
            yield path, condition_program(template[1:])
        elif is_text(template):
            yield path, text_program_of(template.removeprefix("\\") if template[:2] == "\\=" else template)
    elif depth > MAX_JSON_DEPTH:
        yield path, Invalid(f"nests deeper than {MAX_JSON_DEPTH}")
    elif type(template) is dict:
        for key, item in template.items():
            yield from programs(item, f"{path}/{key.replace('~', '~0').replace('/', '~1')}", depth + 1)
    elif type(template) is list:
        for at, item in enumerate(template):
            yield from programs(item, f"{path}/{at}", depth + 1)
