"""Reading what others wrote: every value is looked at before it is used, and a wrong one is refused with its place."""

from collections.abc import Iterator, Mapping
from typing import Any

from flows.imports.outcome import CannotImport
from flows.letters import clean
from governance.refusals import pointer

LONGEST = 40_000
WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def text(value: Any, place: str, most: int = LONGEST) -> str:
    """A text, "" where there is none. Numbers are taken as they are written."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        raise CannotImport(place, "This must be a text.")
    if len(value) > most:
        raise CannotImport(place, f"This text has {len(value):,} characters; {most:,} are taken: shorten it.")
    return clean(value).strip()


def line(value: Any, place: str, most: int = 200) -> str:
    """A short text in one line; a longer one is cut."""
    found = " ".join(text(value, place).split())
    return found if len(found) <= most else found[: most - 1] + "…"


def flag(value: Any, place: str) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in WORDS:
        return WORDS[value.strip().lower()]
    raise CannotImport(place, "This must be true or false.")


def whole(value: Any, place: str, least: int, most: int) -> int | None:
    """A whole number, moved into its bounds; None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CannotImport(place, "This must be a number.")
    return int(min(max(value, least), most))


def mapping(value: Any, place: str, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise CannotImport(place, f"{what} must be an object.")
    return value


def names(value: Any, place: str, most: int = 200) -> list[str]:
    """A list of names; one name alone counts as a list of it. Objects stand for their `name`."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    if len(items) > most:
        raise CannotImport(place, f"This lists {len(items):,} things; {most} are taken.")
    found = []
    for index, item in enumerate(items):
        at = place + pointer(index) if isinstance(value, list) else place
        if isinstance(item, Mapping):
            item = item.get("name", item.get("id"))
        name = line(item, at)
        if name and name not in found:
            found.append(name)
    return found


def items(value: Any, place: str, what: str) -> Iterator[tuple[Any, Any, str]]:
    """(key, item, place) of an object's fields or of a list; the key of a list's item is None."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield key, item, place + pointer(key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield None, item, place + pointer(index)
    elif value is not None:
        raise CannotImport(place, f"{what} must be a list or an object.")
