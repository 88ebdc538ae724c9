"""JSON Schema: compiled once, never over the network, every error with its pointer and what to do about it.

jsonschema-rs stands behind it (0.6 µs a small body); its own sentences talk of schemas, ours of the body.
"""

import difflib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from governance.refusals import Problem, pointer
from governance.schema_growth import Growth, count_of, depth_of, growth_of

MAX_DEPTH = 64
MAX_PROBLEMS = 100
MAX_SHOWN = 80
MOST_SUGGESTED, MOST_KNOWN = 10, 500  # alike names are looked for in some 10 µs each
ROLES_ARE = "x-roles"  # beside the pattern of who is asked: the roles that "role:" may name
MUST_BE = "x-must-be"  # beside a pattern: what it asks for, in words
MOST_EXPLAINED = 40_000  # checks that could each fail; one takes some 15 µs to tell
TOO_MUCH = "This nests deeper than can be checked: the schema refers to itself several times for each level."
TYPE_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def plain_problems(value: Any, at: str = "") -> list[Problem]:
    """What no JSON value may hold anywhere: NUL, lone surrogates, numbers JSON does not know, depth over 64.

    Walks without recursion, so that no depth of the input can exhaust the stack.
    """
    problems: list[Problem] = []
    pending: list[tuple[Any, str, int]] = [(value, at, 1)]
    while pending and len(problems) < MAX_PROBLEMS:
        found, where, depth = pending.pop()
        if isinstance(found, str):
            problems += _text_problems(found, where)
        elif isinstance(found, dict | list) and depth > MAX_DEPTH:
            problems.append(Problem(where, f"This is nested deeper than {MAX_DEPTH} levels.", "too_deep"))
        elif isinstance(found, dict):
            for key, inner in found.items():
                problems += _text_problems(key, where, "A field's name")
                pending.append((inner, where + pointer(_shown_key(key)), depth + 1))
        elif isinstance(found, list):
            pending += [(inner, f"{where}/{index}", depth + 1) for index, inner in enumerate(found)]
        elif isinstance(found, float) and (found != found or found in (float("inf"), float("-inf"))):
            problems.append(Problem(where, "Infinity and NaN are no JSON numbers.", "invalid"))
    return problems


def is_too_deep(value: Any) -> bool:
    """Whether lists and objects lie inside each other more than MAX_DEPTH times."""
    return depth_of(value) > MAX_DEPTH


def instance_problems(schema: Mapping | bool, value: Any, at: str = "") -> list[Problem]:
    """Every way in which `value` does not fit `schema`, at most 100, each with its pointer below `at`; of a large
    value the first one alone.

    A value with NUL, lone surrogates or too much depth is refused before the schema is asked, and a schema that is
    none fits nothing.
    """
    try:
        validator, growth = checker(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, TypeError):
        return schema_problems(schema, at)
    problems = plain_problems(value, at)
    if problems:
        return problems
    if growth.is_too_much(value):
        return [Problem(at, TOO_MUCH, "too_complex")]
    return (
        []
        if validator.is_valid(value)
        else list(islice(_explained(validator, growth, schema, value, at), MAX_PROBLEMS))
    )


def fits(schema: Mapping | bool, value: Any) -> bool:
    """Whether `value` fits; False also where finding out would take too long. Raises as `compiled`."""
    validator, growth = checker(schema)
    return not growth.is_too_much(value) and validator.is_valid(value)


def schema_problems(schema: Any, at: str = "") -> list[Problem]:
    """What is wrong with a JSON Schema that a person wrote; empty for one that can be used."""
    problems = plain_problems(schema, at)
    if problems:
        return problems
    try:
        compiled(schema)
    except jsonschema_rs.ValidationError as error:
        return [Problem(at + pointer(*error.instance_path), _schema_sentence(error), "invalid_schema")]
    except (jsonschema_rs.ReferencingError, ValueError, TypeError) as error:
        return [Problem(at, f"This is no usable JSON Schema: {_short(str(error))}.", "invalid_schema")]
    return []


def compiled(schema: Mapping | bool) -> jsonschema_rs.Validator:
    """The validator of `schema`, kept by its text. Raises jsonschema_rs.ValidationError or ValueError for no schema."""
    return checker(schema)[0]


def checker(schema: Mapping | bool) -> tuple[jsonschema_rs.Validator, Growth]:
    """The validator, and what the schema makes of a value's depth: ask that first. Raises as `compiled`."""
    return _compiled(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=512)
def _compiled(text: str) -> tuple[jsonschema_rs.Validator, Growth]:
    schema = json.loads(text)
    return jsonschema_rs.validator_for(schema, retriever=_no_network), growth_of(schema)


def _no_network(address: str) -> None:
    raise ValueError("a schema may refer to itself only (#/…), not to other addresses")


def _explained(
    validator: jsonschema_rs.Validator, growth: Growth, schema: Mapping | bool, value: Any, at: str
) -> Iterator[Problem]:
    """All faults where they can be few. The library finds all before it gives the first, with all that each
    alternative says: for a long list that takes seconds in which nothing else runs."""
    if count_of(value) * growth.checks(value) <= MOST_EXPLAINED:
        for error in validator.iter_errors(value):
            yield from explain(error, schema, at)
        return
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        yield from explain(error, schema, at)


