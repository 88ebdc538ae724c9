"""Owns the tests of a flow's JSON Schema: every field of the contract, its limits, and nothing else."""

import pytest

from flows.check import check
from flows.nodes import TYPES
from flows.schema import SCHEMA
from governance.schemas import schema_problems
from tests.flows.drawings import CONFIGS, flow, line, lookup, node

FULL = {
    "name": "Which specialist?",
    "retry": {"max_attempts": 10, "backoff_s": 1, "factor": 2, "max_backoff_s": 30, "jitter": True},
    "timeout_s": 86_400,
    "fallback": ["editor"],
    "escalate": {"to": "role:reviewer", "due_in_s": 3600},
    "on_error": "fail",
    "cache_ttl_s": 60,
    "position": {"x": 0, "y": -120.5},
    "note": "Why this is here.",
}
TOP = {
    "name": "Customer support",
    "description": "Routes a ticket.",
    "input_schema": {"type": "object"},
    "limits": {"max_cost_usd": 0.5, "timeout_s": 600, "max_steps": 200, "max_hops": 5},
    "state": {
        "schema": {"type": "object", "properties": {"notes": {"type": "array"}}},
        "reducers": {"notes": "append"},
    },
}


def problems(document):
    return [(found.pointer, found.code) for found in check(document, lookup)]


def test_the_schema_is_a_json_schema():
    assert schema_problems(SCHEMA) == []


def test_every_field_of_the_contract_may_be_there():
    assert problems(line(node("a", "agent", **FULL), **TOP)) == []


FULL_CONFIGS = [
    ("agent", {"agent": "writer@3", "text": "x", "output_schema": {"type": "object"}}),
    ("tool", {"tool": "lookup", "arguments": {"id": "= input.id"}}),
    ("tool", {"tool": "lookup", "arguments": "= input.arguments"}),
    ("transform", {"output": None}),
    ("condition", {"cases": [{"port": "yes", "when": "true"}]}),
    (
        "router",
        {
            "by": "agent",
            "agent": "writer",
            "text": "x",
            "min_confidence": 0.7,
            "second_opinion": "editor",
            "min_lead": 0.2,
            "routes": [{"port": "billing", "description": "refunds", "when": "true"}],
        },
    ),
    (
        "router",
        {"by": "agent", "agent": "writer", "text": "x", "multiple": True, "routes": [{"port": "billing"}]},
    ),
    (
        "team",
        {
            "participants": ["writer@2", "editor", "role:reviewer", "user:rita", "group:finance"],
            "weights": {"writer": 2, "role:reviewer": 0.5},
            "protocol": "vote",
            "text": "x",
            "options": ["A", "B"],
            "decide": "judge",
            "judge": "editor",
            "quorum": 3,
            "due_in_s": 3600,
        },
    ),
    (
        "team",
        {
            "participants": ["writer"],
            "protocol": "moderated",
            "moderator": "editor@1",
            "text": "x",
            "max_turns": 200,
            "stop_when": "rounds > 3",
        },
    ),
    ("join", {"mode": "quorum", "count": 2, "combine": "vote", "on": "item.choice"}),
    ("join", {"mode": "any", "combine": "agent", "agent": "writer", "text": "x"}),
    (
        "map",
        {
            "items": "input.list",
            "agent": "writer",
            "text": "x",
            "max_concurrency": 3,
            "on_item_error": "collect",
        },
    ),
    ("map", {"items": "input.list", "tool": "lookup", "arguments": {}}),
    ("map", {"items": "input.list", "flow": "child", "input": {}}),
    (
        "approval",
        {
            "reviewers": ["role:reviewer", "user:rita", "group:finance"],
            "quorum": 2,
            "four_eyes": True,
            "title": "Refund {{ input.id }}?",
            "payload": {"amount": "= input.amount"},
            "editable": True,
            "schema": {"type": "object"},
            "due_in_s": 1800,
            "on_timeout": "port",
        },
    ),
    ("question", {"assignee": "user:rita", "text": "x", "schema": {"type": "object"}, "due_in_s": 60}),
    ("subflow", {"flow": "child", "input": {"topic": "{{ input.topic }}"}}),
    ("wait", {"seconds": 0}),
    ("wait", {"until": "2026-01-31T12:00:00Z"}),
    ("end", {"output": {"answer": "= input"}}),
]


