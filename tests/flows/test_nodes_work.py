"""Owns the tests of agent, tool, subflow, map, approval and question: steps that ask others."""

import pytest

from flows.nodes import TYPES
from flows.nodes.base import Answer, Finished, StepFailed
from tests.flows.context import World, run
from tests.flows.drawings import node

AT = "2026-01-01T00:00:00.000Z"


async def test_an_agent_is_asked_its_text_and_answers():
    world = World(agents={"writer": "Tea is hot."})
    item = node("a", "agent", {"agent": "writer", "text": "On {{ input.topic }}."})
    assert await run(item, world, input={"topic": "tea"}) == Finished({"text": "Tea is hot."})
    assert world.asked == [("writer", "On tea.")]


async def test_a_nodes_output_schema_is_the_agents_task():
    schema = {"type": "object", "required": ["score"]}
    item = node("a", "agent", {"agent": "judge", "text": "x", "output_schema": schema})
    assert (await run(item, World(agents={"judge": {"score": 1}}))).output == {"score": 1}
    with pytest.raises(StepFailed, match="does not fit"):
        await run(item, World(agents={"judge": {"points": 1}}))


async def test_a_tool_is_called_with_its_arguments_as_values():
    world = World(tools={"lookup": lambda id, deep: {"status": 200, "body": [id, deep]}})
    item = node(
        "t", "tool", {"tool": "lookup", "arguments": {"id": "= input.id", "deep": {"x": "{{ input.id }}"}}}
    )
    assert await run(item, world, input={"id": 7}) == Finished({"status": 200, "body": [7, {"x": "7"}]})


async def test_a_subflow_runs_with_its_input_as_values():
    world = World(flows={"child": lambda topic: f"about {topic}"})
    item = node("s", "subflow", {"flow": "child", "input": {"topic": "{{ input.topic }}"}})
    assert await run(item, world, input={"topic": "tea"}) == Finished("about tea")


@pytest.mark.parametrize(
    "item",
    [
        node("t", "tool", {"tool": "lookup", "arguments": "= input.list"}),
        node("t", "subflow", {"flow": "child", "input": "= input.list"}),
        node("t", "map", {"items": "[1]", "tool": "lookup", "arguments": "= input.list"}),
    ],
    ids=["tool", "subflow", "map"],
)
async def test_what_is_handed_over_must_be_an_object(item):
    with pytest.raises(StepFailed) as failure:
        await run(item, input={"list": [1]})
    assert failure.value.code == "invalid_input"


async def test_a_map_asks_an_agent_for_every_item_in_input_order():
    world = World(agents={"writer": lambda text: text.upper()})
    item = node("m", "map", {"items": "input.names", "agent": "writer", "text": "{{ index }}: {{ item }}"})
    finished = await run(item, world, input={"names": ["ada", "ben"]})
    assert finished == Finished({"items": [{"text": "0: ADA"}, {"text": "1: BEN"}], "failed": []})


async def test_a_map_calls_a_tool_or_a_flow_for_every_item():
    config = {"items": "input.ids", "tool": "double", "arguments": {"n": "= item"}}
    world = World(tools={"double": lambda n: n * 2}, flows={"double": lambda n: n * 2})
    assert (await run(node("m", "map", config), world, input={"ids": [1, 2]})).output["items"] == [2, 4]
    config = {"items": "input.ids", "flow": "double", "input": {"n": "= item + index"}}
    assert (await run(node("m", "map", config), world, input={"ids": [1, 2]})).output["items"] == [2, 6]


async def test_a_map_keeps_to_its_concurrency():
    world = World(tools={"noop": dict})
    config = {"items": "input.ids", "tool": "noop", "max_concurrency": 3}
    assert (await run(node("m", "map", config), world, input={"ids": list(range(7))})).output["items"] == [
        {}
    ] * 7
    assert world.most_at_once == 3


def sour(n):
    if n == 2:
        raise StepFailed("denied", "not for 2")
    return n


async def test_a_map_collects_the_errors_of_items_where_it_is_told_to():
    world = World(tools={"sour": sour})
    config = {"items": "[1, 2, 3]", "tool": "sour", "arguments": {"n": "= item"}, "on_item_error": "collect"}
    assert (await run(node("m", "map", config), world)).output == {
        "items": [1, None, 3],
        "failed": [{"index": 1, "error": {"code": "denied", "message": "not for 2"}}],
    }
    with pytest.raises(StepFailed, match="not for 2"):
        await run(node("m", "map", config | {"on_item_error": "fail"}), world)


async def test_a_map_of_nothing_gives_nothing():
    assert (await run(node("m", "map", {"items": "[]", "tool": "x"}))).output == {"items": [], "failed": []}


@pytest.mark.parametrize(
    ("given", "what"),
    [("x", "a text"), ({"a": 1}, "an object"), (3, "a number"), (None, "null"), (True, "true or false")],
)
async def test_a_map_over_what_is_no_list_fails_the_step(given, what):
    with pytest.raises(StepFailed) as failure:
        await run(node("m", "map", {"items": "input.x", "tool": "t"}), input={"x": given})
    assert failure.value.code == "expression_error"
    assert failure.value.message == f"`input.x` is {what}; a map needs a list."


