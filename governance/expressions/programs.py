"""Owns compiled conditions and texts: parsed once a source, kept in a bounded cache, run on a fresh meter."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import cel_parser, cel_program, text_parser, text_program
from .cel_program import METER, storable
from .errors import ExpressionError, Failed, Invalid, Refused
from .limits import Meter, Weight
from .names import Mentions, mentions
from .syntax import Binary, Comprehension, ListOf, MapOf, Node, children

LONG = 4_000  # characters; longer texts are kept in smaller number, so that the cache stays bounded in bytes
KEPT, KEPT_LONG = 2_048, 64
OPENINGS = ("{{", "{%", "{#")


@dataclass(frozen=True, slots=True)
class Program:
    """`run` reads an environment. `builds`: its result may be larger than what it read."""

    run: Callable[[dict[str, Any]], Any]
    mentions: Mentions
    builds: bool


@lru_cache(maxsize=KEPT)
def condition_program(source: str) -> Program | Invalid:
    """The compiled condition, or why it is none (kept too: a wrong source is asked for again)."""
    try:
        tree = cel_parser.parse(source)
        return Program(cel_program.build(tree), mentions(tree), builds(tree))
    except Invalid as error:
        return error


def text_program_of(source: str) -> Program | Invalid:
    """The compiled text, or why it is none."""
    return compiled_text(source) if len(source) <= LONG else compiled_long_text(source)


@lru_cache(maxsize=KEPT)
def compiled_text(source: str) -> Program | Invalid:
    try:
        tree = text_parser.parse(source)
        write = text_program.writer(tree)
        return Program(lambda env: rendered(write, env), mentions(tree), builds=False)
    except Invalid as error:
        return error


@lru_cache(maxsize=KEPT_LONG)
def compiled_long_text(source: str) -> Program | Invalid:
    return compiled_text.__wrapped__(source)


def rendered(write: text_program.Writer, env: dict[str, Any]) -> str:
    pieces: list[str] = []
    write(env, pieces)
    return "".join(pieces)


def builds(tree: Node) -> bool:
    """Whether it has a part that can put values together."""
    own = isinstance(tree, ListOf | MapOf | Comprehension) or (
        isinstance(tree, Binary) and tree.operator == "+"
    )
    return own or any(builds(child) for child in children(tree))


def is_text(source: str) -> bool:
    """Whether it holds a tag; otherwise it stands for itself."""
    return any(opening in source for opening in OPENINGS)


def run_condition(source: str, scope: dict[str, Any], weight: Weight | None = None) -> Any:
    """The result as JSON data; `weight` pays for it where several results go into one value."""
    try:
        program = ready(condition_program(source))
        result = storable(program.run({**scope, METER: Meter()}))
        if type(result) in (list, dict, str):
            if program.builds:
                (weight or Weight()).add(result)
            elif weight is not None:
                weight.add_part(result)
        return result
    except Invalid as error:
        raise ExpressionError(source, error.reason, error.position) from None
    except (Failed, Refused) as error:
        raise ExpressionError(source, str(error)) from None
    except RecursionError:
        raise ExpressionError(source, "nests too deeply to be evaluated here") from None


def run_text(source: str, scope: dict[str, Any]) -> str:
    try:
        return ready(text_program_of(source)).run({**scope, METER: Meter()})
    except Invalid as error:
        raise ExpressionError(source, error.reason, error.position) from None
    except (Failed, Refused) as error:
        raise ExpressionError(source, str(error)) from None
    except RecursionError:
        raise ExpressionError(source, "nests too deeply to be rendered here") from None


def ready(program: Program | Invalid) -> Program:
    if type(program) is Invalid:
        raise Invalid(program.reason, program.position)
    return program
