"""What a schema is drawn as: text, number, choice, list, object … or JSON where nothing simpler holds every value.

Pure, and sure of nothing: a schema may be any JSON. What is not understood here is drawn as JSON and checked by the
whole schema afterwards, so no rule is lost because no control shows it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from runs.views.forms.labels import shown

MOST_OPTIONS = 200
MOST_PROPERTIES = 120
MOST_REFERENCES = 20
SHORT_TEXT = 400
SCALARS = frozenset({"string", "number", "integer", "boolean"})
SINGLE_LINE = frozenset({"date", "email", "uri", "uuid", "hostname", "ipv4", "ipv6", "time", "date-time"})
FILE_FORMATS = frozenset({"file", "data-file", "text-file", "json-file"})


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose. `key` is what the form posts for `value`."""

    value: Any
    label: str
    help: str = ""
    key: str = ""


class Choices:
    """A widget that offers texts to a field whose schema allows more: agents, tools, models. What stands there and
    is not offered is kept."""

    def __init__(self, options: Iterable[Option | str | tuple[str, str]]):
        self.options = tuple(_as_option(option) for option in options)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a schema is drawn. `schema` is resolved: no `$ref` on top, no `null` among its types."""

    kind: str
    schema: Mapping
    nullable: bool = False
    options: tuple[Option, ...] = ()
    trail: frozenset[str] = field(default_factory=frozenset)

    @property
    def required(self) -> frozenset[str]:
        names = self.schema.get("required")
        return (
            frozenset(name for name in names if isinstance(name, str))
            if isinstance(names, list)
            else frozenset()
        )

    @property
    def properties(self) -> dict[str, Any]:
        found = self.schema.get("properties")
        return dict(found) if isinstance(found, Mapping) else {}

    @property
    def is_constant(self) -> bool:
        return self.kind == "choice" and len(self.options) == 1 and "const" in self.schema


def shape_of(schema: Any, root: Mapping, widget: "str | Choices | None" = None, trail=frozenset()) -> Shape:
    """`trail` are the references that led here: a schema that holds itself is drawn as JSON inside itself."""
    found, seen = resolved(schema, root, trail)
    if found is None:
        return Shape("json", {}, trail=seen)
    found, nullable = without_null(found, root)
    kind, options = drawn_as(found, root, widget, seen)
    return Shape(kind, found, nullable, options, seen)


def resolved(schema: Any, root: Mapping, trail: frozenset[str]) -> tuple[Mapping | None, frozenset[str]]:
    """The schema behind its references, with what stands beside them; None where they lead in a circle or nowhere."""
    seen = trail
    for _ in range(MOST_REFERENCES):
        if not isinstance(schema, Mapping):
            return ({} if schema is True else None), seen
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema, seen
        if reference in seen or not reference.startswith("#"):
            return None, seen
        seen |= {reference}
        target = at_pointer(root, unquote(reference[1:]))
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**target, **beside} if isinstance(target, Mapping) else target
    return None, seen


def at_pointer(root: Any, pointer: str) -> Any:
    """What stands at a JSON pointer; None where nothing does."""
    for step in pointer.split("/")[1:] if pointer else ():
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(root, Mapping):
            root = root.get(step)
        elif isinstance(root, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(root):
            root = root[int(step[:9])]
        else:
            return None
    return root


def without_null(schema: Mapping, root: Mapping) -> tuple[Mapping, bool]:
    """`[T, null]` in any of its spellings as T, and whether null was there."""
    types = schema.get("type")
    if isinstance(types, list) and "null" in types and len(types) > 1:
        rest = [name for name in types if name != "null"]
        return {**schema, "type": rest[0] if len(rest) == 1 else rest}, True
    for word in ("anyOf", "oneOf"):
        branches = schema.get(word)
        if isinstance(branches, list) and len(branches) == 2 and {"type": "null"} in branches:
            inner = next((branch for branch in branches if branch != {"type": "null"}), None)
            outer = {key: value for key, value in schema.items() if key != word}
            target, _ = resolved(inner, root, frozenset())
            if target is not None and "type" not in outer:
                return {**target, **outer}, True
    return schema, False


def drawn_as(schema: Mapping, root: Mapping, widget, trail) -> tuple[str, tuple[Option, ...]]:
    kind = plain_kind(schema, root, trail)
    if isinstance(widget, Choices):
        return ("choices" if kind in ("list", "choices") else "choice"), widget.options
    if widget is not None:
        return widget, options_of(schema)
    if kind in ("choice", "choices"):
        items = schema.get("items") if kind == "choices" else schema
        return kind, options_of(resolved(items, root, trail)[0] or {})
    return kind, ()


def plain_kind(schema: Mapping, root: Mapping, trail: frozenset[str]) -> str:
    if options_of(schema):
        return "choice"
    types = schema.get("type")
    if isinstance(types, list) and len(types) == 1:
        types = types[0]
    if is_file(schema):
        return "file" if types == "string" else "json"
    if isinstance(types, list):
        return "value" if types and set(types) <= SCALARS - {"boolean"} else "json"
    if types == "object":
        return "object" if 0 < len(mapping(schema.get("properties"))) <= MOST_PROPERTIES else "json"
    if types == "array":
        return list_kind(schema, root, trail)
    if types == "string":
        return text_kind(schema)
    if types in ("number", "integer", "boolean"):
        return types
    return "value" if is_scalar_choice(schema, root) else "json"


def list_kind(schema: Mapping, root: Mapping, trail: frozenset[str]) -> str:
    items, _ = resolved(schema.get("items"), root, trail)
    if items is None or "prefixItems" in schema:
        return "json"
    kind = shape_of(schema.get("items"), root, trail=trail).kind
    if kind == "choice" and schema.get("uniqueItems") is True:
        return "choices"
    return "json" if kind in ("json", "file") else "list"


def text_kind(schema: Mapping) -> str:
    most = schema.get("maxLength")
    if schema.get("format") in SINGLE_LINE or "pattern" in schema:
        return "text"
    return "text" if isinstance(most, int) and most <= SHORT_TEXT else "longtext"


def is_file(schema: Mapping) -> bool:
    """A text or a JSON value that may be uploaded: `format: file`, or a `contentMediaType`."""
    return schema.get("format") in FILE_FORMATS or isinstance(schema.get("contentMediaType"), str)


def is_scalar_choice(schema: Mapping, root: Mapping) -> bool:
    """anyOf or oneOf of plain texts and numbers."""
    branches = schema.get("anyOf") or schema.get("oneOf")
    if not isinstance(branches, list) or "type" in schema:
        return False
    found = [resolved(branch, root, frozenset())[0] or {} for branch in branches]
    types = [branch.get("type") for branch in found]
    return bool(types) and all(isinstance(one, str) and one in SCALARS - {"boolean"} for one in types)


def options_of(schema: Mapping) -> tuple[Option, ...]:
    """What `enum`, `const`, or alternatives of `const` allow; none where there are too many to offer."""
    found = list(_offered(schema))
    if not found or len(found) > MOST_OPTIONS:
        return ()
    keys = [_key(option.value) for option in found]
    if len(set(keys)) < len(keys):  # 1 and "1"
        keys = [json.dumps(option.value) for option in found]
    return tuple(
        Option(option.value, option.label, option.help, key) for option, key in zip(found, keys, strict=True)
    )


def _offered(schema: Mapping) -> Iterator[Option]:
    if "const" in schema:
        yield _option(schema["const"], {})
        return
    values, branches = schema.get("enum"), schema.get("oneOf") or schema.get("anyOf")
    if isinstance(values, list):
        for value in values:
            yield _option(value, {})
    elif isinstance(branches, list) and all(isinstance(one, Mapping) and "const" in one for one in branches):
        for branch in branches:
            yield _option(branch["const"], branch)


def _option(value: Any, branch: Mapping) -> Option:
    title, text = branch.get("title"), branch.get("description")
    label = title if isinstance(title, str) and title else value
    label = label if isinstance(label, str) and label else json.dumps(label, ensure_ascii=False)
    return Option(value, shown(label), shown(text) if isinstance(text, str) else "")


def _key(value: Any) -> str:
    plain = isinstance(value, str) and value and value.isprintable()
    return value if plain else json.dumps(value)


def _as_option(option: Option | str | tuple[str, str]) -> Option:
    if isinstance(option, str):
        return Option(option, shown(option), key=option)
    if isinstance(option, tuple):
        return Option(option[0], shown(option[1]), key=option[0])
    return Option(option.value, shown(option.label), shown(option.help), option.key or str(option.value))


def mapping(found: Any) -> Mapping:
    return found if isinstance(found, Mapping) else {}
