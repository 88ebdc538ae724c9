"""What the journal says of each step, folded so that a step can go on where it was: attempts, calls, decisions.

Pure: events in, memory out. A call is named `node.iteration[.item]/a3`: the letter is the candidate (the
node's own agent is `a`, its first fallback agent `b`), the number its place in the conversation, and a suffix `~2`
marks a repetition after a failure. A step repeats its calls in the same order, so that the name finds the record.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from governance import clock, ids
from governance.port import Recorded
from runs.engine.rows import StepRow

StepKey = tuple[str, int, int | None]
PARKING = ("run.waiting", "note")  # lines that say what the steps have used of their time
# The key of what is no step's: the run's launch and its release, decided and asked about (runs.engine.gates).
THE_RUN: StepKey = ("", 1, None)
REPORTS = ("status", "help", "escalate")  # notes of what an agent says to people (runs.engine.reporting)
ASKING = ("help", "escalate")  # those that wait for an answer
OF_THE_RUN = frozenset({"policy.decided", "privacy.found", "approval.requested", "approval.decided"})


@dataclass(slots=True)
class Call:
    """One try of one operation."""

    name: str
    decision: Mapping | None = None
    result: Mapping | None = None
    sent: bool = False
    reserved: bool = False
    asked_again: Mapping | None = None

    @property
    def ok(self) -> bool:
        return self.result is not None and self.result.get("status") == "ok"

    def recorded(self) -> Recorded:
        is_out = self.sent and self.result is None
        return Recorded(self.decision, self.result, is_out, self.reserved, self.asked_again)


@dataclass(slots=True)
class Item:
    """A person's item in the inbox, as far as the journal knows: `decided` is the line's data."""

    id: int
    call: str
    kind: str
    due_at: int | None = None
    fingerprint: str = ""
    decided: Mapping | None = None


@dataclass(slots=True)
class StepMemory:
    """One (node, iteration, item)."""

    row: StepRow
    started_at: int = 0
    attempt: int = 1
    tries: int = 1  # attempts since the last person said "retry"
    candidate: int = 0
    used: list[int] = field(default_factory=list)  # the candidates that stepped in since then, in order
    not_before: int = 0
    failures: list[Mapping] = field(default_factory=list)
    calls: dict[str, list[Call]] = field(default_factory=dict)  # by place: the tries in order
    items: dict[tuple[str, str], Item] = field(default_factory=dict)  # by (kind, call)
    started: Mapping | None = None
    finished: Mapping | None = None
    escalated: Mapping = field(default_factory=dict)  # {code, message, partial?}: what a person was told
    told: set[str] = field(default_factory=set)  # lines that a step writes once, whatever repeats it
    item: Any = None
    chain: Any = None  # the handoffs that lead to a turn (flows.chain.Chain)
    used_us: int = 0  # of its time-out by the attempt under way, when the run was parked last

    def has_lost_call(self) -> bool:
        """Whether a call that cannot be repeated went out, no answer came, and no person has been asked."""
        asked = {call for kind, call in self.items if kind == "uncertain"}
        all_tries = [tried for tries in self.calls.values() for tried in tries]
        answered = {tried.name for tried in all_tries if tried.result is not None}
        # A second sending, `2!CALL`, has its answer under the call's own name.
        return any(
            tried.sent and tried.name not in asked and tried.name.rpartition("!")[2] not in answered
            for tried in all_tries
        )

    def retried(self) -> int:
        """How often a person said that the step is to be tried again. What an agent escalates itself is named by its
        call: to that "retry" says that it is to go on."""
        own = (item for item in self.items.values() if item.kind == "escalation" and "/" not in item.call)
        settled = (item.decided for item in own)
        return sum(decided is not None and decided["decision"] == "retry" for decided in settled)

    def call(self, name: str) -> Call:
        """The record of a call by its full name, made where it is new."""
        tries = self.calls.setdefault(name.split("~")[0], [])
        for known in tries:
            if known.name == name:
                return known
        tries.append(Call(name))
        return tries[-1]


class Memory:
    """All steps of a run, and when it was active."""

    def __init__(self, run_id: int):
        self.run_id = run_id
        self.steps: dict[StepKey, StepMemory] = {}
        self.whole = StepMemory(
            StepRow(run_id, *THE_RUN[:2])
        )  # what was decided and asked about the run itself
        self.step_starts = 0
        self.asked = (
            0  # by agents of people, in the whole run: a number that only grows, also when it is read again
        )
        # The items of a node's iteration that are turns, by the name under which they are found again.
        self.turns: dict[tuple[str, int], dict[str, int]] = {}
        self.counted: set[str] = set()  # runs below whose cost is in this one's
        self.active_us = 0
        self.works_below = False  # the last line says that the run was parked while runs below it work
        self._active_since: int | None = None
        self._last_at = 0

    def step(self, key: StepKey) -> StepMemory:
        known = self.steps.get(key)
        if known is None and key == THE_RUN:
            return self.whole
        if known is None:
            node, iteration, item = key
            row = StepRow(self.run_id, node, iteration, -1 if item is None else item)
            known = self.steps[key] = StepMemory(row)
        return known

    def forget(self, key: StepKey) -> None:
        """A settled step is never asked again: what it remembers may go."""
        self.steps.pop(key, None)

    def fold(
        self, events: Iterable[tuple[int, int, str, str | None, int | None, int | None, int | None, Any]]
    ) -> None:
        """Events as (seq, at, type, node, iteration, item, attempt, data), in order."""
        for event in events:
            self.apply(*event)

    def apply(
        self,
        seq: int,
        at: int,
        type: str,
        node: str | None,
        iteration: int | None,
        item: int | None,
        attempt: int | None,
        data: Mapping,
        step: StepMemory | None = None,
    ) -> None:
        """One line. `step` is that of its place, where the caller has it in hand."""
        self._count_time(type, at, data)
        for *key, used in data.get("used", ()) if type in PARKING else ():
            self.step(tuple(key)).used_us = used
        if type == "note" and data.get("kind") == "child":
            self.counted.add(data["run"])
        handler = HANDLERS.get(type)
        if handler is not None and node is not None:
            handler(self, step or self.step((node, iteration, item)), seq, at, data)
        elif node is None and type in OF_THE_RUN:
            handler(self, self.whole, seq, at, data)

    def _count_time(self, type: str, at: int, data: Mapping) -> None:
        if type in ("run.started", "run.resumed"):
            self._active_since = at
        elif type == "run.waiting" and self._active_since is not None:
            self.active_us += at - self._active_since
            self._active_since = None
        self._last_at = at
        self.works_below = type == "note" and data.get("kind") == "below"

    def parked_at(self) -> int | None:
        """When the run was parked while runs below it worked on, if that is the last that it did."""
        return self._last_at if self.works_below else None

    def active_so_far(self, now: int) -> int:
        """Microseconds that the run was not waiting. The time between a crash and the next claim does not count,
        that in which only the runs below worked does."""
        until = now if self.works_below else self._last_at
        running = until - self._active_since if self._active_since is not None else 0
        return self.active_us + max(running, 0)


def _started(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.started_at = step.row.started_at = at
    step.row.started_seq = seq
    step.row.attempts = 1
    step.started = data
    step.item = data.get("input")
    memory.step_starts += 1
    if "turn" in data:
        memory.turns.setdefault((step.row.node, step.row.iteration), {})[data["turn"]] = step.row.item


def _finished(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.finished = data
    step.row.finished_seq, step.row.finished_at = seq, at
    step.row.status, step.row.port = data["status"], data.get("port")


def _retrying(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.attempt += 1
    step.row.attempts = step.attempt
    step.tries = data.get("tries", step.tries + 1)
    step.candidate = data.get("candidate", step.candidate)
    if step.candidate == 0:
        step.used.clear()
    elif step.candidate not in step.used:
        step.used.append(step.candidate)
    step.used_us = 0
    step.not_before = at + round(data.get("after_s", 0) * 1_000_000)
    if data.get("error"):
        step.failures.append(data["error"])


def _waiting(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.row.status = "waiting"
    if data["kind"] == "timer":
        step.told.add("wait")
    elif data["kind"] == "budget":
        step.told.add(f"line {data['call']}")


def _chosen(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    if data["kind"] == "out_of_scope":
        step.told.add(report_of(data["call"]))
    elif data["kind"] != "fallback":
        step.told.add("choice")


def _found(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.told.add(told_of(data))


def plan_of(note: Mapping) -> str:
    """What a plan is known by: its round, and who plays the step."""
    return f"plan {note.get('conversation', 0)} {note['round']}"


def report_of(call: str) -> str:
    """What a report of an agent is known by (runs.engine.reporting)."""
    return f"report {call}"


def told_of(found: Mapping) -> str:
    """What a `privacy.found` line says, and no other: its call, place and action."""
    return f"found {found['call']} {found['where']} {found['action']}"


def _decided(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.call(data["call"]).decision = data


def _called(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.call(data["call"]).result = data
    _spent(step, data)


def _spent(step: StepMemory, data: Mapping) -> None:
    tokens = data.get("tokens") or {}
    step.row.input_tokens += tokens.get("input", 0)
    step.row.output_tokens += tokens.get("output", 0)
    step.row.cost += round((data.get("cost_usd") or 0) * 1_000_000_000)


def _exceeded(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.told.add(f"exceeded {data['call']}")


def _reserved(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.call(data["call"]).reserved = True


def _note(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    if data.get("kind") == "sent":
        call = step.call(data["call"])
        call.sent, call.result = True, None
    elif data.get("kind") == "asked_again":
        step.call(data["call"]).asked_again = data
    elif data.get("kind") == "plan":
        step.told.add(plan_of(data))
    elif data.get("kind") in REPORTS:
        memory.asked += data["kind"] in ASKING
        step.told.add(report_of(data["call"]))
    elif data.get("kind") == "escalated":
        step.escalated = {name: data[name] for name in ("partial",) if name in data} | data["error"]
    elif data.get("kind") == "child":
        _spent(step, data)


def _requested(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    number = ids.decode(data["id"]) or 0
    due = clock.parse(data["due_at"]) if data.get("due_at") else None
    step.items[(data["kind"], data["call"])] = Item(
        number, data["call"], data["kind"], due, data.get("fingerprint", "")
    )


def _answered(memory: Memory, step: StepMemory, seq: int, at: int, data: Mapping) -> None:
    step.items[(data["kind"], data["call"])].decided = data


HANDLERS = {
    "step.started": _started,
    "step.finished": _finished,
    "step.retrying": _retrying,
    "step.waiting": _waiting,
    "choice.made": _chosen,
    "policy.decided": _decided,
    "privacy.found": _found,
    "model.called": _called,
    "tool.called": _called,
    "agent.handoff": _called,
    "budget.reserved": _reserved,
    "budget.exceeded": _exceeded,
    "note": _note,
    "approval.requested": _requested,
    "approval.decided": _answered,
}
