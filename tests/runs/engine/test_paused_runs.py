"""Runs that wait for a budget, in the world with one clock: a new day, a raised limit, and accidents meanwhile."""

import gc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection

from governance import clock, documents, freshness
from governance.models import Account, Document, Membership, Project, Reservation, User
from registry import lookups, model_attempt, offloop
from runs.engine.pauses import PAUSED, WAITS_FOR_MONEY, Watch
from runs.engine.rows import loads
from runs.models import Event, Run
from runs.views.approvals.rows import budget_waits
from runs.views.budgets.waiting import by_budget
from tests.environment import scaled
from tests.runs.engine import accidents
from tests.runs.engine.simulation import World
from tests.runs.engine.virtual_time import Inline

DAY_S = 86_400
BEFORE_MIDNIGHT_S = 30
COST = 200_000  # nano-dollars of a call: 100 tokens out
DOLLARS_FOR_ONE = 0.0003  # one call fits, a second does not: its worst case is 250,000 nano-dollars
LIBRARY = [
    {
        "kind": "provider",
        "slug": "bank",
        "type": "scripted",
        "prices": {"m": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 2}},
        "script": [{"say": "Said.", "after_s": 0.2, "tokens": {"input": 0, "output": 100}}],
    },
    {
        "kind": "provider",
        "slug": "clinic",
        "type": "scripted",
        "prices": {"m": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 0}},
        "script": [{"say": "Awake.", "after_s": 20}],
    },
    {"kind": "agent", "slug": "sleeper", "model": "clinic/m"},
    {
        "kind": "flow",
        "slug": "sleeping",
        "name": "sleeping",
        "nodes": [
            {"id": "start", "type": "start"},
            {"id": "sleep", "type": "agent", "config": {"agent": "sleeper", "text": "?"}},
            {"id": "done", "type": "end"},
        ],
        "edges": [{"from": "start", "to": "sleep"}, {"from": "sleep", "to": "done"}],
    },
    {"kind": "agent", "slug": "saver", "model": "bank/m", "params": {"max_tokens": 125}},
    {
        "kind": "flow",
        "slug": "saving",
        "name": "saving",
        "limits": {"timeout_s": 25},
        "nodes": [
            {"id": "start", "type": "start"},
            *(
                {"id": id, "type": "agent", "config": {"agent": "saver", "text": "?"}}
                for id in ("one", "two")
            ),
            {"id": "done", "type": "end"},
        ],
        "edges": [
            {"from": "start", "to": "one"},
            {"from": "one", "to": "two"},
            {"from": "two", "to": "done"},
        ],
    },
    {
        "kind": "flow",
        "slug": "parting",
        "name": "parting",
        "nodes": [
            {"id": "start", "type": "start"},
            *(
                {"id": id, "type": "agent", "config": {"agent": "saver", "text": "?"}}
                for id in ("one", "two")
            ),
            {"id": "below", "type": "subflow", "config": {"flow": "sleeping", "input": {}}},
            *({"id": id, "type": "end"} for id in ("done", "slept")),
        ],
        "edges": [
            {"from": "start", "to": "one"},
            {"from": "one", "to": "two"},
            {"from": "two", "to": "done"},
            {"from": "start", "to": "below"},
            {"from": "below", "to": "slept"},
        ],
    },
]


def budget(limit_usd: float) -> dict:
    return {
        "kind": "budget",
        "slug": "day",
        "subject": "flow",
        "limit_usd": limit_usd,
        "period": "day",
        "on_exceed": "pause",
    }


@pytest.fixture(scope="module")
def stage(tmp_path_factory, django_db_blocker) -> Iterator[tuple[Project, User, User]]:
    settings, patch = connection.settings_dict, pytest.MonkeyPatch()
    with django_db_blocker.unblock():
        connection.close()
        patch.setitem(settings, "NAME", str(tmp_path_factory.mktemp("pauses") / "runs.sqlite3"))
        patch.setitem(settings, "CONN_MAX_AGE", None)
        call_command("migrate", verbosity=0)
        gc.disable()
        ada, rita = (User.objects.create(username=name) for name in ("ada", "rita"))
        project = Project.objects.create(slug="alpha", name="Alpha")
        Membership.objects.create(project=project, user=ada, roles=["admin"])
        for document in LIBRARY:
            documents.create_and_publish(project, document["kind"], document["slug"], document, ada)
        yield project, ada, rita
        connection.close()
        patch.undo()
        gc.collect()
        gc.enable()


Play = Callable[..., World]


@pytest.fixture
def play(stage, django_db_blocker, monkeypatch) -> Iterator[Play]:
    """`play(flow, act=(seconds, work), …)` plays a flow on a day of its own, half a minute before midnight."""
    project, ada, rita = stage
    monkeypatch.setattr(offloop, "_pool", Inline())
    monkeypatch.setattr(freshness, "_pool", Inline())

    def play_one(
        flow: str = "saving", act: tuple[float, Callable[[World], None]] | None = None, **options
    ) -> World:
        world = World(project, ada, rita, **options)
        days = 2 * Run.objects.count()
        midnight = world.clock.seconds - world.clock.seconds % DAY_S + (days + 1) * DAY_S
        world.clock.seconds = midnight - BEFORE_MIDNIGHT_S
        monkeypatch.setattr(clock, "now", world.clock.now)
        monkeypatch.setattr(model_attempt.BREAKERS, "_clock", lambda: world.clock.seconds)
        lookups.forget()
        publish(world, DOLLARS_FOR_ONE)
        if act is not None:
            world.agenda.after(act[0], partial(act[1], world))
        try:
            world.run = world.play(flow)
        finally:
            world.close()
        world.midnight = int(midnight * 1_000_000)
        check(world)
        return world

    with django_db_blocker.unblock():
        yield play_one


