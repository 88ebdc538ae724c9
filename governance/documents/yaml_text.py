"""JSON values as YAML text and back: the same value always makes the same bytes.

Written: block style, keys in the document's order, texts of several lines as `|` blocks, unicode as it is, quotes
around every text that some YAML reader would take for something else.
Read: YAML 1.2's core types from libyaml's events. A date stays text, `on` and `yes` are text, a key given twice,
an alias, a tag and a nesting over 64 levels are refused: nothing is guessed, nothing is expanded.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from governance.schemas import MAX_DEPTH

Events = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
INT = re.compile(r"[-+]?[0-9]{1,4000}\Z")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
LINE_END = re.compile(r"[\n\r\x85\u2028\u2029]")
PLAIN_LINES = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]*\Z")


class NotYaml(ValueError):
    """The text is no YAML document of JSON values: the message says where and why."""


def dump(value: Any) -> str:
    """The YAML text of a JSON value, with a newline at its end."""
    return yaml.dump(
        value,
        Dumper=_Writer,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=float("inf"),
    )


def load_all(text: str) -> Iterator[Any]:
    """The JSON values of the documents in `text`, in order. Raises NotYaml."""
    try:
        yield from _values(yaml.parse(text, Loader=Events))
    except yaml.YAMLError as error:
        raise NotYaml(_sentence(error)) from error


class _Writer(yaml.SafeDumper):
    """Writes nested lists indented under their key, and blocks for texts of several lines."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: _Writer, text: str) -> yaml.Node:
    # A block cannot begin with space or hold line ends that YAML turns into others: those are escaped in one line.
    style = None
    if LINE_END.search(text):
        style = "|" if not text[0].isspace() and PLAIN_LINES.match(text) else '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)
# What YAML 1.2 reads as a number and 1.1 does not: such texts must be quoted too.
_Writer.add_implicit_resolver("tag:yaml.org,2002:float", FLOAT, list("-+.0123456789"))


def _values(events: Iterator[yaml.Event]) -> Iterator[Any]:
    """Builds values without recursion: `holders` are the open lists and objects, each with its waiting key."""
    holders: list[list] = []
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise NotYaml(_at(event, "aliases (*name) are not read: write the value out"))
        if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            _refuse_tag(event)
            if len(holders) == MAX_DEPTH:
                raise NotYaml(_at(event, f"this is nested deeper than {MAX_DEPTH} levels"))
            holders.append([[] if isinstance(event, yaml.SequenceStartEvent) else {}, None])
            continue
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            value = holders.pop()[0]
        else:
            continue
        if not holders:
            yield value
        else:
            _put(holders[-1], value, event)


def _put(holder: list, value: Any, event: yaml.Event) -> None:
    container, key = holder
    if isinstance(container, list):
        container.append(value)
    elif key is not None:
        container[key], holder[1] = value, None
    elif not isinstance(value, str):
        raise NotYaml(_at(event, "a field's name must be text: put it in quotes"))
    elif value in container:
        raise NotYaml(_at(event, f"the field {value!r} is given twice"))
    else:
        holder[1] = value


def _scalar(event: yaml.ScalarEvent) -> Any:
    _refuse_tag(event)
    text = event.value
    if not event.implicit[0]:  # quoted, or a block
        return text
    if NULL.match(text):
        return None
    if BOOL.match(text):
        return text.lower() == "true"
    if INT.match(text):
        return int(text)
    if FLOAT.match(text):
        return float(text)
    return text


def _refuse_tag(event: yaml.NodeEvent) -> None:
    if event.tag not in (None, "!"):
        raise NotYaml(_at(event, f"the tag {event.tag} is not read: leave it out"))


def _at(event: yaml.Event, sentence: str) -> str:
    return f"line {event.start_mark.line + 1}: {sentence}"


def _sentence(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None:
        return "this is not YAML text"
    return f"line {mark.line + 1}: {problem}"