@pytest.mark.parametrize(("type", "config"), FULL_CONFIGS)
def test_every_field_of_a_config_may_be_there(type, config):
    codes = {code for _, code in problems(flow([node("a", type, config)], []))}
    assert codes <= {"no_start", "no_end", "dead_end", "dead_reference", "quorum_too_high", "one_vote_each"}


@pytest.mark.parametrize("type", TYPES)
def test_a_config_with_an_unknown_field_is_refused(type):
    config = {**CONFIGS.get(type, {}), "colour": "red"}
    assert ("/nodes/0/config/colour", "unknown_field") in problems(flow([node("a", type, config)], []))


WRONG_CONFIGS = [
    ("agent", {"text": "x"}, "/nodes/0/config"),
    ("agent", {"agent": "writer"}, "/nodes/0/config"),
    ("agent", {"agent": "Writer", "text": "x"}, "/nodes/0/config/agent"),
    ("agent", {"agent": "writer@0", "text": "x"}, "/nodes/0/config/agent"),
    ("agent", {"agent": "writer", "text": 7}, "/nodes/0/config/text"),
    ("tool", {}, "/nodes/0/config"),
    ("tool", {"tool": "lookup", "arguments": "input"}, "/nodes/0/config/arguments"),
    ("tool", {"tool": "lookup", "arguments": []}, "/nodes/0/config/arguments"),
    ("condition", {}, "/nodes/0/config"),
    ("condition", {"cases": []}, "/nodes/0/config/cases"),
    ("condition", {"cases": [{"port": "yes"}]}, "/nodes/0/config/cases/0"),
    ("condition", {"cases": [{"port": "a b", "when": "true"}]}, "/nodes/0/config/cases/0/port"),
    ("router", {"by": "dice", "routes": [{"port": "p"}]}, "/nodes/0/config/by"),
    ("router", {"by": "rules", "routes": [{"port": "p"}]}, "/nodes/0/config/routes/0"),
    ("router", {"by": "agent", "text": "x", "routes": [{"port": "p"}]}, "/nodes/0/config"),
    (
        "router",
        {"by": "agent", "agent": "writer", "text": "x", "min_confidence": 1.1, "routes": [{"port": "p"}]},
        "/nodes/0/config/min_confidence",
    ),
    ("join", {"mode": "most"}, "/nodes/0/config/mode"),
    ("join", {"mode": "quorum"}, "/nodes/0/config"),
    ("join", {"mode": "quorum", "count": 0}, "/nodes/0/config/count"),
    ("join", {"combine": "agent", "text": "x"}, "/nodes/0/config"),
    ("map", {"agent": "writer", "text": "x"}, "/nodes/0/config"),
    ("map", {"items": "[1]", "agent": "writer"}, "/nodes/0/config"),
    ("map", {"items": "[1]", "tool": "lookup", "max_concurrency": 0}, "/nodes/0/config/max_concurrency"),
    ("approval", {}, "/nodes/0/config"),
    ("approval", {"reviewers": []}, "/nodes/0/config/reviewers"),
    ("approval", {"reviewers": ["rita"]}, "/nodes/0/config/reviewers/0"),
    ("approval", {"reviewers": ["role:boss"]}, "/nodes/0/config/reviewers/0"),
    ("approval", {"reviewers": ["user:rita"], "due_in_s": 0}, "/nodes/0/config/due_in_s"),
    ("approval", {"reviewers": ["user:rita"], "on_timeout": "approve"}, "/nodes/0/config/on_timeout"),
    ("question", {"assignee": "user:rita"}, "/nodes/0/config"),
    ("team", {"participants": [], "protocol": "vote", "text": "x"}, "/nodes/0/config/participants"),
    ("team", {"participants": ["writer"], "protocol": "quarrel", "text": "x"}, "/nodes/0/config/protocol"),
    (
        "team",
        {"participants": ["writer"], "protocol": "swarm", "text": "x", "max_turns": 0},
        "/nodes/0/config/max_turns",
    ),
    ("wait", {"seconds": -1}, "/nodes/0/config/seconds"),
    ("wait", {"seconds": "soon"}, "/nodes/0/config/seconds"),
]


