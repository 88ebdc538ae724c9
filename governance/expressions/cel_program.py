"""Owns the compiling of conditions: a syntax tree becomes nested closures over the names in scope.

An environment is a dict of the names in scope plus, under METER, the meter. Closures do not pay for their own
steps: outside a comprehension each runs at most once, and the length of the source bounds that. A comprehension
pays for the size of its body at every element.
"""

import math
from collections.abc import Callable
from typing import Any

from .errors import Failed, Invalid, Refused
from .functions import FUNCTIONS, METHOD_ONLY, METHODS, TYPE_NAMES
from .limits import MAX_ITEMS, Meter, from_data
from .operations import BINARY, element, name_of, negate
from .patterns import UNUSABLE, matched, usable
from .syntax import (
    Binary,
    Call,
    Comprehension,
    Conditional,
    Has,
    Index,
    ListOf,
    Literal,
    Logic,
    MapOf,
    Member,
    Name,
    Node,
    Unary,
    size,
)

METER = ""  # no name can be empty, so nothing in scope collides with it
PLAIN = frozenset({str, int, bool, type(None), list, dict})
Closure = Callable[[dict[str, Any]], Any]


def build(node: Node) -> Closure:
    """The closure of a node; raises `Invalid` for a function that does not exist."""
    return BUILDERS[type(node)](node)


def literal(node: Literal) -> Closure:
    value = node.value
    return lambda env: value


def path_of(node: Node) -> tuple[str, ...] | None:
    """`a.b["c"]` as ("a", "b", "c"), None for anything else."""
    match node:
        case Name(name=name):
            return (name,)
        case Member(target=target, key=key) | Index(target=target, index=Literal(value=str() as key)):
            above = path_of(target)
            return above and (*above, key)
    return None


def path(node: Node) -> Closure:
    keys = path_of(node)
    if keys is None:
        return member(node) if isinstance(node, Member) else index(node)
    root, rest = keys[0], keys[1:]
    standard = TYPE_NAMES.get(root)

    def walk(env: dict[str, Any]) -> Any:
        try:
            value = env[root]
            for key in rest:
                value = value[key]
        except (KeyError, TypeError):
            if standard is not None and not rest and root not in env:
                return standard
            raise missing(env, keys) from None
        return from_data(value) if type(value) is int else value

    return walk


def missing(env: dict[str, Any], keys: tuple[str, ...]) -> Failed:
    """The error that says which part of a path is not there."""
    if keys[0] not in env:
        return Failed(f"unknown name `{keys[0]}`")
    value = env[keys[0]]
    for at, key in enumerate(keys[1:], 1):
        owner = ".".join(keys[:at])
        if type(value) is not dict:
            return Failed(f"`{owner}` is {name_of(value)} and has no `{key}`")
        if key not in value:
            return Failed(f"`{owner}` has no `{key}`{hint(owner)}")
        value = value[key]
    return Failed(f"`{'.'.join(keys)}` cannot be read")


def hint(owner: str) -> str:
    return " (not finished, or no such node)" if owner == "steps" else ""


def member(node: Member) -> Closure:
    target, key = build(node.target), node.key

    def select(env: dict[str, Any]) -> Any:
        owner = target(env)
        if type(owner) is not dict:
            raise Failed(f"{name_of(owner)} has no `{key}`")
        if key not in owner:
            raise Failed(f"there is no `{key}`")
        value = owner[key]
        return from_data(value) if type(value) is int else value

    return select


def index(node: Index) -> Closure:
    target, inner = build(node.target), build(node.index)
    return lambda env: element(target(env), inner(env))


def presence(node: Has) -> Closure:
    target, key = build(node.target), node.key

    def present(env: dict[str, Any]) -> bool:
        owner = target(env)
        if type(owner) is not dict:
            raise Failed(f"has() asks for `{key}` of {name_of(owner)}, which has no members")
        return key in owner

    return present


def list_of(node: ListOf) -> Closure:
    items = [build(item) for item in node.items]
    return lambda env: [storable(item(env)) for item in items]


