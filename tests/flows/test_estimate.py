"""Owns the tests of what a flow may cost: literal sums over loops, maps, retries, fallbacks and tool calls."""

from fractions import Fraction

import pytest

from flows.estimate import estimate
from tests.flows.drawings import flow, library, line, node

# 1,000 and 10,000 billionths of a dollar a token: $1 and $10 a million.
PRICES = {
    "m/paid": (1_000, 10_000),
    "m/dear": (2_000, 20_000),
    "m/free": (0, 0),
    "m/out": (0, Fraction(1, 3)),
}


def price(model):
    return PRICES.get(model)


def agent(model="m/paid", **more):
    return {"slug": "x", "purpose": "x", "model": model, "params": {"max_tokens": 100}, **more}


WINDOW = {"context": {"max_tokens": 250}}  # 1,000 tokens in at most: one a character
# 1,000 in at 1,000 and 100 out at 10,000 are 2,000,000 billionths: $0.002 a call, and a repair as much again.
AGENTS = library(
    agent_plain=agent(),
    agent_windowed=agent(**WINDOW),
    agent_capped=agent(limits={"max_cost_usd_per_call": 0.001}),
    agent_free=agent("m/free"),
    agent_outonly=agent("m/out"),
    agent_unpriced=agent("m/new"),
    agent_tooled=agent(tools=["lookup"], limits={"max_tool_calls": 3}, **WINDOW),
    agent_second=agent(fallback_models=["m/dear"], **WINDOW),
    agent_bounded=agent(limits={"max_tool_calls": 1}, **WINDOW),
    agent_handing=agent(
        delegation={"to": ["windowed"], "max_hops": 2}, limits={"max_tool_calls": 1}, **WINDOW
    ),
    flow_child=line(node("a", "agent", {"agent": "windowed", "text": "{{ input.x }}"})) | {"slug": "child"},
    flow_capped=line(
        node("a", "agent", {"agent": "plain", "text": "{{ input.x }}"}), limits={"max_cost_usd": 0.25}
    ),
    flow_round=line(node("a", "subflow", {"flow": "round"})) | {"slug": "round"},
)


def asks(name, text="{{ input.x }}", **more):
    return node("a", "agent", {"agent": name, "text": text}, **more)


def worst(document):
    found = estimate(document, AGENTS, price)
    return found["worst_usd"], found["unbounded"]


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (asks("windowed"), 0.004),
        (asks("capped"), 0.002),
        (asks("free"), 0),
        (asks("outonly"), 0.000000067),
        (asks("tooled"), 0.01),
        (asks("second"), 0.018),
        (asks("plain", "x" * 1000), 0.004),
        (asks("windowed", retry={"max_attempts": 3}), 0.012),
        (asks("windowed", fallback=["capped"]), 0.007),
        (asks("windowed", retry={"max_attempts": 2}, fallback=["capped", "free"]), 0.012),
        (node("a", "tool"), 0),
        (node("a", "approval"), 0),
        (node("a", "subflow", {"flow": "child"}), 0.004),
        (node("a", "subflow", {"flow": "child"}, retry={"max_attempts": 2}), 0.008),
        (node("a", "subflow", {"flow": "capped"}), 0.25),
        (node("a", "map", {"items": "[1, 2, 3]", "agent": "windowed", "text": "x"}), 0.012),
        (node("a", "map", {"items": "input.list", "agent": "free", "text": "x"}), 0),
        (node("a", "map", {"items": "[]", "agent": "windowed", "text": "x"}), 0),
    ],
)
def test_the_worst_case_of_one_step(item, expected):
    assert worst(line(item)) == (expected, [])


