"""The engine under crashes, zombies, full disks and too many doorbells, in a world with one clock.

Every flow is played undisturbed first; then again for points around commits and tool calls with something going
wrong there, and for seeded mixtures. What must be true each time is in `invariants`.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection

from governance import clock, documents, freshness
from governance.models import Membership, Project, User
from registry import lookups, model_attempt, offloop
from registry.tools import TOOLS
from runs.engine.rows import loads
from runs.models import Event, Run
from tests.environment import scaled
from tests.runs.engine import accidents
from tests.runs.engine.flows import FLOWS
from tests.runs.engine.invariants import check_crashed, check_spend, check_world, result_of
from tests.runs.engine.scripted_library import LIBRARY
from tests.runs.engine.simulation import SimulatedTool, World
from tests.runs.engine.virtual_time import Inline

NAMES = [document["slug"] for document in FLOWS]
# Who comes first is decided by time here, and time is what a crash takes.
RACING = {"early", "rounds", "failing", "limited", "counted", "people", "storm", "bounded", "given-up"}
FAULTS = {act.__name__: act for act in accidents.FAULTS}

Play = Callable[..., World]


@dataclass
class Stage:
    """The project in which everything plays, and its people."""

    project: Project
    ada: User
    rita: User
    plays: int = 0
    calm: dict = field(default_factory=dict)  # the undisturbed world by flow


@pytest.fixture(scope="module")
def stage(tmp_path_factory, django_db_blocker) -> Iterator[Stage]:
    """A database of its own, published to once for all scenarios: each plays on a run of its own."""
    settings, patch = connection.settings_dict, pytest.MonkeyPatch()
    with django_db_blocker.unblock():
        connection.close()
        patch.setitem(settings, "NAME", str(tmp_path_factory.mktemp("simulation") / "runs.sqlite3"))
        patch.setitem(settings, "CONN_MAX_AGE", None)
        call_command("migrate", verbosity=0)
        gc.disable()  # dead processes leave half-run coroutines behind, which are no good to meet anywhere
        people = [User.objects.create(username=name) for name in ("ada", "rita")]
        project = Project.objects.create(slug="alpha", name="Alpha")
        for user, role in zip(people, ("admin", "reviewer"), strict=True):
            Membership.objects.create(project=project, user=user, roles=[role])
        order = sorted(FLOWS, key=lambda document: document["slug"] != "child")
        for document in (*LIBRARY, *order):
            documents.create_and_publish(project, document["kind"], document["slug"], document, people[0])
        yield Stage(project, *people)
        connection.close()
        patch.undo()
        gc.collect()
        gc.enable()


@pytest.fixture
def play(stage: Stage, django_db_blocker, monkeypatch) -> Iterator[Play]:
    """`play(flow, faults={point: act})` plays one scenario to its end, checks it, and returns its world."""
    monkeypatch.setitem(TOOLS, "http", SimulatedTool())
    monkeypatch.setattr(offloop, "_pool", Inline())
    monkeypatch.setattr(freshness, "_pool", Inline())

    def play_one(flow: str, **options) -> World:
        world = World(stage.project, stage.ada, stage.rita, on_crash=check_crashed, **options)
        monkeypatch.setattr(clock, "now", world.clock.now)
        monkeypatch.setattr(model_attempt.BREAKERS, "_clock", lambda: world.clock.seconds)
        model_attempt.BREAKERS._breakers.clear()
        lookups.forget()
        try:
            world.run = world.play(flow)
            check_world(world)
            world.result = result_of(world.run)
        except AssertionError as error:
            error.add_note(story(world, flow, options))
            raise
        finally:
            world.close()
            stage.plays += 1
            if stage.plays % 100 == 0:
                gc.collect()
        return world

    with django_db_blocker.unblock():
        yield play_one
        check_spend(stage.project.pk)


def story(world: World, flow: str, options: dict) -> str:
    """What happened, for whoever reads the failure."""
    lines = [f"flow {flow}, {options}", *world.trace[-60:]]
    for run in Run.objects.filter(root_id=world.root.id).order_by("id"):
        lines.append(
            f"run {run.id} {run.flow} {run.status} owner={run.owner} epoch={run.epoch} waiting={run.waiting}"
        )
        for event in Event.objects.filter(run_id=run.id).order_by("seq"):
            told = {
                name: value for name, value in loads(event.data).items() if name not in ("prompt", "pins")
            }
            place = f"{event.type} {event.node}.{event.iteration}.{event.item}"
            lines.append(f"  {event.seq} {event.at % 10**9 / 1e6:.3f} {place} {str(told)[:200]}")
    return "\n".join(lines)


@pytest.fixture
def calm(play: Play, stage: Stage) -> Callable[[str], World]:
    """`calm(flow)` is the undisturbed world of a flow."""
    return lambda flow: stage.calm.get(flow) or stage.calm.setdefault(flow, play(flow, sole=True, seed=1))


@pytest.mark.parametrize("flow", NAMES)
@pytest.mark.parametrize("sole", [True, False], ids=["embedded", "scaled-out"])
def test_an_undisturbed_run_keeps_every_promise(play: Play, flow: str, sole: bool):
    for seed in range(scaled(1, 50)):
        play(flow, sole=sole, engines=1 if sole else 2, seed=seed)


@pytest.mark.parametrize("flow", ["people", "meeting", "teamed"])
def test_a_run_that_waits_for_people_holds_no_worker(play: Play, flow: str):
    world = play(flow, sole=True, person_delay_s=(1.5,))
    assert world.parked >= 1


@pytest.mark.parametrize("fault", ["crash", "call"])
def test_no_accident_breaks_a_promise_wherever_it_happens(play: Play, calm, fault: str):
    for point in range(calm("line").points):
        world = play("line", sole=True, seed=1, faults={point: FAULTS[fault]})
        assert world.result == calm("line").result, story(world, "line", {"point": point})


def test_a_run_that_failed_stays_failed_wherever_it_breaks_off(play: Play, calm):
    """Between the failure of a step and the run's last line there may be other steps to stop, and a crash."""
    for point in range(calm("failing").points):
        world = play("failing", sole=True, seed=1, faults={point: accidents.crash})
        assert world.result["error"] == ("provider_error", "refused"), story(
            world, "failing", {"point": point}
        )


