"""Owns the tests of one-click fixes: each removes the problem that it is offered for."""

import pytest

from flows.check import check
from flows.drawing import apply
from flows.fixes import fixes
from flows.fixes.hints import hints
from tests.flows.drawings import edge, flow, line, lookup, node

STOCK = {"agent": ["writer"], "tool": ["lookup"], "flow": ["child"]}
START, END = node("start", "start"), node("done", "end")
CASE = node("c", "condition", {"cases": [{"port": "again", "when": "false"}]})


def drawn(nodes, *edges):
    return flow([START, *nodes, END], list(edges))


def schema(value):
    return node("q", "question", {"assignee": "user:rita", "text": "?", "schema": value})


def met(participants, protocol="round_robin", **config):
    return node("t", "team", {"participants": participants, "protocol": protocol, "text": "x", **config})


MENDED = [
    ("no_start", flow([node("a", "agent"), END], ["a -> done"]), "Add a start"),
    ("no_end", flow([START, node("a", "agent")], ["start -> a"]), "Add an end"),
    ("no_end", flow([START], []), "Add an end"),
    (
        "several_starts",
        flow([START, node("b", "start"), END], ["start -> done", "b -> done"]),
        "Remove this node",
    ),
    ("unknown_type", line(node("t", "oracle", {})), "Remove this node"),
    (
        "unreachable",
        drawn([node("a", "agent"), node("b", "agent")], "start -> a", "b -> done"),
        "Connect it to a",
    ),
    (
        "unreachable",
        drawn([node("b", "agent")], "start -> done", "b -> done"),
        "Put it between start and done",
    ),
    ("unreachable", drawn([node("b", "agent")], "start -> done"), "Put it between start and done"),
    (
        "unreachable",
        drawn(
            [node("a", "agent"), node("b", "agent"), node("c", "agent")],
            "start -> a",
            "start -> c",
            "a -> done",
            "c -> done",
        ),
        "Connect it to start",
    ),
    ("dead_end", drawn([node("a", "agent")], "start -> a"), "Connect it to the end"),
    ("dead_end", drawn([node("a", "approval")], "start -> a"), "Connect it to the end"),
    (
        "duplicate_node",
        {**line(node("a", "agent")), "nodes": [*line(node("a", "agent"))["nodes"], START]},
        "Call it start_2",
    ),
    ("unknown_node", drawn([], "start -> done", "start -> ghost"), "Remove the connection"),
    ("duplicate_edge", drawn([], "start -> done", "start -> done"), "Remove the connection"),
    (
        "enters_start",
        drawn([CASE], "start -> c", "c:again -> start", "c:else -> done"),
        "Remove the connection",
    ),
    (
        "leaves_end",
        drawn([node("a", "wait")], "start -> a", "a -> done", "done -> a"),
        "Remove the connection",
    ),
    (
        "unknown_port",
        drawn([node("a", "agent")], "start -> a", "a -> done", "a:error -> done"),
        "Give it an error port",
    ),
    ("unknown_port", drawn([CASE], "start -> c", "c:again -> done", "c:old -> done"), "Move it to else"),
    ("unknown_port", drawn([node("a", "approval")], "start -> a", "a:old -> done"), "Remove the connection"),
    ("cycle", drawn([CASE], "start -> c", "c:again -> c", "c:else -> done"), "Make it a loop, at most 3"),
    (
        "loop_without_path",
        drawn([CASE], "start -> c", "c:again -> done *2"),
        "Make it an ordinary connection",
    ),
    (
        "loop_from_multiple",
        drawn(
            [
                node(
                    "r",
                    "router",
                    {"by": "rules", "multiple": True, "routes": [{"port": "x", "when": "true"}]},
                )
            ],
            "start -> r",
            "r:x -> r *2",
            "r:otherwise -> done",
        ),
        "Take one route only",
    ),
    (
        "loop_entered_inside",
        drawn(
            [node("a", "agent"), node("b", "agent"), CASE],
            "start -> a",
            "start -> b",
            "a -> b",
            "b -> c",
            "c:again -> a *2",
            "c:else -> done",
        ),
        "Lead it to a",
    ),
    (
        "loop_left_inside",
        drawn(
            [node("a", "agent"), CASE],
            "start -> a",
            "a -> c",
            "a -> done",
            "c:again -> a *2",
            "c:else -> done",
        ),
        "Remove the connection",
    ),
    (
        "loop_port_shared",
        drawn([CASE], "start -> c", "c:again -> c *2", "c:again -> done", "c:else -> done"),
        "Remove the connection",
    ),
    (
        "loop_into_join",
        drawn([node("j", "join"), CASE], "start -> j", "j -> c", "c:again -> j *2", "c:else -> done"),
        "Remove the connection",
    ),
    ("missing_field", line({"id": "a", "type": "agent"}), "Start its settings"),
    ("missing_field", line(node("a", "agent", {"text": "x"})), "Choose writer"),
    ("missing_field", line(node("a", "agent", {"agent": "writer"})), "Set text"),
    ("missing_field", line(node("a", "tool", {})), "Choose lookup"),
    ("missing_field", line(node("a", "approval", {})), "Set reviewers"),
    ("missing_field", line(node("a", "condition", {})), "Set cases"),
    ("dead_reference", line(node("a", "agent", {"agent": "ghost", "text": "x"})), "Choose writer"),
    ("dead_reference", line(node("a", "agent", {"agent": "writer@9", "text": "x"})), "Choose writer"),
    ("dead_reference", line(node("a", "agent", fallback=["ghost"])), "Remove this fallback"),
    ("fallback_unused", line(node("a", "wait", fallback=["writer"])), "Remove the fallback"),
    (
        "quorum_too_high",
        line(node("j", "join", {"mode": "quorum", "count": 3})),
        "Wait for 1",
    ),
    ("quorum_too_high", line(node("a", "approval", {"reviewers": ["user:rita"], "quorum": 2})), "Ask for 1"),
    (
        "reserved_port",
        drawn(
            [node("c", "condition", {"cases": [{"port": "error", "when": "true"}]})],
            "start -> c",
            "c:error -> done",
        ),
        "Call it error_2",
    ),
    (
        "duplicate_port",
        drawn(
            [
                node(
                    "c",
                    "condition",
                    {"cases": [{"port": "x", "when": "true"}, {"port": "x", "when": "false"}]},
                )
            ],
            "start -> c",
            "c:x -> done",
        ),
        "Call it x_2",
    ),
    ("one_worker", line(node("m", "map", {"items": "[1]"})), "Choose writer"),
    (
        "one_worker",
        line(node("m", "map", {"items": "[1]", "agent": "writer", "text": "x", "tool": "lookup"})),
        "Keep the agent",
    ),
    ("missing_field", line(node("s", "supervisor", {"agent": "x", "text": "x"})), "Choose writer"),
    ("missing_field", line(node("t", "team", {"participants": ["writer"], "text": "x"})), "Set protocol"),
    ("dead_reference", line(met(["writer", "ghost"])), "Go on without ghost"),
    ("dead_reference", line(met(["writer"], decide="judge", judge="ghost")), "Choose writer"),
    ("duplicate_participant", line(met(["writer", "writer"])), "Name it once"),
    (
        "duplicate_worker",
        line(node("s", "supervisor", {"agent": "writer", "text": "x", "workers": ["writer", "writer@1"]})),
        "Name it once",
    ),
    ("unknown_participant", line(met(["writer"], weights={"ghost": 2})), "Remove its weight"),
    ("other_version", line(met(["writer"], weights={"writer": 1, "writer@9": 2})), "Remove its weight"),
    ("duplicate_weight", line(met(["writer@1"], weights={"writer": 1, "writer@1": 2})), "Remove its weight"),
    ("missing_options", line(met(["writer", "user:rita"], "vote")), "Vote yes or no"),
    ("missing_judge", line(met(["writer"], decide="judge")), "Choose writer"),
    ("missing_moderator", line(met(["writer"], "moderated")), "Choose writer"),
    ("nothing_to_decide", line(met(["writer"], decide="majority")), "Decide nothing"),
    ("unused", line(met(["writer"], quorum=1)), "Clear it"),
    ("silent_participants", line(met(["writer", "user:rita"], max_turns=1)), "Allow 2 messages"),
    (
        "quorum_too_high",
        line(met(["writer", "user:rita"], "vote", options=["a", "b"], quorum=3)),
        "Ask for 2",
    ),
    ("one_moment", line(node("w", "wait", {})), "Wait for a minute"),
    (
        "no_escalation",
        line(node("a", "approval", {"reviewers": ["user:rita"], "on_timeout": "escalate", "due_in_s": 5})),
        "Reject when time is up",
    ),
    (
        "never_due",
        line(node("a", "approval", {"reviewers": ["user:rita"], "on_timeout": "reject"})),
        "Reject when time is up",
    ),
    ("not_object", line(schema({"type": "string"})), "Describe an object"),
    ("type", line(node("a", "agent", timeout_s="soon")), "Clear it"),
    ("maximum", line(node("a", "agent", timeout_s=10**6)), "Clear it"),
    ("unknown_field", line(node("a", "wait", {"seconds": 1, "colour": "red"})), "Clear it"),
]


