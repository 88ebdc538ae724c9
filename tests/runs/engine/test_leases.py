"""What becomes of a run's lease, and of what its driver held, when nobody or somebody slow has it."""

import threading
import time

import pytest
from django.db import connection, transaction

from governance import clock, documents, ledger, people
from governance.models import Reservation
from governance.port import Limit
from runs.engine import claims, hosting
from runs.engine.host import Engine
from runs.engine.loader import Loader
from runs.launch import launch
from runs.models import Event, Run
from tests.runs.engine.test_birth import FLOW

pytestmark = pytest.mark.both_databases
LIMITS = (Limit("agent:demo/writer:day:2026-01-31", 100),)


@pytest.fixture
def run(transactional_db) -> Run:
    ada = people.create_user("ada", None)
    project = people.create_project("demo", "Demo", ada)
    documents.create_and_publish(project, "flows", "plain", FLOW, ada)
    return launch(project, "plain", {"n": 1}, user=ada)[0]


@pytest.fixture
def engine(transactional_db):
    """`engine(…)` starts one."""
    started = []

    def start(loader: Loader | None = None, **options) -> Engine:
        engine = Engine(hosting.make_store, **options)
        engine.loader = loader or engine.loader
        engine.start()
        started.append(engine)
        return engine

    yield start
    for engine in started:
        engine.stop()


def until(holds, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def reserved(run_id: int, *calls: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        holds = [ledger.Reserve(run_id, call, 60, LIMITS) for call in calls]
        ledger.run_sync(cursor, ledger.apply(connection.vendor, holds), connection.vendor)


class SlowLoader(Loader):
    """A database that takes its time with a run."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    def load(self, claimed):
        self.go_on.wait(20)
        return super().load(claimed)


def test_a_lease_is_renewed_while_the_claimed_run_is_still_being_read(run, engine):
    loader = SlowLoader()
    engine(loader).ring(run.id)
    until(lambda: Run.objects.get(id=run.id).owner is not None)
    first = Run.objects.get(id=run.id).lease_until
    until(lambda: Run.objects.get(id=run.id).lease_until > first)
    loader.go_on.set()
    until(lambda: Run.objects.get(id=run.id).status == "succeeded")
    assert Run.objects.get(id=run.id).epoch == 1


def test_what_a_lost_driver_held_is_unknown_and_it_stands_in_no_line(run, engine):
    gone = {"owner": "gone", "epoch": 1, "lease_until": clock.now() - 1}
    Run.objects.filter(id=run.id).update(**gone)
    reserved(run.id, "a.1/a1", "b.1/a1")
    engine(most_hosted=0)
    until(lambda: Run.objects.get(id=run.id).owner is None)
    assert list(Reservation.objects.values_list("call", "state")) == [("a.1/a1", "unknown")]


def test_at_the_start_nobody_stands_in_a_line_any_more(run, engine):
    reserved(run.id, "a.1/a1", "b.1/a1")
    engine(sole=True, most_hosted=0)
    assert list(Reservation.objects.values_list("call", "state")) == [("a.1/a1", "unknown")]


def test_a_run_that_cannot_be_read_tells_the_run_above(run):
    child = Run.objects.create(
        project=run.project,
        flow="plain",
        version=1,
        trace_id=run.trace_id,
        root_id=run.id,
        parent_id=run.id,
        parent_node="below",
        created_at=1,
        seq=2,
        epoch=4,
    )
    Run.objects.filter(id=run.id).update(ready_at=None, status="waiting")
    with transaction.atomic(), connection.cursor() as cursor:
        ended = claims.fail_unread(child.id, 4)(connection.vendor)
        assert ledger.run_sync(cursor, ended, connection.vendor) == []
    run.refresh_from_db()
    assert (run.bell, run.ready_at is not None) == (1, True)
    assert Event.objects.get(run_id=child.id, seq=3).type == "run.finished"


def test_a_claim_leaves_the_run_where_the_sweep_finds_it(run):
    """However its driver came to it, and wherever it is lost."""
    Run.objects.filter(id=run.id).update(ready_at=None)
    with transaction.atomic(), connection.cursor() as cursor:
        ledger.run_sync(cursor, claims.claim([run.id], "me")(connection.vendor), connection.vendor)
    assert Run.objects.get(id=run.id).ready_at <= clock.now()
