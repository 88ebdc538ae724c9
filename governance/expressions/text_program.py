"""Owns the compiling of texts: a syntax tree becomes closures that read an environment and write pieces.

The environment is that of conditions (names in scope, and the meter under METER). A name that is not there gives
`Missing`, and whatever uses a Missing fails: nothing is silently empty.
"""

import inspect
from collections.abc import Callable
from typing import Any

from .cel_program import METER, missing, path_of
from .errors import Failed, Invalid
from .filters import FILTERS, FUNCTIONS, METHODS
from .limits import Meter
from .operations import name_of, negate
from .syntax import (
    Assign,
    Binary,
    Block,
    Call,
    Conditional,
    For,
    If,
    Index,
    ListOf,
    Literal,
    Logic,
    MapOf,
    Member,
    Name,
    Node,
    Output,
    Plain,
    Slice,
    Test,
    Unary,
    size,
)
from .text_operations import BINARY
from .text_tests import TESTS
from .text_values import Missing, given, items_of, member_of, number, string, written

Closure = Callable[[dict[str, Any]], Any]
Writer = Callable[[dict[str, Any], list[str]], None]


def writer(node: Node) -> Writer:
    return WRITERS[type(node)](node)


def build(node: Node) -> Closure:
    return BUILDERS[type(node)](node)


def block(node: Block) -> Writer:
    parts = [writer(part) for part in node.parts]

    def write(env: dict[str, Any], out: list[str]) -> None:
        for part in parts:
            part(env, out)

    return write


def plain(node: Plain) -> Writer:
    text = node.text

    def write(env: dict[str, Any], out: list[str]) -> None:
        env[METER].emit(len(text))
        out.append(text)

    return write


def output(node: Output) -> Writer:
    value = build(node.value)

    def write(env: dict[str, Any], out: list[str]) -> None:
        meter: Meter = env[METER]
        text = written(value(env), meter)
        meter.emit(len(text))
        out.append(text)

    return write


def branch(node: If) -> Writer:
    cases = [(build(test), writer(part)) for test, part in zip(node.tests, node.blocks, strict=True)]
    otherwise = writer(node.otherwise) if node.otherwise else None

    def write(env: dict[str, Any], out: list[str]) -> None:
        for test, part in cases:
            if given(test(env)):
                part(env, out)
                return
        if otherwise:
            otherwise(env, out)

    return write


def loop(node: For) -> Writer:
    source, body = build(node.items), writer(node.body)
    keep = build(node.keep) if node.keep else None
    otherwise = writer(node.otherwise) if node.otherwise else None
    variables = node.variables
    price = 8 + size(node.body) + (size(node.keep) if node.keep else 0)

    def write(env: dict[str, Any], out: list[str]) -> None:
        meter: Meter = env[METER]
        turns = []
        for item in items_of(source(env), "`for`", meter):
            meter.turn(price)
            inner = {**env, **unpacked(item, variables)}
            if keep is None or given(keep(inner)):
                turns.append(inner)
        for at, inner in enumerate(turns):
            inner["loop"] = position(at, len(turns))
            body(inner, out)
        if otherwise and not turns:
            otherwise(env, out)

    return write


def unpacked(item: Any, variables: list[str]) -> dict[str, Any]:
    if len(variables) == 1:
        return {variables[0]: item}
    if type(item) is not list or len(item) != len(variables):
        raise Failed(
            f"`for {', '.join(variables)}` wants lists of {len(variables)}; for a map write `map | items`"
        )
    return dict(zip(variables, item, strict=True))


def position(at: int, count: int) -> dict[str, Any]:
    return {
        "index": at + 1,
        "index0": at,
        "revindex": count - at,
        "revindex0": count - at - 1,
        "first": at == 0,
        "last": at == count - 1,
        "length": count,
    }


def assignment(node: Assign) -> Writer:
    variable = node.variable
    if isinstance(node.value, Block):
        body = writer(node.value)

        def capture(env: dict[str, Any], out: list[str]) -> None:
            pieces: list[str] = []
            body(env, pieces)
            env[variable] = "".join(pieces)

        return capture
    value = build(node.value)

    def assign(env: dict[str, Any], out: list[str]) -> None:
        env[variable] = given(value(env))

    return assign


def literal(node: Literal) -> Closure:
    value = node.value
    return lambda env: value


def path(node: Node) -> Closure:
    keys = path_of(node)
    if keys is None:
        return member(node)
    root, rest, whole = keys[0], keys[1:], ".".join(keys)
    note = " (not finished, or no such node)" if root == "steps" and len(keys) == 2 else ""
    gone = Missing(whole, note)

    def walk(env: dict[str, Any]) -> Any:
        try:
            value = env[root]
            for key in rest:
                value = value[key]
        except (KeyError, TypeError):
            return gone if only_last_missing(env, keys) else unreadable(env, keys)
        return value

    return walk


