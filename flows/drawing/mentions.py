"""Where the expressions of a node name a step, and the same node with the step called otherwise."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from flows.checks.expressions import Single, singles, variables
from flows.nodes import TYPES
from flows.nodes.base import Expression
from governance.expressions import cel_parser, text_parser
from governance.expressions.errors import Invalid
from governance.expressions.syntax import Name, children
from governance.schemas import fits

CONDITIONS = frozenset({"when", "items", "on"})  # CEL without a sign in front
SIGNS = ("=", "\\=")
UNREAD = frozenset(
    {"schema", "output_schema", "description", "port"}
)  # no expressions, whatever stands there


def renamed(node: Mapping[str, Any], name: str, to: str) -> Mapping[str, Any]:
    """The node with `steps.NAME` written as `steps.TO` wherever its config or its writes read it; the node itself
    without any.

    What has a syntax error, and what only looks like it inside a string of an expression, stays.
    """
    return writes_renamed(config_renamed(node, name, to), name, to)


def writes_renamed(node: Mapping[str, Any], name: str, to: str) -> Mapping[str, Any]:
    writes = node.get("writes")
    if not isinstance(writes, dict) or name not in str(writes):
        return node
    changed: Any = writes
    for single in singles(Expression("value", writes, "/writes")):
        changed = at(changed, parts_of(single.pointer), partial(in_single, single, name, to))
    return node if changed == writes else {**node, "writes": changed}


def config_renamed(node: Mapping[str, Any], name: str, to: str) -> Mapping[str, Any]:
    config, node_type = node.get("config"), TYPES.get(node.get("type"))
    if not isinstance(config, dict) or node_type is None or name not in str(config):
        return node
    if fits(node_type.config_schema, config):
        changed = config
        for expression in node_type.expressions(config):
            for single in singles(expression):
                changed = at(changed, parts_of(single.pointer), partial(in_single, single, name, to))
    else:
        changed = anywhere(config, "", name, to)
    return node if changed == config else {**node, "config": changed}


def in_single(single: Single, name: str, to: str, written: str) -> str:
    """`written` is the expression's source, maybe with the sign of a value in front."""
    sign = written.removesuffix(single.source)
    return sign + in_source(single.source, single.is_text, name, to)


def parts_of(pointer: str) -> list[str]:
    """Of a pointer below `/config` or `/writes`."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[2:]]


def at(value: Any, parts: list[str], change: Callable[[str], str]) -> Any:
    """The value with one of its strings changed."""
    if not parts:
        return change(value)
    key = int(parts[0]) if isinstance(value, list) else parts[0]
    changed = at(value[key], parts[1:], change)
    if isinstance(value, list):
        return [*value[:key], changed, *value[key + 1 :]]
    return {**value, key: changed}


def anywhere(value: Any, key: str, name: str, to: str) -> Any:
    """Of a config that is not finished yet: every string in it, by the key that it stands under."""
    if isinstance(value, str):
        sign = next((sign for sign in SIGNS if value.startswith(sign)), "")
        is_text = sign != "=" and key not in CONDITIONS
        return sign + in_source(value.removeprefix(sign), is_text, name, to)
    if isinstance(value, dict):
        return {k: v if k in UNREAD else anywhere(v, k, name, to) for k, v in value.items()}
    return [anywhere(held, key, name, to) for held in value] if isinstance(value, list) else value


def in_source(source: str, is_text: bool, name: str, to: str) -> str:
    if name in source:
        for place in sorted(places(source, is_text), reverse=True):
            source = in_one_place(source, place + len("steps"), name, to)
    return source


def in_one_place(source: str, at: int, name: str, to: str) -> str:
    member = re.compile(rf"(\s*\.\s*|\s*\[\s*(?P<quote>[\"'])){name}(?(quote)(?P=quote)|(?![A-Za-z0-9_]))")
    found = member.match(source, at)
    if found is None:
        return source
    quote = found["quote"] or ""
    return f"{source[:at]}{found[1]}{to}{quote}{source[found.end() :]}"


@lru_cache(maxsize=4_096)
def places(source: str, is_text: bool) -> frozenset[int]:
    """Where `steps` stands, as the name of all steps."""
    if is_text and "{" not in source:
        return frozenset()
    try:
        tree = (text_parser if is_text else cel_parser).parse(source)
    except Invalid:
        return frozenset()
    nodes = list(walk(tree))
    if any("steps" in variables(node) for node in nodes):
        return frozenset()  # it is a variable of the expression's own
    return frozenset(node.pos for node in nodes if isinstance(node, Name) and node.name == "steps")


def walk(tree) -> Iterator:
    open_nodes = [tree]
    while open_nodes:
        node = open_nodes.pop()
        yield node
        open_nodes.extend(children(node))
