"""The sample service over HTTP: aiohttp in a thread with a loop of its own.

Every answer is JSON; what the caller did wrong is `{"error": sentence, "problems": [...]}` with a 4xx. A request
that is not for the service's own name is refused, so that a web page that points a name of its own at this port
reads nothing.
"""

import asyncio
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from governance.schemas import instance_problems
from registry.address import LOOPBACK, SAMPLE_HOST, forget_sample, register_sample
from registry.sample.archive import FILED, SUPPLIERS, file_document
from registry.sample.books import Answer, Books, Refusal
from registry.sample.changes import ADVISORIES, DIFF, REVIEW, analyse, post_review
from registry.sample.corpus import Lookup
from registry.sample.erp import INVOICE, post_invoice
from registry.sample.law import LAW
from registry.sample.ledger import CLOSING, MONTHS, close
from registry.sample.markets import MARKETS
from registry.sample.payments import REFUND, refund
from registry.sample.reading import READING
from registry.sample.rivals import PRODUCTS

MAX_BODY = 64 * 1024
LONGEST_KEY = 200
START_S = 10

READS = {
    "/payments/charges/{name}": ("charges", "charge"),
    "/payments/refunds/{name}": ("refunds", "refund"),
    "/orders/{name}": ("orders", "order"),
    "/erp/purchase-orders/{name}": ("purchase_orders", "purchase order"),
    "/erp/invoices/{name}": ("invoices", "invoice"),
}
LOOKUPS = {**MARKETS, **LAW, **READING, **MONTHS, **SUPPLIERS, **ADVISORIES, **PRODUCTS}
QUESTIONS = {"/code/findings": (DIFF, analyse)}  # posted, because they are long; they change nothing
WRITES = {
    "/payments/refunds": (REFUND, refund),
    "/erp/invoices": (INVOICE, post_invoice),
    "/ledger/closings": (CLOSING, close),
    "/archive/documents": (FILED, file_document),
    "/code/reviews": (REVIEW, post_review),
}


def start(folder: Path, project: str = "demo") -> "SampleService":
    """Serves the data in `folder`, seeded where it is empty, to `project` alone.

    Raises SampleUnusable where the folder cannot be read or written, OSError where no port can be opened.
    """
    service = SampleService(Books(folder), project)
    service.start()
    return service


class SampleService:
    """Listens from `start` to `stop`; `port` is the one it got."""

    def __init__(self, books: Books, project: str):
        self.books, self.project, self.port = books, project, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="baton-sample", daemon=True)
        self._ready = threading.Event()
        self._failure: OSError | None = None

    def start(self) -> None:
        self._thread.start()
        if not self._ready.wait(START_S):
            raise OSError(f"The sample service did not start within {START_S} s.")
        if self._failure is not None:
            raise self._failure
        register_sample(self.project, self.port)

    def stop(self) -> None:
        """Ends the service; a second time does nothing."""
        forget_sample(self.project)
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _run(self) -> None:
        runner = web.AppRunner(application(self.books), access_log=None, shutdown_timeout=0.5)
        try:
            self._loop.run_until_complete(self._listen(runner))
        except OSError as error:
            self._failure = error
            self._ready.set()
        else:
            self._ready.set()
            self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _listen(self, runner: web.AppRunner) -> None:
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        self.port = runner.addresses[0][1]


def application(books: Books) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY, middlewares=[as_json])
    for path, (shelf, noun) in READS.items():
        app.router.add_get(path, reading(books, shelf, noun))
    for path, lookup in LOOKUPS.items():
        app.router.add_get(path, looking_up(lookup))
    for path, (schema, answer) in QUESTIONS.items():
        app.router.add_post(path, asking(schema, answer))
    for path, (schema, make) in WRITES.items():
        app.router.add_post(path, writing(books, schema, make))
    return app


def reading(books: Books, shelf: str, noun: str) -> Callable:
    async def show(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        found = books.find(shelf, name)
        if found is None:
            raise Refusal(404, f"There is no {noun} {name[:80]}.")
        return web.json_response(found)

    return show


def looking_up(lookup: Lookup) -> Callable:
    async def show(request: web.Request) -> web.Response:
        return web.json_response(lookup({**request.query, **request.match_info}))

    return show


def asking(schema: dict, answer: Callable[[dict], dict]) -> Callable:
    async def ask(request: web.Request) -> web.Response:
        return web.json_response(answer(fitting(schema, await request.read())))

    return ask


def writing(books: Books, schema: dict, make: Callable[[Books, dict], Answer]) -> Callable:
    async def write(request: web.Request) -> web.Response:
        asked = fitting(schema, await request.read())
        key = request.headers.get("Idempotency-Key")
        if key is not None and not 0 < len(key) <= LONGEST_KEY:
            raise Refusal(400, f"An Idempotency-Key has 1 to {LONGEST_KEY} characters.")
        held = f"{request.path} {key}" if key else None
        status, body = books.effect(held, asked, lambda open_books: make(open_books, asked))
        return web.json_response(body, status=status)

    return write


def fitting(schema: dict, content: bytes) -> Any:
    """The body that was sent. Raises Refusal 400 for no JSON, 422 for what does not fit."""
    try:
        asked = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "The body is not JSON: send one JSON object.") from error
    problems = [
        {"pointer": problem.pointer, "detail": problem.message}
        for problem in instance_problems(schema, asked)
    ]
    if problems:
        raise Refusal(422, problems[0]["detail"], problems)
    return asked


@web.middleware
async def as_json(request: web.Request, handler: Callable) -> web.StreamResponse:
    """Refusals of the service and of aiohttp itself, in one form."""
    try:
        if request.host.partition(":")[0].lower() != SAMPLE_HOST:
            raise Refusal(421, f"This is {SAMPLE_HOST}, which Baton's demo project reaches.")
        return await handler(request)
    except Refusal as refusal:
        return told(refusal.status, refusal.sentence, refusal.problems)
    except web.HTTPRequestEntityTooLarge:
        return told(413, f"The body has more than {MAX_BODY:,} bytes.")
    except web.HTTPException as error:
        answer = told(error.status, f"{error.reason}: {request.method} {request.path[:200]}")
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


def told(status: int, sentence: str, problems: list[dict] | None = None) -> web.Response:
    body = {"error": sentence, "problems": problems} if problems else {"error": sentence}
    return web.json_response(body, status=status)
