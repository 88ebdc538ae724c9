"""Several processes end, ring and decide at once: on PostgreSQL too none of them locks another out."""

import asyncio
import threading

import pytest
from django.db import connection, connections, transaction

from governance import approvals, clock, ids, inbox, people
from governance.models import Approval, Project, User
from runs.engine import hosting
from runs.engine.children import cancel_below, pay_late
from runs.engine.claims import claim
from runs.engine.ending import ring
from runs.engine.journal import Journal
from runs.engine.loader import record
from runs.engine.rows import RunRow
from runs.engine.store import SqliteStore
from runs.engine.writer import Writer
from runs.models import Run

pytestmark = pytest.mark.both_databases
CHILDREN = 12
ROUNDS = 3


@pytest.fixture
def project(transactional_db) -> Project:
    return people.create_project("demo", "Demo", people.create_user("ada", None))


def made(project: Project) -> tuple[Run, list[Run]]:
    """A family, made in a thread that leaves no connection behind."""
    try:
        return family(project)
    finally:
        connections.close_all()


def family(project: Project) -> tuple[Run, list[Run]]:
    fields = {"project": project, "flow": "f", "version": 1, "trace_id": "t", "root_id": 1, "created_at": 1}
    above = Run.objects.create(**fields)
    below = [
        Run.objects.create(**fields, parent_id=above.id, parent_node="n", parent_item=item)
        for item in range(CHILDREN)
    ]
    return above, below


async def journals(writer: Writer, runs: list[Run], owner: str) -> list[Journal]:
    epochs = dict(await writer.submit(claim([run.id for run in runs], owner)))
    return [Journal(writer, RunRow(run.id), epochs[run.id]) for run in runs]


def pause(vendor: str):
    """Long enough for the other process to have written what it writes first."""
    yield ("SELECT pg_sleep(0.1)" if vendor == "postgresql" else "SELECT 1"), ()


async def test_a_run_and_the_runs_below_it_end_at_the_same_moment(project):
    stores = [hosting.make_store(), hosting.make_store()]
    one, two = (Writer(store) for store in stores)
    for _ in range(ROUNDS):
        above, below = await asyncio.to_thread(made, project)
        (parent,) = await journals(one, [above], "one")
        children = await journals(two, below, "two")
        parent.line("run.finished", {})
        parent.operation(pause)
        children[0].operation(pause)
        parent.operation(cancel_below(above.id, "the run above", None))
        for run, journal in zip(below, children, strict=True):
            told = record(run, [(1, {"input": None})])
            journal.line("run.finished", {})
            journal.operation(ring(above.id))
            journal.operation(pay_late(told, journal.run))
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(journal.stored() for journal in (parent, *children)))
        assert asyncio.get_running_loop().time() - began < 0.95, (
            "one waited for the other's deadlock to be found"
        )
    for store in stores:
        closing = store.close()
        if not isinstance(store, SqliteStore):
            await closing


def asked(project: Project) -> Approval:
    run, number = family(project)[0], ids.new_id()
    return Approval.objects.create(
        id=number,
        project=project,
        kind="approval",
        run_id=run.id,
        node="n",
        title="?",
        reviewers=["role:admin"],
        fingerprint="f",
        requested_at=1,
    )


def test_a_ring_is_part_of_its_decision(project):
    """Neither is there without the other."""
    item = asked(project)
    ada = User.objects.get(username="ada")
    with transaction.atomic():
        approvals.decide(item, ada, "approve", fingerprint="f")
        assert Run.objects.get(id=item.run_id).bell == 1
        transaction.set_rollback(True)
    assert (Run.objects.get(id=item.run_id).bell, Approval.objects.get(pk=item.pk).status) == (0, "pending")


def test_a_decision_waits_for_a_run_that_ends_and_comes_too_late(project):
    """Both want the run and its item; the run is locked first by both."""
    item, ended, said = asked(project), threading.Event(), []

    def end() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            Run.objects.filter(id=item.run_id).update(status="cancelled", finished_at=clock.now())
            ended.set()
            threading.Event().wait(0.5)
            for sql, params in inbox.cancelling(item.run_id, clock.now())(connection.vendor):
                cursor.execute(sql.replace("?", "%s"), params)
        connections.close_all()

    ending = threading.Thread(target=end)
    ending.start()
    ended.wait(5)
    try:
        approvals.decide(item, User.objects.get(username="ada"), "approve", fingerprint="f")
    except approvals.Conflict as refused:
        said.append(str(refused))
    ending.join()
    assert said == ["This approval is cancelled already."]
    assert Approval.objects.get(pk=item.pk).status == "cancelled"
