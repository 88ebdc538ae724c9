"""Breakers on record: written beside the calls, closed by a probe, a person, or the end of their process."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from governance import clock, ids, people
from governance.models import AuditEntry
from registry import gateway, openings, upkeep
from registry.book import MOST_TRIES, Entry
from registry.breaker import THRESHOLD, Change
from registry.calls import CallFailed, ModelAsk, ToolAsk
from registry.health import BOOK, BREAKERS
from registry.models import BreakerOpening
from tests.left_alone import MICROS, opening
from tests.registry.desk import MemoryDesk
from tests.registry.scene import Service, agent, says, tool

pytestmark = pytest.mark.both_databases
RUN = "0000000000007"


@pytest.fixture
def desk(project) -> MemoryDesk:
    return MemoryDesk(project_id=project.pk)


@pytest.fixture
async def keeper(monkeypatch) -> AsyncIterator[None]:
    """This process writes its breakers down, which cool down in a moment."""
    monkeypatch.setattr(BREAKERS, "cool_down_s", 0.3)
    upkeep.begin("here:1:ab", asyncio.get_running_loop())
    yield
    await in_thread(upkeep.end)


async def in_thread(work, *arguments):
    """As the keeper works: in a thread, and what it tells the loop is heard."""
    result = await asyncio.to_thread(work, *arguments)
    await asyncio.sleep(0)
    return result


async def call(service: Service, desk: MemoryDesk) -> str:
    """How the call ended: the code of its failure, or nothing."""
    try:
        await gateway.tool_call(desk, ToolAsk(None, tool(service.url), {"amount": 5}))
    except CallFailed as failure:
        return failure.code
    return ""


async def dead(service: Service, desk: MemoryDesk) -> None:
    """The tool failed until it was left alone, and one call was turned away."""
    service.answers = [says({"error": "planted-in-the-answer"}, 503)]
    assert [await call(service, desk) for _ in range(THRESHOLD)] == ["step_failed"] * THRESHOLD
    assert await call(service, desk) == "breaker_open"
    assert len(service.requests) == THRESHOLD


def rows() -> list[BreakerOpening]:
    return list(BreakerOpening.objects.order_by("id"))


def acts() -> list[tuple]:
    found = AuditEntry.objects.filter(action__startswith="breaker.").order_by("id")
    return [(entry.action, entry.object, entry.actor, entry.data) for entry in found]


OPENED = ("breaker.opened", "tool/charge", "system", {"failures": 5, "error": "step_failed", "run": [RUN]})


async def test_what_opens_is_on_record_and_one_probe_closes_it(service, desk, keeper):
    await dead(service, desk)
    assert await in_thread(rows) == []  # no call waits for it
    await in_thread(upkeep.tick)
    (row,) = await in_thread(rows)
    assert (row.kind, row.slug, row.model, row.process) == ("tool", "charge", "", "here:1:ab")
    assert (row.failures, row.refused, row.runs) == (5, 1, [RUN])
    assert (row.code, row.message) == ("step_failed", "It answered 503.")
    assert row.probe_at - row.opened_at == 300_000
    await asyncio.sleep(0.35)
    assert await call(service, desk) == "step_failed"  # the probe
    assert await call(service, desk) == "breaker_open"
    await in_thread(upkeep.tick)
    (held,) = await in_thread(rows)
    assert held.pk == row.pk and held.probe_at > row.probe_at and held.failures == 6
    service.answers = [says({"charge": 1})]
    await asyncio.sleep(0.35)
    assert await call(service, desk) == ""
    await in_thread(upkeep.tick)
    (closed,) = await in_thread(rows)
    assert closed.closing == "probe" and closed.closed_at >= held.probe_at
    assert await in_thread(acts) == [OPENED, ("breaker.closed", "tool/charge", "system", {"by": "probe"})]
    assert len(service.requests) == THRESHOLD + 2


async def test_a_person_closes_it_and_the_next_call_goes_out(service, desk, project, keeper, monkeypatch):
    monkeypatch.setattr(BREAKERS, "cool_down_s", 600)
    await dead(service, desk)
    await in_thread(upkeep.tick)
    (row,) = await in_thread(rows)
    service.answers = [says({"charge": 1})]
    ada = await in_thread(people.create_user, "ada", None)
    await in_thread(openings.close, project, row.pk, ada)
    assert await call(service, desk) == "breaker_open"
    await in_thread(upkeep.tick)  # three times a second
    assert await call(service, desk) == ""
    await in_thread(upkeep.tick)
    (closed,) = await in_thread(rows)
    assert (closed.closing, closed.closed_by) == ("person", "ada")
    assert await in_thread(acts) == [OPENED, ("breaker.closed", "tool/charge", "ada", {"by": "person"})]
    service.answers = [says({}, 503)]
    assert [await call(service, desk) for _ in range(THRESHOLD + 1)][-2:] == ["step_failed", "breaker_open"]
    await in_thread(upkeep.tick)
    assert [found.closing for found in await in_thread(rows)] == ["person", ""]


async def test_a_probe_that_fails_while_a_person_closes_leaves_nothing_open(service, desk, project, keeper):
    await dead(service, desk)
    await in_thread(upkeep.tick)
    (row,) = await in_thread(rows)
    ada = await in_thread(people.create_user, "ada", None)
    await in_thread(openings.close, project, row.pk, ada)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(upkeep.tick).result()  # the keeper has heard of it, and the loop has not: it is busy
    key = ("tool", project.pk, "charge")
    BOOK.tell(Change(key, "held", 1), 0.3, "step_failed", "It answered 503.", RUN)
    await asyncio.sleep(0)
    assert key not in BREAKERS.states()
    await in_thread(upkeep.tick)
    assert [found.closing for found in await in_thread(rows)] == ["person"]


async def test_a_process_that_ends_leaves_nothing_open(service, desk, keeper):
    await dead(service, desk)
    await in_thread(upkeep.end)
    (row,) = await in_thread(rows)
    assert row.closing == "ended" and row.closed_at is not None


def test_only_the_first_and_the_last_of_several_processes_are_told_of(project):
    other = opening(project, kind="tool", slug="charge", process="there:2:cd")
    peer = ("tool", project.pk, "charge")
    now = clock.now()
    entry = Entry(ids.new_id(), peer, now, now, 5, "timeout", "It gave no answer in time.")
    openings.store(entry, "here:1:ab", "probe")
    assert acts() == []
    BreakerOpening.objects.filter(pk=other.pk).update(heard_at=clock.now() - 61 * MICROS)
    entry.stored, entry.closed_at = 1, clock.now()
    openings.store(entry, "here:1:ab", "probe")
    assert acts() == [("breaker.closed", "tool/charge", "system", {"by": "probe"})]
    assert [openings.state_of(row, clock.now()) for row in rows()] == ["lost", "closed"]


def test_what_dead_processes_left_is_swept_and_old_rows_are_dropped(project):
    now, day = clock.now(), 86_400 * MICROS
    opening(project, slug="dead", heard_at=now - 3_601 * MICROS)
    opening(project, slug="alive")
    opening(project, slug="old", closed_at=now - 31 * day, closing="probe")
    opening(project, slug="young", closed_at=now - 29 * day, closing="probe")
    openings.sweep()
    assert {row.slug: row.closing for row in rows()} == {"dead": "ended", "alive": "", "young": "probe"}
    openings.void()
    assert openings.alarming(project) == []


def test_what_no_project_has_stops_nothing(transactional_db):
    """A row whose project is gone is given up; the others are written."""
    project = people.create_project("beta", "Beta", None)
    BOOK.begin("here:1:ab", asyncio.new_event_loop())
    for number in (999_999, project.pk):
        BOOK.tell(
            Change(("tool", number, "charge"), "opened", 5), 30, "timeout", "It gave no answer in time.", ""
        )
    upkeep.tick()
    assert [row.project_id for row in rows()] == [project.pk]
    upkeep.end()


async def test_what_a_provider_said_is_not_on_the_record_of_its_breaker(scripted, desk, keeper):
    await asyncio.to_thread(scripted, [{"fail": {"status": 503}}])
    for _ in range(THRESHOLD):
        with pytest.raises(CallFailed, match="sim/m answered 503, as its script says"):
            await gateway.model_call(desk, ModelAsk(agent(), "sim/m", [{"role": "user", "content": "Hello"}]))
    await in_thread(upkeep.tick)
    found = {(row.kind, row.message) for row in await in_thread(rows)}
    assert found == {("provider", "It answered 503."), ("agent", "It answered 503.")}


REFUSING = """
CREATE TRIGGER too_long BEFORE INSERT ON registry_breakeropening WHEN length(NEW.slug) > 200
BEGIN SELECT json_extract('{', '$'); END
"""


@contextlib.contextmanager
def long_slugs_refused() -> Iterator[None]:
    """As PostgreSQL refuses them by itself; to SQLite a text is a text."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(REFUSING)
        yield
        cursor.execute("DROP TRIGGER too_long")


