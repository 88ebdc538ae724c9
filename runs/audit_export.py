"""The audit log as a file: written while it is read, whatever its length, and itself an act on the record."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from governance import audit, clock
from governance.chain import reading, sealing
from governance.chain.entries import Entry, sealed_text
from governance.chain.reading import Asked
from governance.models import Project, User

MEDIA = {"jsonl": "application/jsonl", "csv": "text/csv"}
FORMATS = tuple(MEDIA)
ORIGIN = ("via", "address", "agent", "token", "session")
COLUMNS = ("seq", "at", "actor", "action", "object", *ORIGIN, "data", "prev", "hash")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # a table's program would compute what starts so


def answer(
    request: HttpRequest, project: Project | None, asked: Asked, format: str, by: User
) -> StreamingHttpResponse:
    """The file as an answer. The export's own line is the last in it, where the filters let it through."""
    name = project.slug if project else "installation"
    audit.record("audit.export", f"audit/{name}", by, project, {"format": format, **asked.named})
    sealing.seal_all()
    pieces = written(reading.sealed(project, asked, reading.last_of(project)), format)
    made = StreamingHttpResponse(
        off_the_loop(pieces) if isinstance(_plain(request), ASGIRequest) else pieces,
        content_type=f"{MEDIA[format]}; charset=utf-8",
    )
    made["Content-Disposition"] = f'attachment; filename="audit-{name}.{format}"'
    made["X-Content-Type-Options"] = "nosniff"
    return made


def written(portions: Iterator[list[Entry]], format: str) -> Iterator[bytes]:
    line = LINES[format]
    if format == "csv":
        yield row_of(COLUMNS)
    for entries in portions:
        yield b"".join(map(line, entries))


async def off_the_loop(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Django's server would else read all of it before it sends the first byte."""
    while (piece := await sync_to_async(next)(pieces, None)) is not None:
        yield piece


def json_line(entry: Entry) -> bytes:
    """`sealed` is the text whose SHA-256 is `hash`: with it the export proves itself, without Baton."""
    shown = {
        "seq": entry.seq,
        "at": clock.show(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "origin": parsed(entry.origin),
        "data": parsed(entry.data),
        "prev": entry.prev,
        "hash": entry.hash,
        "sealed": sealed_text(entry),
    }
    return json.dumps(shown).encode() + b"\n"


def csv_line(entry: Entry) -> bytes:
    origin = parsed(entry.origin)
    origin = origin if isinstance(origin, dict) else {"via": entry.origin}
    whence = [str(origin.get(name, "")) for name in ORIGIN]
    named = [entry.actor, entry.action, entry.object, *whence, entry.data, entry.prev, entry.hash]
    return row_of([str(entry.seq), clock.show(entry.at), *named])


def row_of(cells: Iterator[str] | list[str] | tuple[str, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([guarded(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "backslashreplace")


def guarded(cell: str) -> str:
    """A cell that no program for tables takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plain(request: HttpRequest) -> HttpRequest:
    """What REST framework wraps."""
    return getattr(request, "_request", request)


LINES: dict[str, Callable[[Entry], bytes]] = {"jsonl": json_line, "csv": csv_line}
