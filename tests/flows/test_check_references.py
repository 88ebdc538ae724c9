"""Owns the tests of what a flow names: documents that exist, schemas that are some, configs that make sense."""

import pytest

from flows.check import check
from tests.flows.drawings import flow, library, line, lookup, node, told, warned

A = "/nodes/1/config"
DEAD = {
    "agent": (node("a", "agent", {"agent": "ghost", "text": "x"}), f"{A}/agent"),
    "a version of an agent": (node("a", "agent", {"agent": "writer@7", "text": "x"}), f"{A}/agent"),
    "tool": (node("a", "tool", {"tool": "ghost"}), f"{A}/tool"),
    "flow": (node("a", "subflow", {"flow": "ghost"}), f"{A}/flow"),
    "a map's agent": (node("a", "map", {"items": "[1]", "agent": "ghost", "text": "x"}), f"{A}/agent"),
    "a map's tool": (node("a", "map", {"items": "[1]", "tool": "ghost"}), f"{A}/tool"),
    "a map's flow": (node("a", "map", {"items": "[1]", "flow": "ghost"}), f"{A}/flow"),
    "a join's agent": (node("a", "join", {"combine": "agent", "agent": "ghost", "text": "x"}), f"{A}/agent"),
    "a router's agent": (
        node("a", "router", {"by": "agent", "agent": "ghost", "text": "x", "routes": [{"port": "p"}]}),
        f"{A}/agent",
    ),
    "a fallback": (node("a", "agent", fallback=["editor", "ghost"]), "/nodes/1/fallback/1"),
}


@pytest.mark.parametrize(("item", "pointer"), DEAD.values(), ids=DEAD)
def test_a_reference_that_leads_nowhere_is_an_error(item, pointer):
    assert told(check(line(item), lookup)) == [("dead_reference", pointer, ("a",))]


def test_each_reference_is_looked_up_once():
    asked = []

    def counting(kind, ref):
        asked.append((kind, ref))
        return lookup(kind, ref)

    assert check(line(node("a", "agent"), node("b", "agent"), node("c", "tool")), counting) == []
    assert sorted(asked) == [("agent", "writer"), ("tool", "lookup")]


def calls(slug, *refs):
    nodes = [node("start", "start"), *(node(f"s{n}", "subflow", {"flow": ref}) for n, ref in enumerate(refs))]
    return flow([*nodes, node("done", "end")], ["start -> done"]) | {"slug": slug}


@pytest.mark.parametrize(
    ("others", "ref", "way"),
    [
        ({}, "drawn", "drawn → drawn"),
        ({"flow_other": calls("other", "drawn")}, "other", "drawn → other → drawn"),
        (
            {"flow_other": calls("other", "child", "third@2"), "flow_third@2": calls("third", "drawn")},
            "other",
            "drawn → other → third@2 → drawn",
        ),
    ],
    ids=["itself", "by another", "by a version of a third"],
)
def test_a_flow_that_would_call_itself_is_refused(others, ref, way):
    [problem] = check(line(node("a", "subflow", {"flow": ref})), library(**others))
    assert told([problem]) == [("flow_calls_itself", "/nodes/1/config/flow", ("a",))]
    assert problem.message.startswith(f"The flow would call itself without end: {way}.")


def test_flows_of_others_that_go_round_are_not_this_ones_problem():
    others = library(flow_one=calls("one", "two"), flow_two=calls("two", "one"))
    assert check(line(node("a", "subflow", {"flow": "one"})), others) == []


def test_a_fallback_where_no_agent_is_called_is_a_warning():
    problems = check(line(node("a", "tool", fallback=["writer"])), lookup)
    assert (told(problems), warned(problems)) == ([], [("fallback_unused", "/nodes/1/fallback", ("a",))])


def test_an_agent_without_a_boundary_is_a_warning():
    agents = library(agent_vague={"slug": "vague", "model": "m/x"})
    problems = check(line(node("a", "agent", {"agent": "vague", "text": "x"})), agents)
    assert (told(problems), warned(problems)) == ([], [("no_boundary", "/nodes/1/config/agent", ("a",))])


