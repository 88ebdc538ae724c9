"""Test calls: is this provider's model there, does this tool do what it should? Through the same door as every call.

Design note. A trial is no run: its desk keeps its lines in memory, the audit log gets the decision and the outcome.
It cannot wait for people, so what needs an approval is refused here with a sentence. Views are synchronous and
connections belong to a loop, so trials run on one loop of their own in a thread, or on the engine's where this
process has one (`borrow`): LiteLLM wants one loop a process.
"""

import asyncio
import atexit
import hashlib
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from governance import audit, documents, ids
from governance.models import Project, User
from governance.money import dollars
from governance.port import ApprovalRequest, Decided, Facts, Held, Hold, Pause, Recorded, Settlement
from governance.privacy import Vault, naming
from registry import gateway, lookups
from registry.backends.base import NO_API
from registry.calls import CallFailed, ModelAsk, Pinned, ToolAsk
from registry.connections import close_sessions
from registry.schemas import input_schema_of

TIMEOUT_S = 30.0
CLOSING_S = 1.0
LONGEST_S = 2 * TIMEOUT_S  # whatever the loop does: a person waits for the answer
GREETING = [{"role": "user", "content": "This is a test of the connection. Answer with one word: ready."}]
MAX_TOKENS = 64

_lent: asyncio.AbstractEventLoop | None = None
_own: asyncio.AbstractEventLoop | None = None
_starting = threading.Lock()


def provider(project: Project, slug: str, model: str, by: User) -> dict[str, Any]:
    """One short answer of `model`: {ok, output? {text}, error? {code, message}, latency_ms}.

    Raises NotFound, and NameRefused for a name that holds what privacy rules protect.
    """
    documents.find(project, "provider", slug)
    naming.refuse_protected(project.pk, "model_input", {"/model": model})
    lookups.forget()  # who tests has just changed something
    desk = TrialDesk(project, by)
    ask = ModelAsk(None, f"{slug}/{model}", GREETING, params={"max_tokens": MAX_TOKENS}, timeout_s=TIMEOUT_S)
    return _tried(desk, f"provider/{slug}", by, project, {"model": model}, _answer(desk, ask))


def tool(project: Project, slug: str, arguments: Mapping, by: User) -> dict[str, Any]:
    """One call of the tool's active version: {ok, output?, error? {code, message}, latency_ms}. Raises NotFound."""
    version = documents.find(project, "tool", slug)
    document = documents.content(version)
    lookups.forget()
    desk = TrialDesk(project, by)
    pinned = Pinned(slug, version.number, {**document, "input_schema": input_schema_of(document)})
    timeout_s = min(document.get("timeout_s", TIMEOUT_S), TIMEOUT_S)
    ask = ToolAsk(None, pinned, arguments, timeout_s=timeout_s)
    return _tried(
        desk, f"tool/{slug}", by, project, {"version": version.number}, gateway.tool_call(desk, ask)
    )


def borrow(loop: asyncio.AbstractEventLoop | None) -> None:
    """From now on trials run on this loop; None: on one of their own."""
    global _lent
    _lent = loop


async def _answer(desk: "TrialDesk", ask: ModelAsk) -> dict[str, str]:
    return {"text": (await gateway.model_call(desk, ask)).text}


def _tried(
    desk: "TrialDesk", name: str, by: User, project: Project, data: Mapping, call: Coroutine
) -> dict[str, Any]:
    """Waits for the call, and records what came of it."""
    started = time.perf_counter()
    try:
        result: dict[str, Any] = {"ok": True, "output": _wait(call)}
    except CallFailed as failure:
        result = {"ok": False, "error": {"code": failure.code, "message": in_words(failure)}}
    result["latency_ms"] = round((time.perf_counter() - started) * 1000, 1)
    outcome = {"ok": result["ok"], "error": result.get("error"), "decisions": desk.decisions}
    cost = {"cost_usd": dollars(desk.cost)}
    audit.record(f"{name.partition('/')[0]}.test", name, by, project, {**data, **outcome, **cost})
    return result


