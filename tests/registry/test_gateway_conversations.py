"""An agent's whole conversation through the gateway, interrupted after every line of its journal and gone on with."""

import asyncio

import pytest

from registry import gateway
from registry.calls import CallFailed, ModelAsk, Pinned, Reply, ToolAsk
from registry.conversation import Talk, converse
from tests.registry.desk import MemoryDesk, Store
from tests.registry.scene import agent, says, tool

SCHEMA = {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}}
SCRIPT = [
    {"when": {"turn": 1}, "calls": [{"tool": "charge", "arguments": {"amount": n}} for n in (1, 2)]},
    {"when": {"turn": 2}, "calls": [{"tool": "charge", "arguments": {"amount": "x"}}, {"tool": "rm"}]},
    {"when": {"turn": 3}, "say": "The total is 3."},
    {"when": {"turn": 4}, "json": {"total": 3}},
]
LINES = [
    "policy.decided",
    "model.called",
    *["policy.decided"] * 2,
    *["tool.called"] * 2,
    "policy.decided",
    "model.called",
    "policy.decided",
    *["policy.decided", "model.called"] * 2,
]


async def play(desk: MemoryDesk, charge: Pinned, **changes) -> dict:
    """One attempt of the step, as the engine plays it."""
    writer = agent()

    async def model(messages, tools, response_schema, turn) -> Reply:
        return await gateway.model_call(
            desk, ModelAsk(writer, "sim/m", messages, tools, response_schema=response_schema, turn=turn)
        )

    async def call(slug, arguments):
        known = charge if slug == "charge" else Pinned(slug, 0, None)
        return await gateway.tool_call(desk, ToolAsk(writer, known, arguments, by_model=True, **changes))

    talk = Talk(
        "Add up.",
        "What is the total?",
        tools={"charge": charge.document},
        output_schema=SCHEMA,
        attempt=desk.facts.attempt,
    )
    return (await converse(talk, model=model, tool=call)).output


@pytest.fixture
def desk(project) -> MemoryDesk:
    return MemoryDesk(project_id=project.pk)


async def test_a_conversation_leaves_one_decision_and_one_record_a_call(scripted, service, desk):
    await asyncio.to_thread(scripted, SCRIPT)
    service.answers = [says({"ok": True})]
    assert await play(desk, tool(service.url)) == {"total": 3}
    assert sorted(desk.types) == sorted(LINES)
    assert [one["body"] for one in service.requests] == ['{"amount":1}', '{"amount":2}']
    refusals = [one for one in desk.of("policy.decided") if one["effect"] == "deny"]
    assert [(one["call"], one["code"]) for one in refusals] == [("work.1/a6", "tool_not_allowed")]


async def test_it_goes_on_after_a_crash_at_every_line_and_repeats_nothing_that_is_on_record(
    scripted, service, desk
):
    await asyncio.to_thread(scripted, SCRIPT)
    service.answers = [says({"ok": True})]
    charge = tool(service.url)
    await play(desk, charge)
    await desk.commit()
    whole, parts = desk.store.lines, desk.store.parts
    for stored in range(len(whole) + 1):
        service.requests.clear()
        again = MemoryDesk(Store(lines=whole[:stored], parts=parts), project_id=desk.facts.project_id)
        assert await play(again, charge) == {"total": 3}
        assert again.lines[:stored] == whole[:stored]
        assert sorted(again.types) == sorted(LINES)
        calls = [data["call"] for name, data in again.lines if name != "policy.decided"]
        assert len(calls) == len(set(calls))
        recorded = sum(name == "tool.called" for name, _ in whole[:stored])
        assert len(service.requests) == 2 - recorded


async def test_the_next_attempt_pays_only_for_what_failed(scripted, service, desk):
    script = [{**SCRIPT[3], "when": {"turn": 2}, "fail": {"status": 503, "attempts": 1}}, SCRIPT[0]]
    await asyncio.to_thread(scripted, script)
    service.answers = [says({"ok": True})]
    charge = tool(service.url)
    with pytest.raises(CallFailed, match="503") as failed:
        await play(desk, charge)
    assert failed.value.retryable
    again = desk.next_attempt()
    assert await play(again, charge) == {"total": 3}
    assert [one["status"] for one in again.of("model.called")] == ["ok", "error", "ok"]
    assert len(service.requests) == 2


async def test_a_retry_grants_one_more_repair_on_top_of_the_recorded_conversation(scripted, desk):
    script = [{"when": {"turn": turn}, "say": f"wrong {turn}"} for turn in (1, 2)] + [{"json": {"total": 1}}]
    await asyncio.to_thread(scripted, script)
    charge = tool("http://127.0.0.1:9")
    with pytest.raises(CallFailed, match="not JSON") as failed:
        await play(desk, charge)
    assert (failed.value.code, len(desk.of("model.called"))) == ("invalid_output", 2)
    again = desk.next_attempt()
    assert await play(again, charge) == {"total": 1}
    assert len(again.of("model.called")) == 3


async def test_a_tool_that_fails_ends_the_attempt_while_there_are_more_and_is_told_in_the_last(
    scripted, service, desk
):
    script = [
        {"when": {"turn": 1}, "calls": [{"tool": "charge", "arguments": {"amount": 1}}]},
        {"when": {"contains": "answered 503"}, "json": {"total": 0}},
    ]
    await asyncio.to_thread(scripted, script)
    service.answers = [says({}, 503)]
    charge = tool(service.url)
    with pytest.raises(CallFailed, match="503"):
        await play(desk, charge, last_attempt=False)
    again = desk.next_attempt()
    assert await play(again, charge, last_attempt=True) == {"total": 0}
    assert [(one["call"], one.get("final")) for one in again.of("tool.called")] == [
        ("work.1/a2", None),
        ("work.1/a2~2", True),
    ]
