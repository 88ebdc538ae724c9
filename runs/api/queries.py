"""Query parameters: read once, typed, refused with their name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from governance import clock, ids
from runs.api.problems import Refusal

MOST_SHOWN = 80
SEQ_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter: `read` turns its text into a value or raises ValueError with what it should be."""

    name: str
    read: Callable[[str], Any]
    schema: Mapping
    default: Any = None
    description: str = ""
    required: bool = field(default=False)


def refuse_unknown(query: QueryDict, parameters: tuple[Parameter, ...]) -> None:
    """Raises Refusal 422 naming the first parameter that the address does not know, and those it knows."""
    known = [parameter.name for parameter in parameters]
    for name in query:
        if name not in known:
            there_are = f"it knows {', '.join(known)}" if known else "it takes none"
            shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in name[:MOST_SHOWN])
            raise wrong(shown, f"is not known to this address: {there_are}")


def read_all(query: QueryDict, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """The values by name. Raises Refusal 422 naming the first parameter that is wrong."""
    return {parameter.name: read_one(query, parameter) for parameter in parameters}


def read_one(query: QueryDict, parameter: Parameter) -> Any:
    given = query.getlist(parameter.name)
    if not given:
        if parameter.required:
            raise wrong(parameter.name, "is missing")
        return parameter.default
    if len(given) > 1:
        raise wrong(parameter.name, "is given more than once")
    if "\0" in given[0]:
        raise wrong(parameter.name, "may not hold a NUL character")
    try:
        return parameter.read(given[0])
    except ValueError as error:
        raise wrong(parameter.name, str(error)) from error


def wrong(name: str, fault: str) -> Refusal:
    detail = f"The parameter {name} {fault}."
    return Refusal(422, detail, code="invalid_parameter", errors=[{"parameter": name, "detail": detail}])


def whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 11 and low <= int(text) <= high):
            raise ValueError(f"is a whole number from {low} to {high}")
        return int(text)

    return read


def one_of(*values: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in values:
            raise ValueError(f"is one of {', '.join(values)}")
        return text

    return read


def several_of(*values: str) -> Callable[[str], tuple[str, ...]]:
    def read(text: str) -> tuple[str, ...]:
        words = tuple(dict.fromkeys(text.split(",")))
        if not set(words) <= set(values):
            raise ValueError(f"is a list with commas of {', '.join(values)}")
        return words

    return read


def switch(text: str) -> bool:
    return one_of("true", "false")(text) == "true"


def moment(text: str) -> int:
    """Microseconds. A plus sign that nobody escaped arrives as a space."""
    try:
        found = clock.parse(text.replace(" ", "+"))
    except (ValueError, OverflowError) as error:
        raise ValueError("is an RFC 3339 time such as 2026-01-31T12:00:00Z") from error
    if not 0 <= found < 253_402_300_800_000_000:
        raise ValueError("is a time between 1970 and 9999")
    return found


def identifier(text: str) -> int:
    found = ids.decode(text)
    if found is None:
        raise ValueError("is not an identifier")
    return found


def words(text: str) -> str:
    if not 0 < len(text) <= 200:
        raise ValueError("has 1 to 200 characters")
    return text


TEXT = {"type": "string", "minLength": 1, "maxLength": 200}
MOMENT = {"type": "string", "format": "date-time"}
IDENTIFIER = {"type": "string", "pattern": f"^[{ids.ALPHABET}]{{{ids.LENGTH}}}$"}
LIMIT = Parameter(
    "limit",
    whole(1, 500),
    {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
    50,
    "How many results a page has.",
)
SINCE = Parameter("since", moment, MOMENT, None, "Only what happened at this time or later.")
REVEAL = Parameter(
    "reveal", switch, {"type": "boolean"}, False, "Restores tokenized values, for reviewers and admins."
)


def text_parameter(name: str, description: str) -> Parameter:
    return Parameter(name, words, TEXT, None, description)