def map_of(node: MapOf) -> Closure:
    pairs = [(build(key), build(value)) for key, value in zip(node.keys, node.values, strict=True)]

    def collect(env: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in pairs:
            name = key(env)
            if type(name) is not str:
                raise Failed(f"the keys of a map are strings, not {name_of(name)}")
            if name in made:
                raise Failed(f'the key "{name[:100]}" appears twice')
            made[name] = storable(value(env))
        return made

    return collect


def storable(value: Any) -> Any:
    """The value, if JSON can hold it: lists, maps and results do not hold times, types, NaN or infinities."""
    if type(value) in PLAIN or (type(value) is float and math.isfinite(value)):
        return value
    if type(value) is float:
        raise Failed(f"{value} is not a number that JSON can hold")
    raise Failed(f"a {name_of(value)} is not a value that JSON can hold; use string(x)")


def unary(node: Unary) -> Closure:
    operand = build(node.operand)
    if node.operator == "-":
        return lambda env: negate(operand(env))
    return lambda env: not truth(operand(env), "!")


def truth(value: Any, where: str) -> bool:
    if value is True or value is False:
        return value
    raise Failed(f"`{where}` wants bool, not {name_of(value)}")


def binary(node: Binary) -> Closure:
    left, right, apply = build(node.left), build(node.right), BINARY[node.operator]
    return lambda env: apply(left(env), right(env), env[METER])


def logic(node: Logic) -> Closure:
    """CEL: a term that decides wins over terms that fail, in whatever order."""
    terms, operator = [build(term) for term in node.terms], node.operator
    decisive = operator == "||"

    def decide(env: dict[str, Any]) -> bool:
        failure = None
        for term in terms:
            try:
                if truth(term(env), operator) is decisive:
                    return decisive
            except Failed as error:
                failure = failure or error
        if failure:
            raise failure
        return not decisive

    return decide


def conditional(node: Conditional) -> Closure:
    test, yes, no = build(node.test), build(node.yes), build(node.no)
    return lambda env: yes(env) if truth(test(env), "?") else no(env)


def call(node: Call) -> Closure:
    name = node.function
    known = name in (METHODS if node.target else FUNCTIONS.keys() - METHOD_ONLY)
    if not known:
        raise Invalid(f"there is no function `{name}`", node.pos)
    arguments = [build(item) for item in ([node.target] if node.target else []) + node.arguments]
    wanted, function = FUNCTIONS[name]
    if len(arguments) != wanted:
        raise Invalid(f"`{name}` wants {wanted - bool(node.target)} argument(s)", node.pos)
    if name == "matches" and isinstance(pattern := node.arguments[-1], Literal):
        return constant_match(arguments[0], pattern)
    return lambda env: function(env[METER], *[argument(env) for argument in arguments])


def constant_match(text: Closure, node: Literal) -> Closure:
    validator = usable(node.value)
    if validator is None:
        raise Invalid(UNUSABLE, node.pos)
    return lambda env: matched(env[METER], text(env), validator)


def comprehension(node: Comprehension) -> Closure:
    target, body, variable = build(node.target), build(node.body), node.variable
    keep = build(node.keep) if node.keep else None
    fold = FOLDS[node.macro]
    price = 4 + size(node.body) + (size(node.keep) if node.keep else 0)

    def each(env: dict[str, Any]) -> Any:
        items = target(env)
        if type(items) not in (list, dict):
            raise Failed(f"`{node.macro}` goes over a list or a map, not {name_of(items)}")
        if len(items) > MAX_ITEMS:
            raise Refused(f"`{node.macro}` goes over {len(items):,} elements; {MAX_ITEMS:,} are allowed")
        meter: Meter = env[METER]
        meter.spend(len(items) * price)
        return fold(list(items), {**env}, variable, body, keep)

    return each


def any_true(items: list, env: dict, variable: str, body: Closure, keep: None, decisive: bool = True) -> bool:
    failure = None
    for item in items:
        env[variable] = item
        try:
            if truth(body(env), "exists" if decisive else "all") is decisive:
                return decisive
        except Failed as error:
            failure = failure or error
    if failure:
        raise failure
    return not decisive


def all_true(items: list, env: dict, variable: str, body: Closure, keep: None) -> bool:
    return any_true(items, env, variable, body, keep, decisive=False)


def one_true(items: list, env: dict, variable: str, body: Closure, keep: None) -> bool:
    return len(filtered(items, env, variable, body, keep, "exists_one")) == 1


def filtered(items: list, env: dict, variable: str, body: Closure, keep: None, macro: str = "filter") -> list:
    kept = []
    for item in items:
        env[variable] = item
        if truth(body(env), macro):
            kept.append(item)
    return kept


def mapped(items: list, env: dict, variable: str, body: Closure, keep: Closure | None) -> list:
    if keep:
        items = filtered(items, env, variable, keep, None, "map")
    made = []
    for item in items:
        env[variable] = item
        made.append(storable(body(env)))
    return made


FOLDS = {"all": all_true, "exists": any_true, "exists_one": one_true, "filter": filtered, "map": mapped}
BUILDERS: dict[type, Callable[[Any], Closure]] = {
    Literal: literal,
    Name: path,
    Member: path,
    Index: path,
    Has: presence,
    ListOf: list_of,
    MapOf: map_of,
    Unary: unary,
    Binary: binary,
    Logic: logic,
    Conditional: conditional,
    Call: call,
    Comprehension: comprehension,
}