@pytest.mark.parametrize(
    "item",
    [
        asks("plain"),
        asks("plain", "{% if input.x %}x{% endif %}"),
        asks("unpriced"),
        asks("ghost"),
        asks("windowed", fallback=["unpriced"]),
        node("a", "agent", {"agent": "plain", "text": "x", "output_schema": {"type": "object"}}),
        node("a", "map", {"items": "input.list", "agent": "windowed", "text": "x"}),
        node("a", "subflow", {"flow": "ghost"}),
        node("a", "subflow", {"flow": "round"}),
    ],
)
def test_what_nothing_bounds_is_named(item):
    assert worst(line(item)) == (None, ["a"])
    assert worst(line(item, limits={"max_cost_usd": 0.5})) == (0.5, [])


def test_the_flows_limit_is_never_exceeded():
    assert worst(line(asks("windowed"), limits={"max_cost_usd": 0.003})) == (0.003, [])
    assert worst(line(asks("windowed"), limits={"max_cost_usd": 5})) == (0.004, [])


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"input_schema": {"type": "object", "properties": {"list": {"type": "array", "maxItems": 4}}}},
            0.016,
        ),
        ({"limits": {"max_steps": 10}}, 0.04),
        (
            {
                "limits": {"max_steps": 3},
                "input_schema": {"type": "object", "properties": {"list": {"type": "array", "maxItems": 4}}},
            },
            0.012,
        ),
    ],
    ids=["maxItems", "max_steps", "the smaller of both"],
)
def test_a_maps_items_are_bounded_by_the_schema_or_the_steps(more, expected):
    item = node("a", "map", {"items": "input.list", "agent": "windowed", "text": "x"})
    assert worst(line(item, **more)) == (expected, [])


def looped(*edges):
    cases = [{"port": "again", "when": "false"}]
    nodes = [node("start", "start"), asks("windowed"), node("c", "condition", {"cases": cases})]
    nodes += [node("d", "condition", {"cases": cases}), node("done", "end")]
    return flow(nodes, ["start -> a", "a -> c", "c:else -> d", "d:else -> done", *edges])


@pytest.mark.parametrize(
    ("edges", "expected"),
    [
        ([], 0.004),
        (["c:again -> a *3"], 0.016),
        (["d:again -> d *9"], 0.004),
        (["c:again -> a *3", "d:again -> a *2"], 0.048),
    ],
    ids=["no loop", "a loop", "a loop elsewhere", "a loop in a loop"],
)
def test_loops_multiply(edges, expected):
    assert worst(looped(*edges)) == (expected, [])


def test_the_expected_cost_shares_what_branches_off():
    cases = [{"port": "left", "when": "true"}]
    nodes = [
        node("start", "start"),
        asks("windowed"),
        node("c", "condition", {"cases": cases}),
        asks("windowed") | {"id": "b"},
        node("done", "end"),
    ]
    straight = flow(nodes, ["start -> a", "a -> b", "b -> done", "start -> c", "c:else -> done"])
    branching = flow(nodes, ["start -> c", "c:left -> a", "c:else -> b", "a -> done", "b -> done"])
    # a call: 250 tokens for the tag and 3 for its letters, at 1,000; 50 out at 10,000
    assert estimate(straight, AGENTS, price)["expected_usd"] == 0.001506
    assert estimate(branching, AGENTS, price)["expected_usd"] == 0.000753
    assert estimate(branching, AGENTS, price)["worst_usd"] == 0.008


@pytest.mark.parametrize("document", [{}, {"nodes": 1}])
def test_what_is_no_flow_has_no_estimate(document):
    assert estimate(document, AGENTS, price) == {"expected_usd": 0, "worst_usd": None, "unbounded": []}


@pytest.mark.parametrize(
    "document",
    [
        flow([node("a", "transform"), node("a", "end")], ["a -> a", "ghost -> a", "a -> b *2"]),
        flow([node("a", "transform"), node("b", "transform")], ["a -> b", "b -> a"]),
        flow([node("a", "map", {"items": "(("}), node("b", "oracle")], []),
        flow([], []),
    ],
    ids=["doubles and ghosts", "a cycle", "syntax and an unknown type", "nothing"],
)
def test_an_unsound_flow_is_estimated_without_a_crash(document):
    assert estimate(document, AGENTS, price) == {"expected_usd": 0, "worst_usd": 0, "unbounded": []}