def told(problems, code):
    return [problem for problem in problems if problem.code == code]


@pytest.mark.parametrize(("code", "document", "label"), MENDED, ids=[f"{c[0]}-{c[2]}" for c in MENDED])
def test_a_fix_removes_its_problem(code, document, label):
    problems = told(check(document, lookup), code)
    [fix, *_] = fixes(document, problems[:1], STOCK)
    assert fix.label == label
    mended = apply(document, fix.operations).document
    left = [(problem.pointer, problem.message) for problem in told(check(mended, lookup), code)]
    assert len(left) < len(problems)
    assert problems[0].message not in [message for _, message in left]


def test_a_fix_of_an_unfinished_agent_finishes_it():
    document = line({"id": "a", "type": "agent"})
    [fix] = fixes(document, check(document, lookup), STOCK)
    mended = apply(document, fix.operations).document
    assert mended["nodes"][1]["config"] == {"agent": "writer", "text": "{{ input }}"}
    assert check(mended, lookup) == []


def test_edges_follow_a_port_that_a_fix_renames():
    case = node("c", "condition", {"cases": [{"port": "error", "when": "true"}]})
    document = drawn([case], "start -> c", "c:error -> done", "c:else -> done")
    problems = told(check(document, lookup), "reserved_port")
    mended = apply(document, fixes(document, problems, STOCK)[0].operations).document
    assert mended["edges"][1] == edge("c:error_2 -> done")
    assert check(mended, lookup) == []


