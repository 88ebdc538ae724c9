"""Owns the tests of start, end, transform, condition, join and wait: steps that need nobody."""

import pytest

from flows.graph import parse_node
from flows.nodes import TYPES
from flows.nodes.base import Finished, StepFailed
from tests.flows.context import STARTED, World, run
from tests.flows.drawings import node

ARRIVED = [("facts", {"text": "Water boils."}), ("opinion", "It is nice."), ("score", {"points": 3})]


async def test_start_hands_on_the_runs_input():
    assert await run(node("s", "start"), input={"topic": "tea"}) == Finished({"topic": "tea"}, ("out",))


@pytest.mark.parametrize(("type", "ports"), [("end", ()), ("transform", ("out",))])
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {"facts": {"text": "Water boils."}, "opinion": "It is nice.", "score": {"points": 3}}),
        ({"output": None}, None),
        ({"output": "= steps.score.output.points * 2"}, 6),
        (
            {"output": {"answer": "{{ input.name }}!", "list": [1, "= input.name"]}},
            {"answer": "Ada!", "list": [1, "Ada"]},
        ),
        ({"output": "\\= plain"}, "= plain"),
    ],
)
async def test_end_and_transform_make_a_value_or_give_what_arrived(type, ports, config, expected):
    steps = {"score": {"output": {"points": 3}, "port": "out", "ports": ["out"]}}
    finished = await run(node("e", type, config), arrived=ARRIVED, input={"name": "Ada"}, steps=steps)
    assert finished == Finished(expected, ports)


async def test_a_name_that_is_missing_fails_the_step_with_the_expression():
    with pytest.raises(StepFailed) as failure:
        await run(node("t", "transform", {"output": "= input.nam"}), input={"name": "Ada"})
    assert failure.value.code == "expression_error"
    assert "input.nam" in failure.value.message


CASES = [
    {"port": "big", "when": "input.amount > 100"},
    {"port": "odd", "when": "input.amount % 2 == 1"},
    {"port": "broken", "when": "input.amount.nothing"},
]


@pytest.mark.parametrize(
    ("amount", "port", "scores", "reason"),
    [
        (101, "big", [1, 0, 0], "`input.amount > 100` is true"),
        (3, "odd", [0, 1, 0], "`input.amount % 2 == 1` is true"),
    ],
)
async def test_a_condition_takes_the_first_true_case_and_looks_no_further(amount, port, scores, reason):
    world = World()
    finished = await run(node("c", "condition", {"cases": CASES}), world, input={"amount": amount})
    assert finished == Finished({"port": port}, (port,))
    [choice] = world.choices
    assert (choice["kind"], choice["method"], choice["chosen"], choice["reason"]) == (
        "condition",
        "rules",
        [port],
        reason,
    )
    assert [candidate["score"] for candidate in choice["candidates"]] == scores


async def test_a_condition_without_a_true_case_takes_else():
    world = World()
    finished = await run(node("c", "condition", {"cases": CASES[:2]}), world, input={"amount": 2})
    assert finished == Finished({"port": "else"}, ("else",))
    assert world.choices == [
        {
            "kind": "condition",
            "candidates": [
                {"name": "big", "score": 0, "excluded_because": "its condition is false"},
                {"name": "odd", "score": 0, "excluded_because": "its condition is false"},
            ],
            "chosen": ["else"],
            "method": "rules",
            "reason": "no case is true",
        }
    ]


async def test_a_condition_that_cannot_be_evaluated_fails_the_step():
    with pytest.raises(StepFailed) as failure:
        await run(node("c", "condition", {"cases": CASES}), input={"amount": 2})
    assert failure.value.code == "expression_error"


@pytest.mark.parametrize(
    ("combine", "expected"),
    [
        ("object", {"facts": {"text": "Water boils."}, "opinion": "It is nice.", "score": {"points": 3}}),
        ("list", {"items": [{"text": "Water boils."}, "It is nice.", {"points": 3}]}),
        ("text", {"text": 'Water boils.\n\nIt is nice.\n\n{"points":3}'}),
    ],
)
async def test_a_join_combines_what_arrived_in_edge_order(combine, expected):
    assert await run(node("j", "join", {"combine": combine}), arrived=ARRIVED) == Finished(expected)


async def test_a_join_combines_as_an_object_by_itself():
    assert (await run(node("j", "join", {}), arrived=[("a", 1)])).output == {"a": 1}