def supervised(workers, **config):
    return node("a", "supervisor", {"agent": "bounded", "text": "x", "workers": workers, **config})


def met(participants, protocol="round_robin", **config):
    return node("a", "team", {"participants": participants, "protocol": protocol, "text": "x", **config})


TURN = 0.004  # of `windowed`: the answer and its repair


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        # The supervisor: a tool call, a round, one turn for what is used up, the answer, and a repair.
        (supervised(["user:rita"], max_rounds=1), 0.01),
        (supervised(["windowed"], max_rounds=1), 0.01 + 16 * TURN),
        (supervised(["windowed", "free"], max_rounds=2), 0.012 + 32 * TURN),
        (supervised(["flow:child"], max_rounds=1), 0.01 + 16 * TURN),
        (met(["windowed", "capped"], max_turns=3), 2 * TURN + 0.002),
        (met(["capped", "windowed"], max_turns=3), 2 * 0.002 + TURN),
        (met(["windowed", "user:rita"], "debate", max_turns=4), 2 * TURN),
        (met(["windowed", "windowed"], "vote", options=["a", "b"]), 2 * TURN),
        (
            met(["windowed", "capped"], "swarm", max_turns=1),
            0.02,
        ),  # eight handoffs that came to nothing, the answer, a repair
        (met(["windowed"], "moderated", moderator="capped", max_turns=2), 2 * TURN + 2 * 0.002),
        (met(["windowed"], max_turns=1, decide="judge", judge="capped"), TURN + 0.002),
        (met(["user:rita"]), 0),
        # Drafts that lack a moderator, a judge, options: what is known counts.
        (met(["windowed"], "moderated", max_turns=2), 2 * TURN),
        (met(["windowed"], "vote", decide="judge"), TURN),
    ],
)
def test_a_supervisor_and_a_team_take_all_their_turns(item, expected):
    assert worst(line(item)) == (pytest.approx(expected), [])


def test_no_more_turns_are_counted_than_the_flow_may_have_steps():
    item = met(["windowed"], max_turns=50)
    assert worst(line(item, limits={"max_steps": 10})) == (pytest.approx(10 * TURN), [])


def test_a_fallback_of_a_team_begins_all_turns_anew():
    item = {**met(["windowed"], max_turns=1), "fallback": ["free"]}
    # One attempt more may be repaired by another agent, for nothing.
    assert worst(line(item)) == (pytest.approx(2 * TURN), [])


def test_whoever_may_hand_over_brings_the_dearest_of_those_who_may_answer():
    # handing: a handoff, the answer, a repair; then twice windowed with its repair.
    assert worst(line(asks("handing"))) == (pytest.approx(0.006 + 2 * TURN), [])
    assert worst(line(asks("handing"), limits={"max_hops": 1})) == (pytest.approx(0.006 + TURN), [])
    assert worst(line(asks("handing"), limits={"max_hops": 0})) == (pytest.approx(0.006), [])


def test_a_second_opinion_counts_at_worst_and_not_as_expected():
    def routed(**more):
        config = {"by": "agent", "agent": "windowed", "text": "x", "routes": [{"port": "p"}], **more}
        return line(node("a", "router", config))

    one, two = (estimate(routed(**more), AGENTS, price) for more in ({}, {"second_opinion": "windowed"}))
    assert two["worst_usd"] == 2 * one["worst_usd"]
    assert two["expected_usd"] == one["expected_usd"]


def test_what_others_write_is_not_bounded_by_the_text_of_the_node():
    found = estimate(line(met(["plain"], max_turns=1)), AGENTS, price)
    assert (found["worst_usd"], found["unbounded"]) == (None, ["a"])