@pytest.mark.parametrize(
    "document",
    [
        line(node("a", "agent", {"agent": "ghost", "text": "x"})),
        line(node("a", "agent", {"text": "x"})),
    ],
)
def test_nothing_is_chosen_where_there_is_a_choice(document):
    problems = check(document, lookup)
    assert fixes(document, problems, {"agent": ["writer", "editor"]}) == [None]


def test_what_only_its_author_can_know_has_no_fix():
    document = line(node("t", "transform", {"output": "= steps.ghost.output"}))
    assert fixes(document, check(document, lookup), STOCK) == [None]


HINTED = [
    ("no_fallback", line(node("a", "agent")), {"agent": ["writer", "editor"]}, "Fall back on editor"),
    ("no_fallback", line(node("a", "agent")), STOCK, "Ask a reviewer then"),
    ("no_output", line(node("a", "wait")), STOCK, "Set the output"),
    (
        "no_exhausted",
        drawn([CASE], "start -> c", "c:again -> c *2", "c:else -> done"),
        STOCK,
        "Go on to the end",
    ),
]


@pytest.mark.parametrize(("code", "document", "stock", "label"), HINTED)
def test_a_hint_has_a_fix_too(code, document, stock, label):
    [hint] = told(hints(document), code)
    [fix] = fixes(document, [hint], stock)
    assert (hint.severity, fix.label) == ("info", label)
    mended = apply(document, fix.operations).document
    assert told(hints(mended), code) == []
    assert not [problem for problem in check(mended, lookup) if problem.severity == "error"]


@pytest.mark.parametrize("edges", [["start -> done"], ["start -> done", "b -> done"]])
def test_a_loose_node_that_is_put_on_the_way_leaves_no_way_around_it(edges):
    document = drawn([node("b", "agent")], *edges)
    [fix] = fixes(document, told(check(document, lookup), "unreachable"), STOCK)
    mended = apply(document, fix.operations).document
    assert {(one["from"], one["to"]) for one in mended["edges"]} == {("start", "b"), ("b", "done")}