def decided(decision, payload=None):
    return Answer(decision, payload, ("rita",), "Fine.", AT)


@pytest.mark.parametrize(
    ("decision", "on_timeout", "port"),
    [
        ("approve", "reject", "approved"),
        ("reject", "reject", "rejected"),
        ("reject", "port", "rejected"),
        ("timed_out", "reject", "rejected"),
        ("timed_out", "port", "timed_out"),
    ],
)
async def test_an_approval_takes_the_port_of_its_decision(decision, on_timeout, port):
    config = {"reviewers": ["role:reviewer"], "on_timeout": on_timeout}
    finished = await run(node("a", "approval", config), World(answers=[decided(decision, {"amount": 5})]))
    assert finished == Finished(
        {"decision": decision, "payload": {"amount": 5}, "by": ["rita"], "reason": "Fine.", "at": AT}, (port,)
    )


@pytest.mark.parametrize(("second", "port"), [("approve", "approved"), ("timed_out", "rejected")])
async def test_an_approval_that_nobody_decides_is_asked_of_whom_it_escalates_to(second, port):
    config = {"reviewers": ["user:rita"], "quorum": 2, "due_in_s": 60, "on_timeout": "escalate", "payload": 5}
    world = World(answers=[decided("timed_out"), decided(second)])
    drawn = node("a", "approval", config, escalate={"to": "role:admin", "due_in_s": 9})
    assert (await run(drawn, world)).ports == (port,)
    first, then = world.questions
    assert (first.reviewers, first.quorum, first.due_in_s) == (("user:rita",), 2, 60)
    assert (then.reviewers, then.quorum, then.due_in_s, then.payload) == (("role:admin",), 1, 9, 5)


@pytest.mark.parametrize(
    ("kind", "config", "answer", "ports"),
    [
        ("router", {"by": "rules", "routes": [{"port": "x", "when": "true"}]}, {"port": "x"}, ("x",)),
        ("condition", {"cases": [{"port": "x", "when": "true"}]}, {"port": "else"}, ("else",)),
        ("approval", {"reviewers": ["user:rita"]}, {"decision": "reject"}, ("rejected",)),
        ("transform", {}, [1], ("out",)),
    ],
)
def test_who_steps_in_for_a_step_chooses_its_port_too(kind, config, answer, ports):
    assert TYPES[kind].answered(config, answer) == Finished(answer, ports)


def test_who_steps_in_for_a_router_of_several_routes_may_take_several():
    routes = [{"port": port, "when": "true"} for port in "xyz"]
    config = {"by": "rules", "multiple": True, "routes": routes}
    assert TYPES["router"].answered(config, {"port": "x", "ports": ["x", "z"]}).ports == ("x", "z")
    assert TYPES["router"].answer_schema(config)["properties"]["port"] == {
        "enum": ["x", "y", "z", "otherwise"]
    }


async def test_an_approval_asks_for_what_its_config_says():
    world = World(answers=[decided("approve")])
    config = {
        "reviewers": ["role:reviewer", "user:rita"],
        "quorum": 2,
        "four_eyes": True,
        "title": "Refund {{ input.amount }}?",
        "payload": {"amount": "= input.amount"},
        "editable": True,
        "schema": {"type": "object"},
        "due_in_s": 60,
        "on_timeout": "escalate",
    }
    await run(node("a", "approval", config), world, input={"amount": 5})
    [question] = world.questions
    assert (question.kind, question.title, question.payload) == ("approval", "Refund 5?", {"amount": 5})
    assert (question.reviewers, question.quorum, question.four_eyes) == (
        ("role:reviewer", "user:rita"),
        2,
        True,
    )
    assert (question.editable, question.schema) == (True, {"type": "object"})
    assert (question.due_in_s, question.on_timeout) == (60, "escalate")


@pytest.mark.parametrize(("more", "title"), [({"name": "Sign off"}, "Sign off"), ({}, "a")])
async def test_an_approval_without_a_title_is_called_after_its_node(more, title):
    world = World(answers=[decided("approve")])
    await run(node("a", "approval", **more), world)
    assert world.questions[0].title == title


async def test_a_question_gives_the_form_that_was_filled_in():
    world = World(answers=[decided("answer", {"size": "L"})])
    config = {
        "assignee": "user:rita",
        "text": "Size for {{ input.name }}?",
        "schema": {"type": "object"},
        "due_in_s": 9,
    }
    assert await run(node("q", "question", config), world, input={"name": "Ben"}) == Finished({"size": "L"})
    [question] = world.questions
    assert (question.kind, question.title, question.reviewers) == (
        "question",
        "Size for Ben?",
        ("user:rita",),
    )
    assert (question.schema, question.due_in_s, question.on_timeout) == ({"type": "object"}, 9, "port")


async def test_a_question_that_nobody_answers_takes_its_own_port():
    assert await run(node("q", "question"), World(answers=[decided("timed_out")])) == Finished(
        {}, ("timed_out",)
    )
