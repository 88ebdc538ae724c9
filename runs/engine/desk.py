"""The desk of one step: its side of the journal, the ledger and the inbox (governance.port.Desk).

The layers below write and ask through it; the driver behind it decides when that is stored and what waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from governance import clock, ledger
from governance.budgets.warning import warning
from governance.ids import account_name
from governance.port import ApprovalRequest, Decided, Held, Hold, Limit, Pause, Recorded, Settlement
from runs.engine.memory import StepKey, StepMemory, told_of

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
        self._held: dict[str, tuple[str, ...]] = {}
        self.facts = driver.sight.facts_of(key)
        self.vault = driver.vault

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

    def found(self, data: Mapping) -> None:
        if self.driver.is_new(self.key, told_of(data)):
            self.add("privacy.found", data)

    async def commit(self, *, durable: bool = False) -> None:
        await self.driver.journal.stored(durable=durable)

    def keep(self, text: str) -> str:
        return self.driver.sight.keep(text)

    def kept(self, hash: str) -> str:
        return self.driver.sight.parts[hash]

    async def reserve(self, hold: Hold) -> Held:
        operation = ledger.Reserve(self.facts.run, hold.call, hold.amount, hold.limits)
        try:
            answer = await self.driver.journal.money(operation)
            if answer.state == "waiting":
                answer = await self._stand_in_line(operation, answer.account, hold.again)
        except asyncio.CancelledError:
            # Who was cut off in the line, or at its end, must not stand in the way of the others.
            self.driver.journal.money(ledger.Release(self.facts.run, hold.call))
            raise
        if answer.state == "refused":
            return Held(answer.refused)
        self._held[hold.call] = tuple(limit.key for limit in hold.limits)
        return Held(may_warn=answer.may_warn)

    async def paused(self, look: Callable[[], Pause | None]) -> None:
        await self.driver.pauses.until_room(self.key, look)

    async def _stand_in_line(
        self,
        operation: ledger.Reserve,
        account: str,
        again: Callable[[], Awaitable[tuple[Limit, ...]]] | None,
    ) -> ledger.Answer:
        """Returns once others' money came free for this call, or never will. Limits may change meanwhile, and days."""
        name = account_name(account)
        if self.driver.is_new(self.key, f"line {operation.call}"):
            data = {"kind": "budget", "id": name, "until": None, "call": operation.call}
            self.add("step.waiting", data)
        async with self.driver.waiting.suspended(self.key, {"kind": "budget", "id": name}, parks=False):
            while True:
                await self.driver.engine.money_moved(POLL_FOR_MONEY_S)
                if again is not None:
                    operation = replace(operation, limits=await again())
                if not operation.limits:
                    return await self.driver.journal.money(ledger.Release(operation.run_id, operation.call))
                answer = await self.driver.journal.money(operation)
                if answer.state != "waiting":
                    return answer

    def settle(self, settlement: Settlement) -> None:
        run = self.driver.run
        settled = self.driver.settle(
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
                reserved=settlement.call in self._held,
                keys=self._held.get(settlement.call, ()),
            )
        )
        settled.add_done_callback(self._warn)

    def _warn(self, settled: asyncio.Future) -> None:
        """The run that brought a budget over its warning says so, unless it is over: the audit log knows anyway."""
        if settled.cancelled() or settled.exception() is not None or self.driver.ending.begun:
            return
        for account in settled.result().warned:
            told = warning(account.key, account.limit, account.spent)
            self.add("note", {"kind": "budget_warning", **told})

    async def settled(self, call: str) -> None:
        await self.driver.journal.stored()

    async def decided(self, request: ApprovalRequest) -> Decided:
        return await self.driver.inbox.decided(self.key, self.memory, request)

    def delta(self, text: str) -> None:
        self.driver.delta(self.key, text)
