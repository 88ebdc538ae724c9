"""Owns what must be true of every run, whatever happened to it: checked on its journal and its projections."""

import json
import re
from collections import Counter
from dataclasses import fields

from django.db.models import Sum

from governance import ids, money
from governance.models import Account, Approval, Reservation, Spend
from runs.engine.memory import REPORTS, Memory
from runs.engine.rows import StepRow
from runs.models import FINISHED, Event, Run, Step
from tests import recomputed

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
CALLED = ("model.called", "tool.called", "agent.handoff")
# What a cut off step may still say after its own end: how its calls ended, and what became of their money.
EPILOGUE = (*CALLED, "budget.settled", "budget.exceeded")


def check_run(run: Run) -> None:
    events = [Line(event) for event in Event.objects.filter(run_id=run.id).order_by("seq")]
    check_numbers(run, events)
    check_end(run, events)
    check_steps_once(events)
    check_decisions(events)
    check_money(run, events)
    check_rows(run, events)
    check_state(events)
    check_nothing_is_left(run, events)


class Line:
    """An event as one sees it."""

    def __init__(self, event: Event):
        self.seq, self.at, self.type, self.attempt = event.seq, event.at, event.type, event.attempt
        self.node, self.iteration, self.item = event.node, event.iteration, event.item
        self.data = json.loads(event.data)

    @property
    def key(self) -> tuple:
        return self.node, self.iteration, self.item

    def __repr__(self) -> str:
        place = "" if self.node is None else f" {self.node}.{self.iteration}.{self.item}"
        return f"{self.seq} {self.type}{place} {json.dumps(self.data)[:160]}"


def check_numbers(run: Run, events: list[Line]) -> None:
    assert [line.seq for line in events] == list(range(1, len(events) + 1)), "seq has a gap"
    assert run.seq == len(events), f"the row says seq {run.seq}, the journal {len(events)}"
    assert [line.at for line in events] == sorted(line.at for line in events), "time goes backwards"


def check_end(run: Run, events: list[Line]) -> None:
    ends = [line for line in events if line.type == "run.finished"]
    assert len(ends) == 1, f"{len(ends)} run.finished"
    assert events[-1] is ends[0], f"after run.finished: {events[ends[0].seq :]}"
    data = ends[0].data
    assert run.status == data["status"]
    assert run.status in FINISHED
    assert (json.loads(run.output) if run.output else None) == data.get("output")
    assert (json.loads(run.error) if run.error else None) == data.get("error")
    starts = [line.type for line in events if line.type in ("run.created", "run.started")]
    assert starts in (["run.created", "run.started"], ["run.created"]), starts
    fatal = [
        line
        for line in events
        if line.type == "step.finished" and line.data["status"] == "failed" and line.item is None
        if not line.data["ports"]
    ]
    assert not fatal or run.status != "succeeded", f"went on after {fatal[0]}"
    waiting = False
    for line in events:
        if line.type == "run.waiting":
            waiting = True
        elif line.type == "run.resumed":
            assert waiting, f"resumed without waiting: {line}"
            waiting = False


def check_steps_once(events: list[Line]) -> None:
    ended: dict[tuple, Line] = {}
    started: set[tuple] = set()
    for line in events:
        if line.node is None:
            continue
        if line.key in ended:
            cut_off = ended[line.key].data.get("status") == "cancelled"
            assert cut_off and line.type in EPILOGUE, f"{line} after {ended[line.key]}"
        if line.type == "step.started":
            assert line.key not in started, f"started twice: {line}"
            started.add(line.key)
        elif line.type in ("step.finished", "step.skipped"):
            shortfall = line.data.get("error", {}).get("code") == "quorum_not_reached"
            assert line.type == "step.skipped" or shortfall or line.key in started, f"never started: {line}"
            ended[line.key] = line
        elif line.key not in ended:
            assert line.key in started, f"before its start: {line}"
        if line.type == "step.finished" and line.item is None:
            left = [key for key in started if key[:2] == line.key[:2] and key not in ended]
            assert not left, f"{line} leaves {left} open"
    if events[-1].type == "run.finished":
        assert started <= set(ended), f"never ended: {started - set(ended)}"