@pytest.mark.parametrize(("type", "config", "pointer"), WRONG_CONFIGS)
def test_a_wrong_config_is_refused_at_its_place(type, config, pointer):
    assert pointer in [at for at, _ in problems(flow([node("a", type, config)], []))]


def test_a_node_whose_type_needs_a_config_has_one():
    document = flow([{"id": "a", "type": "agent"}], [])
    assert ("/nodes/0", "missing_field") in problems(document)


WRONG_NODES = [
    ({"id": "A"}, "/nodes/1/id"),
    ({"id": "a" * 65}, "/nodes/1/id"),
    ({"id": "1a"}, "/nodes/1/id"),
    ({"name": "x" * 201}, "/nodes/1/name"),
    ({"retry": {"max_attempts": 11}}, "/nodes/1/retry/max_attempts"),
    ({"retry": {"max_attempts": 0}}, "/nodes/1/retry/max_attempts"),
    ({"retry": {"attempts": 1}}, "/nodes/1/retry/attempts"),
    ({"timeout_s": 86_401}, "/nodes/1/timeout_s"),
    ({"timeout_s": 0}, "/nodes/1/timeout_s"),
    ({"escalate": {"due_in_s": 5}}, "/nodes/1/escalate"),
    ({"escalate": {"to": "boss"}}, "/nodes/1/escalate/to"),
    ({"on_error": "ignore"}, "/nodes/1/on_error"),
    ({"fallback": ["editor", "editor"]}, "/nodes/1/fallback"),
    ({"position": {"x": 1}}, "/nodes/1/position"),
    ({"colour": "red"}, "/nodes/1/colour"),
]


@pytest.mark.parametrize(("fields", "pointer"), WRONG_NODES)
def test_a_wrong_field_of_a_node_is_refused_at_its_place(fields, pointer):
    document = line(node("a", "agent") | fields)
    assert pointer in [at for at, _ in problems(document)]


WRONG_TOPS = [
    ({"colour": "red"}, "/colour"),
    ({"name": "x" * 201}, "/name"),
    ({"slug": "Not a slug"}, "/slug"),
    ({"kind": "agent"}, "/kind"),
    ({"limits": {"max_cost_usd": -1}}, "/limits/max_cost_usd"),
    ({"limits": {"max_steps": 0}}, "/limits/max_steps"),
    ({"limits": {"budget": 1}}, "/limits/budget"),
    ({"state": {"reducers": {"notes": "sum"}}}, "/state/reducers/notes"),
    ({"nodes": {}}, "/nodes"),
    ({"edges": [{"from": "start"}]}, "/edges/0"),
    ({"edges": [{"from": "start", "to": "done", "loop": {}}]}, "/edges/0/loop"),
    ({"edges": [{"from": "start", "to": "done", "label": "x"}]}, "/edges/0/label"),
]


@pytest.mark.parametrize(("fields", "pointer"), WRONG_TOPS)
def test_a_wrong_field_of_a_flow_is_refused_at_its_place(fields, pointer):
    assert pointer in [at for at, _ in problems(line() | fields)]


@pytest.mark.parametrize(("nodes", "refused"), [(500, False), (501, True)])
def test_a_flow_has_at_most_500_nodes(nodes, refused):
    document = flow([node(f"n{number}", "transform") for number in range(nodes)], [])
    assert (("/nodes", "maxItems") in problems(document)) == refused


@pytest.mark.parametrize(("edges", "refused"), [(2000, False), (2001, True)])
def test_a_flow_has_at_most_2000_edges(edges, refused):
    document = line()
    document["edges"] = [{"from": "start", "to": "done"}] * edges
    assert (("/edges", "maxItems") in problems(document)) == refused


def test_a_problem_of_the_schema_names_its_node():
    [problem] = check(line(node("a", "agent", colour="red")), lookup)
    assert (problem.pointer, problem.nodes) == ("/nodes/1/colour", ("a",))


@pytest.mark.parametrize(
    "document", [{}, [], None, "flow", {"nodes": [None], "edges": [1]}, {"nodes": [{"id": 1}]}]
)
def test_what_is_no_flow_at_all_is_refused_without_a_crash(document):
    assert check(document, lookup)
