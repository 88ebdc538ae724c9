"""What a run asks of people, and how the answer comes back: requested once, awaited without a worker.

Design note. What people decided holds for exactly what they were asked. A step that was interrupted asks again; where
that is another operation by now (its rules or documents changed), the answer to the first one is not taken for it: it
is asked anew under a name of its own (`2!CALL`), and the first item is withdrawn.
"""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flows.nodes.base import StepFailed
from governance import approvals, clock, ids
from governance.port import ApprovalRequest, Decided
from governance.privacy import rulesets, sift, tokens
from governance.privacy.leaving import put_back
from runs.engine.memory import THE_RUN, Item, StepKey, StepMemory, told_of
from runs.given import lines_of

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
        request = self._named(memory, request)
        item = memory.items.get((request.kind, request.call))
        if item is None:
            item = self._ask(key, memory, await self._looked_through(key, memory, request))
        if item.decided is None:
            await self._answered(key, item, request)
            self._record(key, item)
        told = item.decided
        await self.driver.vault.learn(tokens.texts_of(told["payload"]))
        payload = request.payload if _stands(item, request) else _as_left(item, request)
        return Decided(told["decision"], payload, tuple(told["by"]), told["reason"], clock.parse(told["at"]))

    def _named(self, memory: StepMemory, request: ApprovalRequest) -> ApprovalRequest:
        """The request under the name of the item that asks for exactly this operation, or of a new one.

        What a node of the flow asks is bound to its place: its words may speak of time and cost.
        """
        if request.kind != "approval" or not request.subject:
            return request
        named, asked = request, 1
        while (item := memory.items.get((named.kind, named.call))) and not _is_about(item, request):
            asked += 1
            if item.decided is None and item.id not in self.answers:
                self.driver.journal.operation(approvals.withdrawing(item.id, clock.now()))
            named = replace(request, call=f"{asked}!{request.call}")
        return named

    async def _looked_through(
        self, key: StepKey, memory: StepMemory, request: ApprovalRequest
    ) -> ApprovalRequest:
        """What people are shown, as the project's rules on approvals leave it. Raises StepFailed `denied`."""
        driver = self.driver
        rules = (await rulesets.fresh(driver.run.project_id)).chosen()
        if rules is None or not rules.speaks_of("approval"):
            return request
        shown = [request.title, request.payload, request.reason]
        sifted = await sift(rules, "approval", shown, driver.vault)
        for line in lines_of(request.call, "approval", sifted):
            if told_of(line) not in memory.told:
                driver.line("privacy.found", line, place_of(key))
        if sifted.blocked:
            raise StepFailed("denied", sifted.blocked)
        title, payload, reason = sifted.content
        return replace(request, title=title, payload=payload, reason=reason)

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
            place_of(key),
        )
        if key != THE_RUN:
            waits = {"kind": request.kind, "id": ids.encode(number), "until": clock.show(due_at)}
            driver.line("step.waiting", waits, key)
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
        if key == THE_RUN:
            self.driver.ending.resume()  # a step's line would do that by itself
        self.driver.line(
            "approval.decided",
            {"id": ids.encode(item.id), "call": item.call, "kind": item.kind, **self.answers[item.id]},
            place_of(key),
        )


def _is_about(item: Item, request: ApprovalRequest) -> bool:
    return item.fingerprint in ("", request.fingerprint)


def _stands(item: Item, request: ApprovalRequest) -> bool:
    """Whether people left what they were asked as it was: what goes on then is that, and not what rules on approvals
    let them see of it."""
    told = item.decided
    is_unchanged = told["decision"] == "timed_out" or told.get("changed") is False
    return request.kind == "approval" and item.fingerprint == request.fingerprint and is_unchanged


def _as_left(item: Item, request: ApprovalRequest) -> Any:
    """What people made of it, with the values behind the masks that they left as they were."""
    told = item.decided
    if request.kind != "approval" or item.fingerprint != request.fingerprint or not told.get("left"):
        return told["payload"]
    return put_back(told["payload"], request.payload, told["left"])


def place_of(key: StepKey) -> StepKey | None:
    """Where a line stands: what is asked about the run itself stands at no step."""
    return None if key == THE_RUN else key
