"""A tool was called, and its answer could not be looked through: that is on record, or a person is asked."""

import asyncio
from collections.abc import Iterable

import pytest
from django.db import OperationalError

from governance import documents, ids
from governance.privacy import Vault
from registry import gateway
from registry.calls import CallFailed, ToolAsk
from tests.registry.desk import MemoryDesk
from tests.registry.scene import says, tool

ANSWER = {"status": 200, "body": {"from": "carla@northwind-mail.com"}}


class LockedVault(Vault):
    """Its database is locked."""

    async def tokens(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        raise OperationalError("database is locked")


class SlowVault(Vault):
    """Its database does not answer; `asked` is set once somebody waits for it."""

    def __init__(self, root_id: int):
        super().__init__(root_id)
        self.asked = asyncio.Event()

    async def tokens(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        self.asked.set()
        return await asyncio.get_running_loop().create_future()


@pytest.fixture
async def rules(project) -> None:
    rule = {"entities": ["EMAIL_ADDRESS"], "where": ["tool_output"], "action": "tokenize"}
    body = {"kind": "privacy", "slug": "default", "name": "Default", "rules": [rule]}
    await asyncio.to_thread(documents.create_and_publish, project, "privacy", "default", body, None)


@pytest.fixture
def desk(project, rules) -> MemoryDesk:
    return MemoryDesk(project_id=project.pk, vault=LockedVault(ids.new_id()))


def ask(service, status: int = 200, **changes) -> ToolAsk:
    service.answers = [says(ANSWER["body"], status)]
    return ToolAsk(agent=None, tool=tool(service.url, **changes), arguments={"amount": 5})


async def cut_off(desk: MemoryDesk, operation: ToolAsk) -> None:
    """The step is cancelled while the answer is looked through."""
    desk.vault = SlowVault(ids.new_id())
    task = asyncio.create_task(gateway.tool_call(desk, operation))
    async with asyncio.timeout(5):
        await desk.vault.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_may_not_be_repeated_is_a_question_to_a_person(service, desk):
    desk.store.answers = [("done", ANSWER)]
    assert await gateway.tool_call(desk, ask(service, risk="write")) == ANSWER
    assert [(one.kind, one.call) for one in desk.store.asked] == [("uncertain", "work.1/a1")]
    assert [(one["status"], one["output"]) for one in desk.of("tool.called")] == [("ok", ANSWER)]
    assert len(service.requests) == 1


async def test_so_it_is_where_the_peer_said_no_in_words_that_nobody_could_look_through(service, desk):
    desk.store.answers = [("reject", None)]
    with pytest.raises(CallFailed) as rejected:
        await gateway.tool_call(desk, ask(service, 500, risk="write"))
    assert rejected.value.code == "rejected"
    assert [one.kind for one in desk.store.asked] == ["uncertain"] and len(service.requests) == 1


async def test_what_may_be_repeated_is_on_record_as_done(service, desk):
    with pytest.raises(OperationalError, match="locked"):
        await gateway.tool_call(desk, ask(service))
    (line,) = desk.of("tool.called")
    assert (line["status"], line["output"], desk.store.asked) == ("error", None, [])
    assert line["error"]["message"] == "The call was done; its answer could not be looked through."


async def test_a_step_cut_off_meanwhile_leaves_its_read_on_record(service, desk):
    await cut_off(desk, ask(service))
    assert [one["error"]["code"] for one in desk.of("tool.called")] == ["cancelled"]


async def test_a_step_cut_off_meanwhile_asks_a_person_when_it_goes_on(service, desk):
    operation = ask(service, risk="write")
    await cut_off(desk, operation)
    assert desk.of("tool.called") == []
    again, desk.store.answers = desk.after_a_crash(), [("done", ANSWER)]
    assert await gateway.tool_call(again, operation) == ANSWER
    assert [one.kind for one in desk.store.asked] == ["uncertain"] and len(service.requests) == 1