def only_last_missing(env: dict[str, Any], keys: tuple[str, ...]) -> bool:
    value: Any = env
    for key in keys[:-1]:
        if type(value) is not dict or key not in value:
            return False
        value = value[key]
    return True


def unreadable(env: dict[str, Any], keys: tuple[str, ...]) -> Any:
    raise missing(env, keys)


def member(node: Member | Index) -> Closure:
    target = build(node.target)
    if isinstance(node, Member):
        key = node.key
        return lambda env: member_of(target(env), key)
    index = build(node.index)
    return lambda env: member_of(target(env), index(env))


def part(node: Slice) -> Closure:
    target = build(node.target)
    start, stop = (build(end) if end else None for end in (node.start, node.stop))

    def cut(env: dict[str, Any]) -> Any:
        value = given(target(env))
        if type(value) not in (str, list):
            raise Failed(f"cannot take a part of {name_of(value)}")
        env[METER].spend(len(value) >> 8)
        ends = (None if end is None else number(end(env), "a slice") for end in (start, stop))
        return value[slice(*(None if end is None else int(end) for end in ends))]

    return cut


def list_of(node: ListOf) -> Closure:
    items = [build(item) for item in node.items]
    return lambda env: [given(item(env)) for item in items]


def map_of(node: MapOf) -> Closure:
    pairs = [(build(key), build(value)) for key, value in zip(node.keys, node.values, strict=True)]
    return lambda env: {string(key(env), "a map's key"): given(value(env)) for key, value in pairs}


def unary(node: Unary) -> Closure:
    operand = build(node.operand)
    if node.operator == "not":
        return lambda env: not given(operand(env))
    if node.operator == "-":
        return lambda env: negate(given(operand(env)))
    return lambda env: number(operand(env), "`+`")


def binary(node: Binary) -> Closure:
    left, right, apply = build(node.left), build(node.right), BINARY[node.operator]
    return lambda env: apply(left(env), right(env), env[METER])


def logic(node: Logic) -> Closure:
    """As in Jinja: the value of the term that decides, or of the last."""
    terms, decisive = [build(term) for term in node.terms], node.operator == "or"

    def decide(env: dict[str, Any]) -> Any:
        value = None
        for term in terms:
            value = given(term(env))
            if bool(value) is decisive:
                break
        return value

    return decide


def conditional(node: Conditional) -> Closure:
    test, yes, no = build(node.test), build(node.yes), build(node.no)
    return lambda env: yes(env) if given(test(env)) else no(env)


def call(node: Call) -> Closure:
    name = node.function.removeprefix(".")
    if node.target is None:
        table, what = FUNCTIONS, "function"
    elif node.function.startswith("."):
        table, what = METHODS, "method"
    else:
        table, what = FILTERS, "filter"
    apply = bound(table, name, what, node, len(node.arguments), node.named)
    target = [build(node.target)] if node.target else []
    arguments = target + [build(item) for item in node.arguments]
    if not node.named:
        return lambda env: apply(env[METER], *[argument(env) for argument in arguments])
    named = {key: build(item) for key, item in node.named.items()}
    return lambda env: apply(
        env[METER],
        *[argument(env) for argument in arguments],
        **{key: given(item(env)) for key, item in named.items()},
    )


def bound(table: dict[str, Any], name: str, what: str, node: Node, count: int, named: dict[str, Node]) -> Any:
    """The function of that name, if it exists and takes these arguments."""
    if name not in table:
        raise Invalid(f"there is no {what} `{name}`", node.pos)
    target = 1 if what != "function" else 0
    try:
        inspect.signature(table[name]).bind(None, *[None] * (count + target), **dict.fromkeys(named))
    except TypeError:
        raise Invalid(f"the {what} `{name}` does not take these arguments", node.pos) from None
    return table[name]


def test(node: Test) -> Closure:
    apply = bound(TESTS, node.test, "test", node, len(node.arguments), {})
    arguments = [build(item) for item in [node.target, *node.arguments]]
    return lambda env: apply(env[METER], *[argument(env) for argument in arguments])


WRITERS: dict[type, Callable[[Any], Writer]] = {
    Block: block,
    Plain: plain,
    Output: output,
    If: branch,
    For: loop,
    Assign: assignment,
}
BUILDERS: dict[type, Callable[[Any], Closure]] = {
    Literal: literal,
    Name: path,
    Member: path,
    Index: path,
    Slice: part,
    ListOf: list_of,
    MapOf: map_of,
    Unary: unary,
    Binary: binary,
    Logic: logic,
    Conditional: conditional,
    Call: call,
    Test: test,
}
