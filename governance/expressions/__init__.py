"""Owns the three things a document may compute with: conditions (CEL), texts (Jinja syntax), values (JSON of both).

A scope is a dict of plain JSON data by name (`input`, `steps`, `run`, `item`, …): dict, list, str, int, float,
bool, None, as a JSON parser gives them, and nothing else. It is read in place, never copied: a result may share
parts with it, so treat both as read-only. Every function here is pure and raises ExpressionError only.

What bounds an evaluation stands in `limits`. A source is compiled once and kept.
"""

from typing import Any

from . import values
from .errors import ExpressionError, Flaw, Invalid
from .programs import Program, condition_program, is_text, run_condition, run_text, text_program_of

__all__ = [
    "ExpressionError",
    "Flaw",
    "check_condition",
    "check_text",
    "check_value",
    "condition",
    "evaluate",
    "members_value",
    "names_condition",
    "names_text",
    "names_value",
    "roots_condition",
    "roots_text",
    "roots_value",
    "text",
    "value",
]


def condition(source: str, scope: dict[str, Any]) -> bool:
    """Whether a CEL expression holds; a result that is not a bool is an error."""
    result = run_condition(source, scope)
    if result is True or result is False:
        return result
    raise ExpressionError(source, f"a condition gives true or false, not {describe(result)}")


def describe(result: Any) -> str:
    kinds = {str: "a string", dict: "a map", list: "a list", type(None): "null"}
    return kinds.get(type(result), "a number")


def evaluate(source: str, scope: dict[str, Any]) -> Any:
    """The result of a CEL expression as JSON data. NaN, infinities, times and types are errors."""
    return run_condition(source, scope)


def text(source: str, scope: dict[str, Any]) -> str:
    """The rendered text: strings as they are, everything else JSON; what was substituted is never rendered."""
    return run_text(source, scope) if is_text(source) else source


def value(template: Any, scope: dict[str, Any]) -> Any:
    """The value of JSON: `=…` is CEL, `\\=…` starts a literal `=`, other strings are texts, keys stay."""
    return values.evaluated(template, scope)


def check_condition(source: str) -> list[Flaw]:
    """What is wrong in a condition before it runs: syntax, functions, limits, `steps` without a node."""
    return flaws(condition_program(source))


def check_text(source: str) -> list[Flaw]:
    return flaws(text_program_of(source)) if is_text(source) else []


def check_value(template: Any) -> list[Flaw]:
    """The flaws of every expression inside, each with its JSON pointer as `path`."""
    return [
        Flaw(flaw.reason, flaw.position, path)
        for path, program in values.programs(template)
        for flaw in flaws(program)
    ]


def flaws(program: Program | Invalid) -> list[Flaw]:
    if isinstance(program, Invalid):
        return [Flaw(program.reason, program.position)]
    advice = "name the node after `steps`, as in steps.review"
    return [Flaw(advice, position) for position in program.mentions.loose]


def names_condition(source: str) -> set[str]:
    """The nodes mentioned as steps.NODE, steps["NODE"], has(steps.NODE); empty if the source is invalid."""
    return mentioned(condition_program(source), "steps")


def names_text(source: str) -> set[str]:
    return mentioned(text_program_of(source), "steps") if is_text(source) else set()


def names_value(template: Any) -> set[str]:
    return set().union(*(mentioned(program, "steps") for _, program in values.programs(template)))


def roots_condition(source: str) -> set[str]:
    """The names that must be in scope (input, steps, …); empty if the source is invalid."""
    return mentioned(condition_program(source), "roots")


def roots_text(source: str) -> set[str]:
    return mentioned(text_program_of(source), "roots") if is_text(source) else set()


def roots_value(template: Any) -> set[str]:
    return set().union(*(mentioned(program, "roots") for _, program in values.programs(template)))


def members_value(template: Any, name: str) -> set[str]:
    """What is read of `name` by its own name: {"key"} for `secrets.key` and `secrets["key"]` of "secrets"."""
    found = set().union(*(mentioned(program, "members") for _, program in values.programs(template)))
    return {key for root, key in found if root == name}


def mentioned(program: Program | Invalid, what: str) -> set[str]:
    return set() if isinstance(program, Invalid) else set(getattr(program.mentions, what))