def check_state(events: list[Line]) -> None:
    """A step sees the notes of those that had finished when it started, whatever happened while it worked."""
    notes, saw = 0, {}
    for line in events:
        if line.type == "step.started":
            saw[line.key] = notes
        writes = line.data.get("writes", {}) if line.type == "step.finished" else {}
        notes += "notes" in writes
        if "saw" in writes:
            assert writes["saw"] == {"by": line.node, "n": saw[line.key]}, f"{line} saw {saw[line.key]}"


def check_decisions(events: list[Line]) -> None:
    decided = Counter()
    for line in events:
        if line.type == "policy.decided":
            decided[line.data["call"]] += 1
            assert decided[line.data["call"]] == 1, f"decided twice: {line}"
        elif line.type in CALLED:
            assert decided[line.data["call"]] == 1, f"no decision before {line}"
    held = Counter(line.data["call"] for line in events if line.type == "budget.reserved")
    assert all(times == 1 for times in held.values()), f"held twice: {held}"
    asked = Counter(
        (*line.key, line.data["kind"], line.data["call"])
        for line in events
        if line.type == "approval.requested"
    )
    answered = Counter(
        (*line.key, line.data["kind"], line.data["call"])
        for line in events
        if line.type == "approval.decided"
    )
    assert all(count == 1 for count in (asked | answered).values()), (asked, answered)
    assert set(answered) <= set(asked)
    check_reports(events)


def check_reports(events: list[Line]) -> None:
    """What an agent says to people is on record once, whatever repeats it."""
    notes = [line for line in events if line.type == "note" and line.data["kind"] in REPORTS]
    strayed = [line for line in events if line.type == "choice.made" and line.data["kind"] == "out_of_scope"]
    said = Counter((*line.key, line.data["call"]) for line in [*notes, *strayed])
    assert all(times == 1 for times in said.values()), f"reported twice: {said}"


def cost_of(events: list[Line]) -> int:
    return sum(money.nano(line.data.get("cost_usd") or 0) for line in events if line.type in CALLED)


def check_money(run: Run, events: list[Line]) -> None:
    children = Run.objects.filter(parent_id=run.id)
    told = {
        ids.decode(line.data["run"])
        for line in events
        if line.type == "note" and line.data["kind"] == "child"
    }
    # What was stopped with this run, or with a step of it, has no line here: its cost was added to the row.
    below = sum(child.cost for child in children if child.id in told or run.finished_at)
    assert run.cost == cost_of(events) + below, (
        f"the row costs {run.cost}, the lines {cost_of(events)} + {below}"
    )
    assert not Reservation.objects.filter(run_id=run.id).exists(), "money is still held"
    account = Account.objects.filter(key=f"run:{run.id}").first()
    if account is not None:
        assert account.reserved == 0
        assert account.spent == all_cost(run)
        assert account.spent <= account.limit


def all_cost(run: Run) -> int:
    """Of the run and of all below it, by their own lines."""
    below = sum(all_cost(child) for child in Run.objects.filter(parent_id=run.id))
    return below + cost_of([Line(event) for event in Event.objects.filter(run_id=run.id)])


def check_spend(project_id: int) -> None:
    """The books agree with the journals."""
    booked = Spend.objects.filter(project_id=project_id).aggregate(sum=Sum("cost"))["sum"] or 0
    lines = [Line(event) for event in Event.objects.filter(run__project_id=project_id, type__in=CALLED)]
    assert booked == cost_of(lines), f"booked {booked}, in the journals {cost_of(lines)}"