def explain(error: jsonschema_rs.ValidationError, schema: Mapping | bool, at: str = "") -> Iterator[Problem]:
    """The problems of one validation error: one, or one for each unknown field."""
    where, facts = at + pointer(*error.instance_path), error.kind.as_dict()
    kind, said = error.kind.name, _place(schema, error.schema_path[:-1])
    if kind in ("additionalProperties", "unevaluatedProperties"):
        known = said.get("properties", {})
        for index, field in enumerate(facts["unexpected"]):
            instead = _instead(field, known if index < MOST_SUGGESTED else ())
            message = f"Unknown field {_short(field)!r}: {instead}."
            yield Problem(where + pointer(field), message, "unknown_field")
    elif kind in ("anyOf", "oneOf") and (closest := _closest(error, facts)):
        for inner in closest:
            yield from explain(inner, schema, at)
    elif kind == "propertyNames":
        yield Problem(where, f"A field's name does not fit: {_short(facts['error'].message)}.", kind)
    elif kind == "pattern" and "pattern" not in facts:
        yield Problem(where, "This text is too long for the schema's pattern: shorten it.", kind)
    elif kind == "pattern" and (mistaken := _mistaken(error.instance, said)):
        yield Problem(where, mistaken, kind)
    elif kind == "pattern" and isinstance(said.get(MUST_BE), str):
        yield Problem(where, f"This must be {said[MUST_BE]}.", kind)
    elif kind in SENTENCES:
        yield Problem(where, SENTENCES[kind](facts), "missing_field" if kind == "required" else kind)
    else:
        yield Problem(where, f"This does not fit: {_short(error.message)}.", kind)


def _place(schema: Mapping | bool, path: Iterable[str | int]) -> Mapping:
    """The part of the schema that says no; empty where it is none that could say more."""
    found: Any = schema
    for part in path:
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and isinstance(part, int) and part < len(found):
            found = found[part]
        else:
            return {}
    return found if isinstance(found, Mapping) else {}


def _mistaken(value: Any, said: Mapping) -> str:
    """The sentence for a role that there is not; "": the text is wrong in another way."""
    start, _colon, role = value.partition(":") if isinstance(value, str) else ("", "", "")
    roles = said.get(ROLES_ARE, ())
    if start != "role" or not roles or role in roles:
        return ""
    return f"There is no role {_short(role)!r}: there are {', '.join(roles)}."


def _instead(field: str, known: Iterable[str]) -> str:
    alike = nearest(field, known)
    return "remove it" if alike is None else f"did you mean {alike!r}? Else remove it"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` was probably meant to be."""
    among = list(islice(known, MOST_KNOWN))
    found = difflib.get_close_matches(word[:MAX_SHOWN].lower(), among, n=1, cutoff=0.6)
    return found[0] if found else None


def _closest(error: jsonschema_rs.ValidationError, facts: Mapping) -> list | None:
    """The errors of the one alternative that gets further than the wrong type at the top, where it is the only one."""
    depth = len(error.instance_path)
    candidates = [
        branch
        for branch in facts.get("context", ())
        if branch
        and not any(
            inner.kind.name in ("type", "const", "enum") and len(inner.instance_path) <= depth + 1
            for inner in branch
        )
    ]
    return candidates[0] if len(candidates) == 1 else None


def _schema_sentence(error: jsonschema_rs.ValidationError) -> str:
    if "retrieving it failed" in error.message:
        return "A schema may refer to itself only (#/…), not to other addresses."
    return f"This is no valid JSON Schema: {_short(error.message)}."


def _text_problems(text: Any, where: str, what: str = "Text") -> list[Problem]:
    if not isinstance(text, str):
        return [Problem(where, f"{what} must be text, not {_short(repr(text))}.", "invalid")]
    if "\0" in text:
        return [Problem(where, f"{what} must not hold the NUL character.", "invalid_text")]
    try:
        text.encode()
    except UnicodeEncodeError:
        return [Problem(where, f"{what} must not hold half of a surrogate pair.", "invalid_text")]
    return []


def _shown_key(key: Any) -> str:
    return str(key).encode(errors="replace").decode().replace("\0", "")


def _types(facts: Mapping) -> str:
    return (
        f"This must be {_alternatives([TYPE_NAMES[name] for name in TYPE_NAMES if name in facts['types']])}."
    )


def _alternatives(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _counted(number: int, noun: str, several: str = "") -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {several or noun + 's'}"


def _value(value: Any) -> str:
    return _short(json.dumps(value, ensure_ascii=False))


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


SENTENCES: dict[str, Callable[[Mapping], str]] = {
    "required": lambda facts: f"The field {facts['property']!r} is missing: add it.",
    "type": _types,
    "enum": lambda facts: f"This must be {_alternatives([_value(option) for option in facts['options']])}.",
    "const": lambda facts: f"This must be {_value(facts['expected_value'])}.",
    "pattern": lambda facts: f"This must match the pattern {_short(facts['pattern'])}.",
    "format": lambda facts: f"This must be written as {facts['format']}.",
    "minLength": lambda facts: f"This must have at least {_counted(facts['limit'], 'character')}.",
    "maxLength": lambda facts: f"This must have at most {_counted(facts['limit'], 'character')}.",
    "minimum": lambda facts: f"This must be {facts['limit']} or more.",
    "maximum": lambda facts: f"This must be {facts['limit']} or less.",
    "exclusiveMinimum": lambda facts: f"This must be more than {facts['limit']}.",
    "exclusiveMaximum": lambda facts: f"This must be less than {facts['limit']}.",
    "multipleOf": lambda facts: f"This must be a multiple of {facts['multiple_of']}.",
    "minItems": lambda facts: f"This needs at least {_counted(facts['limit'], 'entry', 'entries')}.",
    "maxItems": lambda facts: f"This may have at most {_counted(facts['limit'], 'entry', 'entries')}.",
    "minProperties": lambda facts: f"This needs at least {_counted(facts['limit'], 'field')}.",
    "maxProperties": lambda facts: f"This may have at most {_counted(facts['limit'], 'field')}.",
    "uniqueItems": lambda facts: "The entries must differ from each other.",
    "falseSchema": lambda facts: "Nothing may stand here: remove it.",
}