def in_words(failure: CallFailed) -> str:
    """What is wrong, for whoever has to mend it, with what the peer said."""
    if failure.code != "provider_error" or failure.status is None:
        return failure.message
    if failure.status in (401, 403):
        return f"The provider refused the key: check the secret. ({failure.message})"
    if failure.status in (404, 405) and NO_API in failure.message:
        return f"The address is wrong: {failure.message}"
    if failure.status == 404:
        return f"The provider has no such model: check its name. ({failure.message})"
    if failure.status == 429:
        return f"The provider is there, and refuses for now because of its limits. ({failure.message})"
    return failure.message


def _wait(call: Coroutine) -> Any:
    # A loop that was lent and stands still would be waited for without end.
    loop = _lent if _lent is not None and _lent.is_running() else _own_loop()
    pending = asyncio.run_coroutine_threadsafe(call, loop)
    try:
        return pending.result(LONGEST_S)
    except TimeoutError as late:
        pending.cancel()
        raise CallFailed("timeout", f"There was no answer within {LONGEST_S:g} s.") from late
    except asyncio.CancelledError as stopped:
        raise CallFailed("cancelled", "The server is stopping; try again when it is back.") from stopped


def _own_loop() -> asyncio.AbstractEventLoop:
    global _own
    with _starting:
        if _own is None:
            _own = asyncio.new_event_loop()
            threading.Thread(target=_own.run_forever, name="trials", daemon=True).start()
            atexit.register(_close, _own)
        return _own


def _close(loop: asyncio.AbstractEventLoop) -> None:
    """Leaves no connection open behind at the end of the process."""
    asyncio.run_coroutine_threadsafe(close_sessions(), loop).result(CLOSING_S)
    loop.call_soon_threadsafe(loop.stop)


class TrialDesk:
    """The desk of one call that belongs to no run (governance.port.Desk): nothing is stored, nobody is asked."""

    def __init__(self, project: Project, by: User):
        self.lines: list[tuple[str, Mapping]] = []
        self.parts: dict[str, str] = {}
        self.cost = 0
        self.vault = Vault(ids.new_id())
        self.facts = Facts(
            project=project.slug,
            project_id=project.pk,
            flow="",
            run=0,
            run_public_id=f"test-{time.time_ns()}",
            user=by.username,
            environment="test",
            trigger="test",
            node="test",
            iteration=1,
            item=None,
            attempt=1,
        )

    @property
    def decisions(self) -> list[dict]:
        return [dict(data) for type, data in self.lines if type == "policy.decided"]

    def next_call(self) -> str:
        return "test"

    def recall(self, call: str) -> Recorded:
        return Recorded()

    def add(self, type: str, data: Mapping) -> None:
        self.lines.append((type, data))

    def found(self, data: Mapping) -> None:
        self.lines.append(("privacy.found", data))

    async def commit(self, *, durable: bool = False) -> None:
        """There is no journal: the audit line is written when the trial has ended."""

    def keep(self, text: str) -> str:
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        self.parts[digest] = text
        return digest

    def kept(self, hash: str) -> str:
        return self.parts[hash]

    async def reserve(self, hold: Hold) -> Held:
        """No account applies to a trial."""
        return Held()

    async def paused(self, look: Callable[[], Pause | None]) -> None:
        """Nothing is refused, so nothing waits."""

    async def settled(self, call: str) -> None:
        """Nothing is booked."""

    def settle(self, settlement: Settlement) -> None:
        self.cost += settlement.cost or 0

    async def decided(self, request: ApprovalRequest) -> Decided:
        if request.kind == "uncertain":
            raise CallFailed(
                "step_failed", "The call went out and its answer was lost: look whether it was done."
            )
        reason = f"This call needs an approval, and a test cannot wait for one: run it in a flow. ({request.reason})"
        raise CallFailed("rejected", reason)

    def delta(self, text: str) -> None:
        """Nobody watches a trial."""
