"""What a run is called in lists: the first text of its input.

Inputs may be megabytes: only the beginning of a run's first line is read, so the JSON may end in the middle.
"""

import re
from collections.abc import Iterable

import orjson
from django.db.models.functions import Length, Substr

from runs.engine.rows import loads
from runs.models import Event

READ = 4_000
LONGEST = 140
INPUT = re.compile(r'"input":')
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')
WHOLE = re.compile(r'(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')  # up to an escape that is cut off
SPACES = re.compile(r"\s+")


def titles(run_ids: Iterable[int]) -> dict[int, str]:
    """{run: its title}; without a text in the input there is none. One query."""
    first = Event.objects.filter(run_id__in=list(run_ids), seq=1, type="run.created")
    rows = first.annotate(head=Substr("data", 1, READ), size=Length("data")).values_list(
        "run_id", "head", "size"
    )
    return {run_id: found for run_id, head, size in rows if (found := title(head, size <= READ))}


def title(line: str, is_whole: bool = True) -> str:
    """The title in the data of `run.created`, or in the beginning of it; empty where there is no text."""
    if is_whole:
        return short(first_text(loads(line).get("input")))
    start = INPUT.search(line)
    return short(text_within(line[start.end() :])) if start else ""


def first_text(value: object) -> str:
    """The first string that says something, depth first."""
    match value:
        case str():
            return value.strip()
        case dict():
            return next((found for inner in value.values() if (found := first_text(inner))), "")
        case list():
            return next((found for inner in value if (found := first_text(inner))), "")
    return ""


def text_within(json_beginning: str) -> str:
    """The first string that is no key; one that is cut off counts as far as it goes."""
    closed = 0
    for found in TEXT.finditer(json_beginning):
        closed = found.end()
        if found[2] is None and (said := unescaped(found[1]).strip()):
            return said
    _, quote, cut = json_beginning[closed:].partition('"')
    return unescaped(WHOLE.match(cut)[0]).strip() if quote else ""


def unescaped(text: str) -> str:
    """JSON's escapes undone."""
    try:
        return orjson.loads(f'"{text}"')
    except orjson.JSONDecodeError:
        return text


def short(text: str) -> str:
    line = SPACES.sub(" ", text[: 4 * LONGEST]).strip().encode(errors="replace").decode()
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"
