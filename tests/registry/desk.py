"""A desk in memory that keeps its promises: lines in order, stored with the next commit, money held or refused,
people asked once. `after_a_crash` is the desk of the same step on another worker: what was not stored is gone.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson

from governance import clock
from governance.port import ApprovalRequest, Decided, Facts, Held, Hold, Pause, Recorded, Settlement, Short
from governance.privacy import Vault


@dataclass
class Store:
    """What survives a crash: stored lines, parts, accounts, answers of people."""

    lines: list[tuple[str, dict]] = field(default_factory=list)
    parts: dict[str, str] = field(default_factory=dict)
    spent: Counter = field(default_factory=Counter)
    held: dict[str, Hold] = field(default_factory=dict)
    asked: list[ApprovalRequest] = field(default_factory=list)
    answers: list[tuple[str, object]] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)


class MemoryDesk:
    """One attempt of one step. `answers` of the store are what people say, in the order they are asked."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        project_id: int = 1,
        node: str = "work",
        attempt: int = 1,
        vault: Vault | None = None,
    ):
        self.store = store or Store()
        self.added: list[tuple[str, dict]] = []
        self.commits: list[bool] = []
        self.deltas: list[str] = []
        self.vault = vault
        self._place = 0
        self.facts = Facts(
            project="alpha",
            project_id=project_id,
            flow="support",
            run=7,
            run_public_id="0000000000007",
            user="ada",
            environment="test",
            trigger="api",
            node=node,
            iteration=1,
            item=None,
            attempt=attempt,
        )

    def after_a_crash(self) -> "MemoryDesk":
        """Another worker's desk for the same attempt."""
        return MemoryDesk(
            self.store,
            project_id=self.facts.project_id,
            node=self.facts.node,
            attempt=self.facts.attempt,
            vault=self.vault and Vault(self.vault.root_id),
        )

    def next_attempt(self) -> "MemoryDesk":
        """The desk of the step's next attempt, after everything was stored."""
        self._store()
        return MemoryDesk(
            self.store,
            project_id=self.facts.project_id,
            node=self.facts.node,
            attempt=self.facts.attempt + 1,
            vault=self.vault,
        )

    @property
    def lines(self) -> list[tuple[str, dict]]:
        """Everything written so far, stored or not."""
        return self.store.lines + self.added

    def of(self, type: str) -> list[dict]:
        return [data for name, data in self.lines if name == type]

    @property
    def types(self) -> list[str]:
        return [name for name, _ in self.lines]

    def next_call(self) -> str:
        self._place += 1
        name, tries = f"{self.facts.node}.1/a{self._place}", 1
        while (result := self.recall(name).result) and result["status"] != "ok" and not result.get("final"):
            tries += 1
            name = f"{self.facts.node}.1/a{self._place}~{tries}"
        return name

    def recall(self, call: str) -> Recorded:
        decision = result = asked_again = None
        sent = reserved = False
        for name, data in self.lines:
            if data.get("call") != call:
                continue
            if name == "policy.decided":
                decision = data
            elif name in ("model.called", "tool.called"):
                result = data
            elif name == "budget.reserved":
                reserved = True
            elif name == "note" and data["kind"] == "sent":
                sent, result = True, None
            elif name == "note" and data["kind"] == "asked_again":
                asked_again = data
        return Recorded(decision, result, sent and result is None, reserved, asked_again)

    def add(self, type: str, data: Mapping) -> None:
        self.added.append((type, orjson.loads(orjson.dumps(data))))

    def found(self, data: Mapping) -> None:
        told = (data["call"], data["where"], data["action"])
        if told not in [(line["call"], line["where"], line["action"]) for line in self.of("privacy.found")]:
            self.add("privacy.found", data)

    async def commit(self, *, durable: bool = False) -> None:
        self._store()
        self.commits.append(durable)

    def keep(self, text: str) -> str:
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        self.store.parts[digest] = text
        return digest

    def kept(self, hash: str) -> str:
        return self.store.parts[hash]

    async def reserve(self, hold: Hold) -> Held:
        self._store()
        for limit in hold.limits:
            others = sum(
                other.amount
                for other in self.store.held.values()
                if other.call != hold.call and limit.key in {own.key for own in other.limits}
            )
            if self.store.spent[limit.key] + others + hold.amount > limit.limit:
                spent = self.store.spent[limit.key]
                return Held((Short(limit.key, limit.limit, spent, others),))
        self.store.held[hold.call] = hold
        return Held()

    async def paused(self, look: Callable[[], Pause | None]) -> None:
        while await asyncio.to_thread(look) is not None:
            await asyncio.sleep(0.01)

    async def settled(self, call: str) -> None:
        self._store()

    def settle(self, settlement: Settlement) -> None:
        self.store.settled.append(settlement)
        hold = self.store.held.pop(settlement.call, None)
        for limit in hold.limits if hold else ():
            self.store.spent[limit.key] += settlement.cost or 0

    async def decided(self, request: ApprovalRequest) -> Decided:
        for index, known in enumerate(self.store.asked):
            if (known.kind, known.call) == (request.kind, request.call):
                return self._answer(index)
        self.store.asked.append(request)
        self._store()
        return self._answer(len(self.store.asked) - 1)

    def delta(self, text: str) -> None:
        self.deltas.append(text)

    def _answer(self, index: int) -> Decided:
        decision, payload = self.store.answers[index]
        return Decided(decision, payload, ("rita",), "", clock.now())

    def _store(self) -> None:
        self.store.lines += self.added
        self.added = []
