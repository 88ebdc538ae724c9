"""What a run asks of people, and how the answer comes back: requested once, awaited without a worker."""

import asyncio
from typing import TYPE_CHECKING

from governance import approvals, clock, ids
from governance.port import ApprovalRequest, Decided
from runs.engine.memory import Item, StepKey, StepMemory

if TYPE_CHECKING:
    from runs.engine.driver import Driver


class Inbox:
    """The items of one run. `answers` holds what people decided and the journal does not have yet, by item number."""

    def __init__(self, driver: "Driver", answers: dict[int, dict]):
        self.driver = driver
        self.answers = answers
        self.open: dict[int, tuple[StepKey, asyncio.Event]] = {}

    async def decided(self, key: StepKey, memory: StepMemory, request: ApprovalRequest) -> Decided:
        """Asks unless the journal knows the question, waits unless it knows the answer."""
        item = memory.items.get((request.kind, request.call)) or self._ask(key, memory, request)
        if item.decided is None:
            await self._answered(key, item, request)
            self._record(key, item)
        told = item.decided
        return Decided(
            told["decision"], told["payload"], tuple(told["by"]), told["reason"], clock.parse(told["at"])
        )

    def _ask(self, key: StepKey, memory: StepMemory, request: ApprovalRequest) -> Item:
        number, driver = ids.new_id(), self.driver
        asked_at = clock.now()
        due_at = asked_at + round(request.due_in_s * 1_000_000) if request.due_in_s else None
        driver.journal.operation(
            approvals.opening(
                number, request, driver.sight.facts_of(key), driver.run.user_id, asked_at, due_at
            )
        )
        driver.line(
            "approval.requested",
            {
                "id": ids.encode(number),
                "call": request.call,
                "kind": request.kind,
                "title": request.title,
                "reviewers": list(request.reviewers),
                "fingerprint": request.fingerprint,
                "due_at": clock.show(due_at),
            },
            key,
        )
        driver.line(
            "step.waiting", {"kind": request.kind, "id": ids.encode(number), "until": clock.show(due_at)}, key
        )
        return memory.items[(request.kind, request.call)]

    async def _answered(self, key: StepKey, item: Item, request: ApprovalRequest) -> None:
        _, event = self.open.setdefault(item.id, (key, asyncio.Event()))
        try:
            while item.id not in self.answers:
                due = item.due_at
                wait = {"kind": request.kind, "id": ids.encode(item.id), "until": due}
                async with self.driver.waiting.suspended(key, wait):
                    await self._ring_or_due(event, due)
                event.clear()
        finally:
            self.open.pop(item.id, None)

    async def _ring_or_due(self, event: asyncio.Event, due: int | None) -> None:
        if due is None:
            await event.wait()
            return
        try:
            async with asyncio.timeout(max((due - clock.now()) / 1_000_000, 0)):
                await event.wait()
        except TimeoutError:
            expiring = approvals.expiring(self.driver.run.id, clock.now())
            self.answers.update(await self.driver.journal.operation(expiring))

    def heed(self, answers: dict[int, dict]) -> None:
        """People decided these."""
        self.answers.update(answers)
        for number in answers:
            if number in self.open:
                key, event = self.open[number]
                event.set()
                self.driver.waiting.wake(key)

    def _record(self, key: StepKey, item: Item) -> None:
        self.driver.line(
            "approval.decided",
            {"id": ids.encode(item.id), "call": item.call, "kind": item.kind, **self.answers[item.id]},
            key,
        )