def test_what_the_database_never_takes_is_given_up_and_holds_up_nothing(project, caplog):
    BOOK.begin("here:1:ab", asyncio.new_event_loop())
    for slug in ("x" * 300, "charge"):
        change = Change(("tool", project.pk, slug), "opened", 5)
        BOOK.tell(change, 30, "timeout", "It gave no answer in time.", "")
    with long_slugs_refused(), caplog.at_level(logging.WARNING, "baton.breakers"):
        for _ in range(MOST_TRIES - 1):
            upkeep.tick()
        assert caplog.messages == [] and [row.slug for row in rows()] == ["charge"]
        for _ in range(3):
            upkeep.tick()
    (said,) = caplog.messages
    assert said.startswith("an open breaker could not be written down:")
    upkeep.end()


def test_of_two_processes_at_one_moment_one_is_told_of(project):
    """The second waits for the first, whose row it could not see."""
    now, asked = clock.now(), Event()
    one, other = (
        Entry(ids.new_id(), ("tool", project.pk, "charge"), now, now, 5, "timeout", "It gave no answer.")
        for _ in range(2)
    )

    def beside() -> None:
        asked.set()
        openings.store(other, "there:2:cd", "probe")
        connection.close()

    with ThreadPoolExecutor(1) as thread:
        for act in ("opened", "closed"):
            with transaction.atomic():
                openings.store(one, "here:1:ab", "probe")
                asked.clear()
                stored = thread.submit(beside)
                assert asked.wait(5)
                time.sleep(0.3)
            stored.result()
            assert [entry[0] for entry in acts()][-1] == f"breaker.{act}"
            one.stored = other.stored = 1
            one.closed_at = other.closed_at = clock.now()
    assert [entry[0] for entry in acts()] == ["breaker.opened", "breaker.closed"]
