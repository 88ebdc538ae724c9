"""The one writer: group commit, the fence, and what becomes of lines that the database refuses."""

import asyncio
import sqlite3

import pytest
from django.db import connection

from governance.models import Project
from runs.engine.claims import claim
from runs.engine.journal import Journal
from runs.engine.rows import RunRow, StepRow
from runs.engine.store import SqliteStore
from runs.engine.writer import Fenced, StorageFailed, Writer
from runs.models import Event, Run, Step


class FullDisk(SqliteStore):
    """A store that refuses the batches in which a run in `refused` writes."""

    refused: frozenset[int] = frozenset()

    def transact(self, batch, *, wait_ms, durable):
        if any(append.run_id in self.refused for append in batch):
            raise sqlite3.DatabaseError("disk I/O error")
        return super().transact(batch, wait_ms=wait_ms, durable=durable)


@pytest.fixture
def runs(transactional_db) -> list[Run]:
    project = Project.objects.create(slug="alpha", name="Alpha")
    fields = {"flow": "f", "version": 1, "trace_id": "t", "root_id": 1, "created_at": 1}
    return [Run.objects.create(project=project, **fields) for _ in range(3)]


@pytest.fixture
async def store(runs):
    store = FullDisk(str(connection.settings_dict["NAME"]))
    yield store
    store.close()


async def claimed(writer: Writer, runs: list[Run], owner: str = "one") -> list[Journal]:
    epochs = dict(await writer.submit(claim([run.id for run in runs], owner)))
    return [Journal(writer, RunRow(run.id), epochs[run.id]) for run in runs if run.id in epochs]


def seqs(run: Run) -> list[int]:
    return list(Event.objects.filter(run_id=run.id).order_by("seq").values_list("seq", flat=True))


async def read(work, *args):
    return await asyncio.to_thread(work, *args)


async def test_what_gathers_in_one_turn_is_one_commit(runs, store):
    writer = Writer(store)
    journals = await claimed(writer, runs)
    before = writer.commits
    for journal in journals:
        journal.line("note", {})
        journal.line("note", {})
    await asyncio.gather(*(journal.stored() for journal in journals))
    assert writer.commits == before + 1
    assert [await read(seqs, run) for run in runs] == [[1, 2], [1, 2], [1, 2]]


async def test_a_run_is_claimed_by_one_driver_at_a_time(runs, store):
    writer = Writer(store)
    assert len(await claimed(writer, runs, "one")) == 3
    assert await claimed(writer, runs, "two") == []


async def test_whoever_lost_the_run_writes_nothing_more(runs, store):
    writer = Writer(store)
    zombie, other = (await claimed(writer, runs))[:2]
    await read(lambda: Run.objects.filter(id=runs[0].id).update(epoch=9))
    zombie.line("note", {})
    other.line("note", {})
    with pytest.raises(Fenced):
        await zombie.stored()
    await other.stored()
    assert await read(seqs, runs[0]) == []
    assert await read(seqs, runs[1]) == [1]


async def test_an_operation_of_a_lost_run_is_refused_too(runs, store):
    writer = Writer(store)
    zombie = (await claimed(writer, runs))[0]
    await read(lambda: Run.objects.filter(id=runs[0].id).update(epoch=9))
    done = []

    def statements(vendor: str):
        done.append(vendor)
        yield "SELECT 1", ()

    with pytest.raises(Fenced):
        await zombie.operation(statements)
    assert done == []


async def test_one_refused_append_costs_the_others_nothing(runs, store):
    writer = Writer(store)
    bad, *good = await claimed(writer, runs)
    store.refused = frozenset({runs[0].id})
    for journal in (bad, *good):
        journal.line("note", {})
    with pytest.raises(StorageFailed):
        await bad.stored()
    await asyncio.gather(*(journal.stored() for journal in good))
    assert [await read(seqs, run) for run in runs] == [[], [1], [1]]


@pytest.mark.parametrize("value", [1 << 70, object(), "\ud800"], ids=["too large", "no value", "no text"])
async def test_a_value_that_no_column_holds_costs_its_own_run_only(runs, store, value):
    writer = Writer(store)
    bad, *good = await claimed(writer, runs)
    for journal in (bad, *good):
        journal.line("note", {})
    bad.step(StepRow(runs[0].id, "a", 1, port=value))
    with pytest.raises(StorageFailed):
        await bad.stored()
    await asyncio.gather(*(journal.stored() for journal in good))
    assert [await read(seqs, run) for run in runs] == [[], [1], [1]]


async def test_after_refused_lines_a_journal_takes_no_more_so_that_seq_has_no_gap(runs, store):
    writer = Writer(store)
    journal = (await claimed(writer, runs))[0]
    told = []
    journal.on_refused = told.append
    store.refused = frozenset({runs[0].id})
    journal.line("note", {})
    journal.flush()  # nobody waits for this one
    await asyncio.sleep(0.2)
    store.refused = frozenset()
    journal.line("note", {})
    with pytest.raises(StorageFailed):
        await journal.stored()
    with pytest.raises(StorageFailed):
        await journal.operation(lambda vendor: iter(()))
    assert [type(error) for error in told] == [StorageFailed]
    assert await read(seqs, runs[0]) == []


async def test_a_row_is_stored_as_it_was_when_its_lines_were(runs, store):
    writer = Writer(store)
    journal = (await claimed(writer, runs))[0]
    row = StepRow(runs[0].id, "a", 1, started_seq=1)
    journal.line("step.started", {}, node="a", iteration=1)
    journal.step(row)
    stored = journal.stored(durable=True)
    append, waiters = journal.take()
    row.status, row.finished_seq = "succeeded", 2
    writer._start([(append, waiters)])
    await stored
    found = await read(lambda: Step.objects.values("status", "finished_seq").get(run_id=runs[0].id))
    assert found == {"status": "running", "finished_seq": None}


async def test_a_locked_database_is_waited_for(runs, store):
    writer = Writer(store)
    journal = (await claimed(writer, runs))[0]
    other = sqlite3.connect(
        store.connection.execute("PRAGMA database_list").fetchone()[2], isolation_level=None
    )
    other.execute("BEGIN IMMEDIATE")
    journal.line("note", {})
    stored = journal.stored()
    await asyncio.sleep(0.1)
    assert not stored.done()
    other.execute("COMMIT")
    other.close()
    await stored
    assert await read(seqs, runs[0]) == [1]


async def test_drain_returns_once_everything_is_stored(runs, store):
    writer = Writer(store)
    journal = (await claimed(writer, runs))[0]
    journal.line("note", {})
    journal.flush()
    await writer.drain()
    assert await read(seqs, runs[0]) == [1]
