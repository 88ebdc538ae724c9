"""The journal of a run as a file: one event a line, as the API shows them."""

from collections.abc import AsyncIterator

import orjson
from asgiref.sync import sync_to_async
from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_safe

from runs.api.journals import show_events
from runs.models import Event
from runs.views import frame

LINES_AT_ONCE = 500


@require_safe
def journal_show(request: HttpRequest, run_id: int) -> StreamingHttpResponse:
    run = frame.run(request, run_id)
    name = f"run-{run.public_id}.jsonl"
    return StreamingHttpResponse(
        lines(run.id),
        content_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def lines(run_id: int) -> AsyncIterator[bytes]:
    """A page of events at a time: a journal can be larger than memory should be."""
    seen, page = 0, await read(run_id, 0)
    while page:
        seen = page[-1]["seq"]
        yield b"".join(orjson.dumps(event) + b"\n" for event in page)
        page = await read(run_id, seen)


@sync_to_async
def read(run_id: int, after: int) -> list[dict]:
    rows = Event.objects.filter(run_id=run_id, seq__gt=after).order_by("seq")[:LINES_AT_ONCE]
    return show_events(run_id, list(rows))