async def test_a_join_may_ask_an_agent_to_combine():
    world = World(agents={"editor": "One text."})
    config = {"combine": "agent", "agent": "editor", "text": "Merge {{ steps.a.output }}."}
    steps = {"a": {"output": "this"}}
    assert (await run(node("j", "join", config), world, arrived=[("a", "this")], steps=steps)).output == {
        "text": "One text."
    }
    assert world.asked == [("editor", "Merge this.")]


@pytest.mark.parametrize(
    ("votes", "winner", "tally"),
    [
        (["A", "A", "B"], "A", [("A", 2), ("B", 1)]),
        (["B", "A", "A"], "A", [("B", 1), ("A", 2)]),
        (["B", "A"], "B", [("B", 1), ("A", 1)]),
        (["C", "A", "B", "B", "A"], "A", [("C", 1), ("A", 2), ("B", 2)]),
        ([1, 1.0, True], 1, [(1, 2), (True, 1)]),
        ([{"x": 1, "y": 2}, {"y": 2, "x": 1}, None], {"x": 1, "y": 2}, [({"x": 1, "y": 2}, 2), (None, 1)]),
        (["only"], "only", [("only", 1)]),
    ],
)
async def test_a_vote_goes_to_the_most_and_a_tie_to_the_first_edge(votes, winner, tally):
    arrived = [(f"voter{number}", {"choice": vote}) for number, vote in enumerate(votes)]
    finished = await run(node("j", "join", {"combine": "vote", "on": "item.choice"}), arrived=arrived)
    assert finished.output == {
        "winner": winner,
        "tally": [{"value": value, "count": count} for value, count in tally],
    }


async def test_a_vote_without_on_counts_the_outputs_themselves():
    finished = await run(node("j", "join", {"combine": "vote"}), arrived=[("a", "x"), ("b", "y"), ("c", "y")])
    assert finished.output["winner"] == "y"


async def test_a_quorum_that_was_not_reached_fails_the_step():
    config = {"mode": "quorum", "count": 3}
    with pytest.raises(StepFailed) as failure:
        await run(node("j", "join", config), arrived=[("a", 1), ("b", 2)])
    assert (failure.value.code, failure.value.retryable) == ("quorum_not_reached", False)
    assert failure.value.message.startswith("2 of 3 needed branches arrived")
    assert (await run(node("j", "join", config), arrived=[("a", 1), ("b", 2), ("c", 3)])).output["c"] == 3


@pytest.mark.parametrize(
    ("config", "moment", "until"),
    [
        ({"seconds": 90}, STARTED + 90_000_000, "2026-01-01T00:01:30.000Z"),
        ({"seconds": 0.25}, STARTED + 250_000, "2026-01-01T00:00:00.250Z"),
        ({"seconds": "= input.minutes * 60"}, STARTED + 120_000_000, "2026-01-01T00:02:00.000Z"),
        ({"until": "2026-01-01T02:00:00+01:00"}, STARTED + 3_600_000_000, "2026-01-01T01:00:00.000Z"),
        ({"until": "= input.at"}, STARTED + 1_000_000, "2026-01-01T00:00:01.000Z"),
        ({"until": "2020-01-01T00:00:00Z"}, STARTED, "2020-01-01T00:00:00.000Z"),
    ],
)
async def test_a_wait_ends_at_its_moment_counted_from_its_first_start(config, moment, until):
    world = World()
    given = {"minutes": 2, "at": "2026-01-01T00:00:01Z"}
    assert await run(node("w", "wait", config), world, input=given) == Finished({"until": until})
    assert world.now == moment


@pytest.mark.parametrize(
    "config",
    [
        {"seconds": "= input.x"},
        {"seconds": "= true"},
        {"seconds": "= -1"},
        {"until": "= input.x"},
        {"until": "= 5"},
    ],
)
async def test_a_wait_for_what_is_no_time_fails_the_step(config):
    with pytest.raises(StepFailed) as failure:
        await run(node("w", "wait", config), input={"x": "soon"})
    assert failure.value.code == "invalid_input"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (node("n", "transform"), True),
        (node("n", "router"), True),
        (node("n", "router", {"by": "agent", "agent": "a", "text": "x", "routes": []}), False),
        (node("n", "join", {}), True),
        (node("n", "join", {"combine": "agent", "agent": "a", "text": "x"}), False),
        (node("n", "tool"), False),
        (node("n", "wait"), False),
    ],
)
def test_a_pure_step_touches_nothing_but_its_inputs(item, expected):
    parsed = parse_node(item)
    assert TYPES[parsed.type].is_pure(parsed.config) is expected
