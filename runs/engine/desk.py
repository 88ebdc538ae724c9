"""The desk of one step: its side of the journal, the ledger and the inbox (governance.port.Desk).

The layers below write and ask through it; the driver behind it decides when that is stored and what waits.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from governance import clock, ledger
from governance.port import ApprovalRequest, Decided, Facts, Held, Hold, Recorded, Settlement
from runs.engine.memory import StepKey, StepMemory

if TYPE_CHECKING:
    from runs.engine.driver import Driver

LETTERS = "abcdefghijklmnopqrstuvwxyz"
POLL_FOR_MONEY_S = 1.0


class StepDesk:
    """Bound to one attempt of one step."""

    def __init__(self, driver: "Driver", key: StepKey, memory: StepMemory, conversation: int = 0):
        self.driver = driver
        self.key = key
        self.memory = memory
        node, iteration, item = key
        self._prefix = f"{node}.{iteration}" + ("" if item is None else f".{item}")
        self._letter = LETTERS[min(conversation, len(LETTERS) - 1)]
        self._place = 0
        run = driver.run
        self.facts = Facts(
            project=run.project,
            project_id=run.project_id,
            flow=run.flow,
            run=run.id,
            run_public_id=run.public_id,
            user=run.user,
            environment=run.environment,
            trigger=run.trigger,
            node=node,
            iteration=iteration,
            item=item,
            attempt=memory.attempt,
        )

    def next_call(self) -> str:
        """The name of the next operation: that of its record where it went well or may still be under way, and of
        an idempotent tool's, so that the peer sees the same key; a fresh one after a failure."""
        self._place += 1
        place = f"{self._prefix}/{self._letter}{self._place}"
        tries = self.memory.calls.get(place)
        if not tries:
            return place
        last = tries[-1]
        if last.result is None or last.ok or self._final(last.result) or self._keeps_its_key(last.result):
            return last.name
        return f"{place}~{len(tries) + 1}"

    @staticmethod
    def _final(result: Mapping) -> bool:
        return bool(result.get("final"))

    def _keeps_its_key(self, result: Mapping) -> bool:
        tool = self.driver.shelf.get("tools", result["tool"]) if "tool" in result else None
        return (
            tool is not None and bool(tool.content.get("idempotent")) and tool.content.get("risk") != "read"
        )

    def recall(self, call: str) -> Recorded:
        for known in self.memory.calls.get(call.split("~")[0], ()):
            if known.name == call:
                return known.recorded()
        return Recorded()

    def add(self, type: str, data: Mapping) -> None:
        self.driver.line(type, data, self.key)

    async def commit(self, *, durable: bool = False) -> None:
        await self.driver.journal.stored(durable=durable)

    def keep(self, text: str) -> str:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        self.driver.keep(digest, text)
        return digest

    def kept(self, hash: str) -> str:
        return self.driver.parts[hash]

    async def reserve(self, hold: Hold) -> Held:
        operation = ledger.Reserve(self.facts.run, hold.call, hold.amount, hold.limits)
        answer = await self.driver.journal.money(operation)
        while answer.state == "waiting":
            async with self.driver.suspended(self.key, {"kind": "budget", "id": answer.account}, parks=False):
                await self.driver.engine.money_moved(POLL_FOR_MONEY_S)
            answer = await self.driver.journal.money(operation)
        return Held(answer.account if answer.state == "refused" else None)

    def settle(self, settlement: Settlement) -> None:
        run = self.driver.run
        self.driver.settle(
            ledger.Settle(
                run_id=run.id,
                call=settlement.call,
                cost=settlement.cost,
                project_id=run.project_id,
                day=clock.day(clock.now()),
                flow=run.flow,
                agent=settlement.agent,
                user=run.user,
                model=settlement.model,
                input_tokens=settlement.input_tokens,
                output_tokens=settlement.output_tokens,
            )
        )

    async def decided(self, request: ApprovalRequest) -> Decided:
        return await self.driver.inbox.decided(self.key, self.memory, request)

    def delta(self, text: str) -> None:
        self.driver.delta(self.key, text)


async def first_of(*futures: asyncio.Future, timeout: float | None) -> None:
    """Returns when one of the futures is done or the time is up; none of them is cancelled."""
    await asyncio.wait(futures, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