@pytest.mark.parametrize("flow", NAMES)
def test_no_single_accident_breaks_a_promise(play: Play, calm, flow: str):
    possible = [(act, point) for act in accidents.FAULTS for point in range(calm(flow).points)]
    for act, point in sample(possible, scaled(4, len(possible)), flow):
        sole = act not in (accidents.pause, accidents.refuse)
        world = play(flow, sole=sole, seed=1, faults={point: act})
        if flow not in RACING:
            assert world.result == calm(flow).result, story(world, flow, {"point": point})


@pytest.mark.parametrize("flow", NAMES)
def test_a_cancelled_run_ends_within_a_second_wherever_it_is(play: Play, calm, flow: str):
    for point in sample(range(calm(flow).points), scaled(2, 1000), flow):
        world = play(flow, sole=True, seed=1, faults={point: accidents.cancel})
        if world.cancelled_at is None:
            assert world.result == calm(flow).result
        else:
            # Who was just about to end may still do so.
            assert world.result["status"] in ("cancelled", calm(flow).result["status"])
            assert world.run.finished_at - world.cancelled_at < 1_000_000


@pytest.mark.parametrize("flow", NAMES)
def test_no_series_of_accidents_breaks_a_promise(play: Play, calm, flow: str):
    for seed in range(scaled(2, 500)):
        random = Random(f"{flow} {seed}")
        points = random.sample(range(calm(flow).points * 2), random.randint(2, 6))
        faults = {point: random.choice(accidents.FAULTS) for point in points}
        sole = not any(act in (accidents.pause, accidents.refuse) for act in faults.values())
        engines = 1 if sole else random.choice((1, 2, 3))
        world = play(flow, sole=sole, engines=engines, seed=seed, faults=faults)
        if flow not in RACING:
            assert world.result == calm(flow).result, story(world, flow, {"seed": seed})


def sample(points: Sequence, most: int, seed: str) -> list:
    """At most so many of the points, always the same."""
    return Random(seed).sample(points, min(len(points), most))