def check_rows(run: Run, events: list[Line]) -> None:
    """What the journal says is what the rows say."""
    memory = Memory(run.id)
    skipped = set()
    for line in events:
        memory.apply(
            line.seq, line.at, line.type, line.node, line.iteration, line.item, line.attempt, line.data
        )
        if line.type == "step.skipped":
            skipped.add(line.key)
    rows = {
        (row.node, row.iteration, None if row.item < 0 else row.item): row
        for row in Step.objects.filter(run_id=run.id)
    }
    assert set(rows) == set(memory.steps) | skipped
    names = [each.name for each in fields(StepRow) if each.name not in ("run_id", "item", "agent")]
    for key, row in rows.items():
        if key in skipped:
            assert row.status == "skipped"
            continue
        told = memory.steps[key].row
        found, wanted = ({name: getattr(one, name) for name in names} for one in (row, told))
        assert found == wanted, f"{key}: the row is {found}, the journal says {wanted}"


def check_crashed(world) -> None:
    """What is stored agrees with itself at every moment, also when nobody tidies up."""
    for run in Run.objects.filter(root_id=world.root.id):
        events = [Line(event) for event in Event.objects.filter(run_id=run.id).order_by("seq")]
        check_numbers(run, events)
        memory = Memory(run.id)
        for line in events:
            memory.apply(
                line.seq, line.at, line.type, line.node, line.iteration, line.item, line.attempt, line.data
            )
        ended = {line.key for line in events if line.type == "step.finished"}
        for row in Step.objects.filter(run_id=run.id).exclude(status="skipped"):
            key = row.node, row.iteration, None if row.item < 0 else row.item
            told = memory.steps[key].row
            names = ["started_seq", "finished_seq", "attempts", "port"] + (["status"] if key in ended else [])
            found, wanted = ({name: getattr(one, name) for name in names} for one in (row, told))
            assert found == wanted, f"{key} after a crash: the row is {found}, the journal says {wanted}"
            assert key in ended or row.status in ("running", "waiting")


def check_nothing_is_left(run: Run, events: list[Line]) -> None:
    assert run.owner is None and run.ready_at is None, f"owner {run.owner}, ready at {run.ready_at}"
    assert run.waiting == "[]"
    pending = Approval.objects.filter(run_id=run.id, status="pending")
    assert not pending.exists(), f"still asked: {list(pending.values('node', 'kind', 'call'))}"
    asked = {ids.decode(line.data["id"]) for line in events if line.type == "approval.requested"}
    assert asked == set(Approval.objects.filter(run_id=run.id).values_list("id", flat=True))


def check_effects(world) -> None:
    """What cannot be repeated was done once, unless a person said: repeat."""
    times = Counter(effect.key for effect in world.effects if not effect.repeatable)
    for key, count in times.items():
        assert count == 1 or key in world.repeats, f"{key} was done {count} times"


def check_hosts(world) -> None:
    """Nobody holds anything of a finished run."""
    for process in world.processes:
        if process.alive and process.loop.paused_until <= world.clock.seconds:
            assert not process.engine.drivers, f"{process.name} still hosts {list(process.engine.drivers)}"
            assert not process.engine._tasks, f"{process.name} still has {process.engine._tasks}"


def result_of(run: Run) -> dict:
    """What must not depend on what went wrong meanwhile."""
    error = json.loads(run.error) if run.error else None
    return {
        "status": run.status,
        "output": TIME.sub("a time", run.output or ""),
        "error": error and (error["code"], error["node"]),
        "steps": Counter(
            (row.node, row.iteration, row.item, row.status, row.port)
            for row in Step.objects.filter(run_id=run.id)
        ),
    }


def check_world(world) -> None:
    runs = list(Run.objects.filter(root_id=world.root.id))
    assert all(run.status in FINISHED for run in runs), [run.status for run in runs]
    for run in runs:
        check_run(run)
    recomputed.check(run__in=runs)
    check_effects(world)
    check_hosts(world)
