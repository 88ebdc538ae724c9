"""Where in a YAML or JSON text the places of its value stand: for problems that say in which line."""

import yaml

from governance.documents.yaml_text import Events
from governance.refusals import pointer


def lines_of(text: str) -> dict[str, int]:
    """{JSON pointer: line, from 1} of the first document of a text that was read; empty where it has no lines."""
    found: dict[str, int] = {}
    holders: list[list] = []  # [pointer, next index | None for an object, waiting key | None]
    try:
        for event in yaml.parse(text, Loader=Events):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            _take(event, holders, found)
    except yaml.YAMLError:
        return {}
    return found


def line_of(lines: dict[str, int], at: str) -> int | None:
    """The line of a place, or of what holds it."""
    while at not in lines and at:
        at = at.rpartition("/")[0]
    return lines.get(at)


def _take(event: yaml.Event, holders: list[list], found: dict[str, int]) -> None:
    if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
        holders.pop()
        return
    is_list, is_object = isinstance(event, yaml.SequenceStartEvent), isinstance(event, yaml.MappingStartEvent)
    if not (is_list or is_object or isinstance(event, yaml.ScalarEvent)):
        return
    holder = holders[-1] if holders else None
    if holder and holder[1] is None and holder[2] is None and isinstance(event, yaml.ScalarEvent):
        holder[2] = event.value
        found[holder[0] + pointer(event.value)] = event.start_mark.line + 1
        return
    at = _place(holder)
    found.setdefault(at, event.start_mark.line + 1)
    if is_list or is_object:
        holders.append([at, 0 if is_list else None, None])


def _place(holder: list | None) -> str:
    if holder is None:
        return ""
    at, index, key = holder
    if index is None:
        holder[2] = None
        return at + pointer(key or "")
    holder[1] += 1
    return f"{at}/{index}"