BAD_SCHEMA = {"type": "objec"}
SCHEMAS = {
    "input_schema": (line(input_schema=BAD_SCHEMA), ("invalid_schema", "/input_schema/type", ())),
    "a schema from the network": (
        line(input_schema={"$ref": "http://127.0.0.1:9/schema"}),
        ("invalid_schema", "/input_schema", ()),
    ),
    "state": (line(state={"schema": BAD_SCHEMA}), ("invalid_schema", "/state/schema/type", ())),
    "output_schema": (
        line(node("a", "agent", {"agent": "writer", "text": "x", "output_schema": BAD_SCHEMA})),
        ("invalid_schema", f"{A}/output_schema/type", ("a",)),
    ),
    "an answer that is no object": (
        line(node("a", "agent", {"agent": "writer", "text": "x", "output_schema": {"type": "string"}})),
        ("not_object", f"{A}/output_schema/type", ("a",)),
    ),
    "a form that is no object": (
        line(node("a", "question", {"assignee": "user:rita", "text": "x", "schema": {"type": "array"}})),
        ("not_object", f"{A}/schema/type", ("a",)),
    ),
    "an approval's payload": (
        line(node("a", "approval", {"reviewers": ["role:reviewer"], "schema": {"minimum": "1"}})),
        ("invalid_schema", f"{A}/schema/minimum", ("a",)),
    ),
}


@pytest.mark.parametrize(("document", "expected"), SCHEMAS.values(), ids=SCHEMAS)
def test_a_schema_inside_a_flow_must_be_one(document, expected):
    assert told(check(document, lookup)) == [expected]


def test_an_approvals_payload_may_be_a_number():
    config = {
        "reviewers": ["role:reviewer"],
        "schema": {"type": "number"},
        "payload": "= 1",
        "editable": True,
    }
    assert check(line(node("a", "approval", config)), lookup) == []


APPROVAL = {"reviewers": ["user:rita", "user:ada"], "due_in_s": 60}
CONFIGS = {
    "learned routing": (
        node("a", "router", {"by": "learned", "routes": [{"port": "p"}]}),
        ("not_built", f"{A}/by", ("a",)),
    ),
    "a map of nothing": (node("a", "map", {"items": "[1]"}), ("one_worker", A, ("a",))),
    "a map of two": (
        node("a", "map", {"items": "[1]", "tool": "lookup", "flow": "child"}),
        ("one_worker", A, ("a",)),
    ),
    "a wait for nothing": (node("a", "wait", {}), ("one_moment", A, ("a",))),
    "a wait for both": (
        node("a", "wait", {"seconds": 1, "until": "2026-01-31T12:00:00Z"}),
        ("one_moment", A, ("a",)),
    ),
    "a time without a zone": (
        node("a", "wait", {"until": "2026-01-31T12:00:00"}),
        ("invalid_time", f"{A}/until", ("a",)),
    ),
    "a time that is none": (node("a", "wait", {"until": "soon"}), ("invalid_time", f"{A}/until", ("a",))),
    "escalation to nobody": (
        node("a", "approval", {**APPROVAL, "on_timeout": "escalate"}),
        ("no_escalation", f"{A}/on_timeout", ("a",)),
    ),
    "more voices than people": (
        node("a", "approval", {**APPROVAL, "quorum": 3}),
        ("quorum_too_high", f"{A}/quorum", ("a",)),
    ),
}


@pytest.mark.parametrize(("item", "expected"), CONFIGS.values(), ids=CONFIGS)
def test_a_config_that_cannot_work_is_an_error(item, expected):
    assert told(check(line(item), lookup)) == [expected]


WORKS = {
    "a time": node("a", "wait", {"until": "2026-01-31T12:00:00+01:00"}),
    "a computed time": node("a", "wait", {"until": "= input.at"}),
    "a text of a time": node("a", "wait", {"until": "{{ input.day }}T12:00:00Z"}),
    "escalation": node(
        "a", "approval", {**APPROVAL, "on_timeout": "escalate"}, escalate={"to": "role:admin"}
    ),
    "a quorum of a role": node("a", "approval", {"reviewers": ["role:reviewer"], "quorum": 3}),
}


@pytest.mark.parametrize("item", WORKS.values(), ids=WORKS)
def test_a_config_that_can_work_has_no_problems(item):
    assert check(line(item), lookup) == []


def test_a_timeout_that_never_comes_is_a_warning():
    config = {"reviewers": ["role:reviewer"], "on_timeout": "port"}
    problems = check(line(node("a", "approval", config)), lookup)
    assert (told(problems), warned(problems)) == ([], [("never_due", f"{A}/on_timeout", ("a",))])