def publish(world: World, limit_usd: float) -> None:
    documents.create_and_publish(world.project, "budget", "day", budget(limit_usd), world.ada)


def archive(world: World) -> None:
    documents.archive(Document.objects.get(project=world.project, kind="budget"), world.ada)


def watch(world: World) -> None:
    """While it waits it belongs to nobody."""
    world.check_parked(world.root.id)


def check(world: World) -> None:
    """What holds whatever happened: no line of the pause twice, every call paid once, nothing held any more."""
    lines = list(Event.objects.filter(run_id=world.run.id).order_by("seq"))
    types = [line.type for line in lines]
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert types.count("budget.exceeded") <= 1 and types.count("step.waiting") <= 1
    assert not Reservation.objects.filter(run_id=world.run.id).exists()
    assert all(row.reserved == row.waiting == 0 for row in Account.objects.all())
    assert all(row.spent <= row.limit for row in Account.objects.all())
    if world.run.status == "succeeded":
        answered = [line for line in lines if line.type == "model.called" and '"status":"ok"' in line.data]
        assert (len(answered), world.run.cost) == (2, 2 * COST)


def account(of: int) -> Account:
    """The budget's account of the day of a moment."""
    return Account.objects.get(key__endswith=f":{datetime.fromtimestamp(of // 1_000_000, UTC).date()}")


def test_a_paused_run_goes_on_in_the_new_period_within_five_seconds(play: Play):
    world = play(act=(20.0, watch), sole=True)
    assert world.parked == 1
    assert world.run.status == "succeeded", "half a minute of waiting did not count against its 25 seconds"
    assert 0 <= world.run.finished_at - world.midnight < 5_000_000
    assert (account(world.midnight - 1).spent, account(world.midnight).spent) == (COST, COST)
    waiting = Event.objects.get(run_id=world.run.id, type="step.waiting")
    assert f'"until":"{clock.show(world.midnight)}"' in waiting.data


@pytest.mark.parametrize("act", [partial(publish, limit_usd=1), archive], ids=["raised", "archived"])
def test_a_paused_run_hears_within_five_seconds_that_nothing_is_in_its_way(play: Play, act):
    world = play(act=(10.0, act), sole=True)
    went_on = world.run.finished_at - (world.midnight - (BEFORE_MIDNIGHT_S - 10) * 1_000_000)
    assert world.run.status == "succeeded" and 0 <= went_on < 5_000_000


@pytest.mark.parametrize("limit_usd", [0.00026, 0.00031], ids=["lowered", "too little"])
def test_a_limit_that_does_not_help_leaves_it_waiting_without_a_line(play: Play, limit_usd: float):
    world = play(act=(10.0, partial(publish, limit_usd=limit_usd)), sole=True)
    types = list(Event.objects.filter(run_id=world.run.id).values_list("type", flat=True))
    assert (types.count("run.waiting"), types.count("run.resumed")) == (1, 1)
    assert world.run.finished_at > world.midnight, "the new day has room again"


def test_no_accident_loses_a_paused_run_or_pays_twice(play: Play):
    points = play(act=(10.0, partial(publish, limit_usd=1)), sole=True, seed=1).points
    chosen = Random(7).sample(range(points), min(points, scaled(6, 1000)))
    for point in sorted(chosen):
        for fault in scaled((accidents.crash,), accidents.FAULTS):
            sole = fault not in (accidents.pause, accidents.refuse)  # another takes over from these
            world = play(act=(10.0, partial(publish, limit_usd=1)), sole=sole, seed=1, faults={point: fault})
            assert world.run.status == "succeeded", (point, fault.__name__)


def test_a_paused_run_can_be_cancelled(play: Play):
    world = play(act=(10.0, lambda world: accidents.cancel(world, world.processes[0])), sole=True)
    assert (world.run.status, world.run.cost) == ("cancelled", COST)
    assert world.run.finished_at - world.cancelled_at < 1_000_000


def test_a_paused_step_hears_it_while_a_run_below_works(play: Play):
    def raise_limit(world: World) -> None:
        run = Run.objects.get(id=world.root.id)
        assert (run.status, run.owner) == ("running", None), "it is parked, and works below"
        (shown,) = loads(run.waiting)
        assert (shown["kind"], shown["node"]) == ("budget", "two")
        assert [(one.run.id, one.node) for one in by_budget(world.project)["day"]] == [(run.id, "two")]
        assert [one.run.id for one in budget_waits(world.project, {})] == [run.id]
        publish(world, 1)

    world = play("parting", act=(10.0, raise_limit), sole=True)
    raised = world.midnight - (BEFORE_MIDNIGHT_S - 10) * 1_000_000
    second = Event.objects.filter(run_id=world.run.id, type="model.called").last()
    assert (second.node, world.run.status, world.run.waiting) == ("two", "succeeded", "[]")
    assert 0 <= second.at - raised < 5_000_000
    assert Run.objects.get(parent_id=world.run.id).finished_at > second.at
    assert by_budget(world.project) == {} and budget_waits(world.project, {}) == []


def test_a_keeper_rings_again_each_minute_for_an_activation_that_was_stored_late(stage, django_db_blocker):
    second, watch = 1_000_000, Watch()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        rang = [at for at in range(200) if watch.tick(cursor, at * second, "")]
        cursor.execute("EXPLAIN QUERY PLAN " + PAUSED.format(""), [0, WAITS_FOR_MONEY])
        plan = " ".join(row[-1] for row in cursor.fetchall())
    assert rang == [0, 1, 2, 3, 4, 64, 124, 184]
    assert "run_by_status" in plan and "SCAN runs_run" not in plan
