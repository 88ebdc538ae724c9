"""Joins: every mode and every way to combine (P2, P16, P17, E7; contract 4.3)."""

import pytest

from tests.journeys.playhouse import House, agent_node, end, node, seconds_of

THREE = "start > a; start > b; start > c; a > all; b > all; c > all; all > done"
MADE = [node(id, "transform", output={"from": id}) for id in "abc"]
ALL = {"a": {"from": "a"}, "b": {"from": "b"}, "c": {"from": "c"}}


def values(*made) -> list[dict]:
    return [node(id, "transform", output=value) for id, value in zip("abc", made, strict=False)]


@pytest.mark.parametrize(
    ("combine", "made", "output"),
    [
        ({}, MADE, ALL),
        ({"combine": "object"}, MADE, ALL),
        ({"combine": "list"}, MADE, {"items": [{"from": "a"}, {"from": "b"}, {"from": "c"}]}),
        (
            {"combine": "text"},
            values("One.", {"text": "Two."}, {"n": 3}),
            {"text": 'One.\n\nTwo.\n\n{"n":3}'},
        ),
        (
            {"combine": "vote"},
            values("x", "y", "y"),
            {"winner": "y", "tally": [{"value": "x", "count": 1}, {"value": "y", "count": 2}]},
        ),
        (
            {"combine": "vote"},
            values("x", "y", {"z": 1}),
            {
                "winner": "x",
                "tally": [
                    {"value": "x", "count": 1},
                    {"value": "y", "count": 1},
                    {"value": {"z": 1}, "count": 1},
                ],
            },
        ),
        (
            {"combine": "vote", "on": "item.label"},
            values({"label": "spam", "n": 1}, {"label": "ham", "n": 2}, {"label": "ham", "n": 3}),
            {"winner": "ham", "tally": [{"value": "spam", "count": 1}, {"value": "ham", "count": 2}]},
        ),
    ],
    ids=["default", "object", "list", "text", "majority", "tie", "vote on a field"],
)
def test_all_branches_are_combined(house: House, combine: dict, made: list[dict], output: dict):
    nodes = [*made, node("all", "join", **combine), end(output="= steps.all.output")]
    assert house.play(nodes, THREE).output == output


def test_an_agent_combines_what_three_wrote(house: House):
    synth = house.agent({"when": {"contains": "a=A; b=B; c=C"}, "say": "A, B and C agree."})
    nodes = [
        *values("A", "B", "C"),
        node(
            "all",
            "join",
            combine="agent",
            agent=synth,
            text="a={{ steps.a.output }}; b={{ steps.b.output }}; c={{ steps.c.output }}",
        ),
        end(output="= steps.all.output"),
    ]
    play = house.play(nodes, THREE)
    assert play.output == {"text": "A, B and C agree."}
    assert [data["status"] for data in play.lines("model.called", "all")] == ["ok"]
    assert play.step("all")["agent"] == synth


def test_three_branches_of_a_second_each_take_little_more_than_one(house: House):
    """P2: wall time and overlap."""
    slow = house.agent({"say": "Done.", "after_s": 1})
    nodes = [agent_node(id, slow) for id in "abc"]
    play = house.play([*nodes, node("all", "join", combine="list"), end(output="= steps.all.output")], THREE)
    assert play.output == {"items": [{"text": "Done."}] * 3}
    run = play.ended()
    assert seconds_of(run) < 1.6
    assert play.overlap() == 3


@pytest.mark.parametrize("combine", ["object", "list", "text", "vote"])
def test_any_goes_on_with_the_first_and_cancels_the_others(house: House, combine: str):
    hasty = house.agent({"say": "First!", "after_s": 0.3})
    slow = house.agent({"say": "Late.", "after_s": 20})
    nodes = [agent_node("a", slow), agent_node("b", hasty), node("c", "wait", seconds=20)]
    nodes += [node("all", "join", mode="any", combine=combine), end(output="= steps.all.output")]
    play = house.play(nodes, THREE)
    first = {"text": "First!"}
    assert (
        play.output
        == {
            "object": {"b": first},
            "list": {"items": [first]},
            "text": first,
            "vote": {"winner": first, "tally": [{"value": first, "count": 1}]},
        }[combine]
    )
    assert {id: play.statuses()[id] for id in "abc"} == {"a": "cancelled", "b": "succeeded", "c": "cancelled"}
    assert seconds_of(play.ended()) < 5
    (cut,) = play.lines("model.called", "a")
    assert (cut["status"], cut["error"]["code"]) == ("error", "cancelled")


@pytest.mark.parametrize(
    ("combine", "output"),
    [
        ({"combine": "object"}, {"a": "x", "b": "y"}),
        ({"combine": "list"}, {"items": ["x", "y"]}),
        ({"combine": "text"}, {"text": "x\n\ny"}),
        (
            {"combine": "vote"},
            {"winner": "x", "tally": [{"value": "x", "count": 1}, {"value": "y", "count": 1}]},
        ),
        ({"combine": "agent", "text": "{{ steps.c is defined }}"}, {"text": "false"}),
    ],
    ids=lambda value: value.get("combine", "") if isinstance(value, dict) else "",
)
def test_a_quorum_combines_the_first_two_of_three(house: House, combine: dict, output: dict):
    if combine["combine"] == "agent":
        combine = {**combine, "agent": house.agent()}
    nodes = [*values("x", "y"), node("c", "wait", seconds=20)]
    nodes += [node("all", "join", mode="quorum", count=2, **combine), end(output="= steps.all.output")]
    play = house.play(nodes, THREE)
    assert play.output == output
    assert play.statuses()["c"] == "cancelled"


def test_any_may_be_combined_by_an_agent(house: House):
    nodes = [*values("x"), node("b", "wait", seconds=20), node("c", "wait", seconds=20)]
    nodes += [
        node("all", "join", mode="any", combine="agent", agent=house.agent(), text="{{ steps.a.output }}!"),
        end(output="= steps.all.output"),
    ]
    assert house.play(nodes, THREE).output == {"text": "x!"}


def test_items_of_a_map_stop_with_it(house: House):
    slow = house.agent({"say": "Late.", "after_s": 20})
    nodes = [
        node("a", "map", items="[1, 2]", agent=slow, text="{{ item }}"),
        agent_node("b", house.agent({"say": "First!", "after_s": 0.4})),
        node("all", "join", mode="any"),
        node("rest", "wait", seconds=0.5),
        end(output="= steps.all.output"),
    ]
    play = house.play(nodes, "start > a; start > b; a > all; b > all; all > rest; rest > done")
    assert play.output == {"b": {"text": "First!"}}
    assert [step["status"] for step in play.steps("a")] == ["cancelled"] * 3
    assert all(step["finished_at"] < play.step("rest")["finished_at"] for step in play.steps("a"))


def test_a_quorum_sees_what_has_arrived_by_then_and_later_arrivals_change_nothing(house: House):
    nodes = [
        *values(1, 2),
        node("c", "wait", seconds=1),
        node("all", "join", mode="quorum", count=2),
        end(output="= steps.all.output"),
        node("log", "transform", output="= steps.c.output.until"),
        end("logged", "= steps.log.output != ''"),
    ]
    play = house.play(nodes, THREE, "c > log; log > logged")
    # `c` also leads elsewhere, so it is not cancelled; the join does not wait for it.
    assert play.output == {"done": {"a": 1, "b": 2}, "logged": True}
    assert play.step("all")["finished_at"] < play.step("c")["finished_at"]
    assert len(play.steps("all")) == 1


def test_a_quorum_that_cannot_be_reached_any_more_fails_the_run(house: House):
    nodes = [
        node("pick", "condition", cases=[{"port": "one", "when": "input.n == 1"}]),
        *values("A", "B"),
        node("both", "join", mode="quorum", count=2),
        end(),
    ]
    play = house.play(
        nodes, "start > pick; pick.one > a; pick.else > b; a > both; b > both; both > done", input={"n": 1}
    )
    play.failed("quorum_not_reached", "both")
    assert play.statuses()["b"] == "skipped"


def test_a_quorum_that_is_not_reached_may_leave_by_its_error_port(house: House):
    nodes = [
        node("pick", "condition", cases=[{"port": "one", "when": "true"}]),
        *values("A", "B"),
        node("both", "join", {"on_error": "port"}, mode="quorum", count=2),
        end(),
        end("alone", "= error.code"),
    ]
    drawn = "start > pick; pick.one > a; pick.else > b; a > both; b > both; both > done; both.error > alone"
    play = house.play(nodes, drawn)
    assert play.output == "quorum_not_reached"
    assert play.step("both")["port"] == "error"


def test_an_all_join_goes_on_with_the_branches_that_were_taken(house: House):
    nodes = [
        node("pick", "condition", cases=[{"port": "one", "when": "input.n == 1"}]),
        *values("A", "B", "C"),
        node("all", "join", combine="list"),
        end(output="= steps.all.output"),
    ]
    drawn = "start > pick; pick.one > a; pick.else > b; start > c; a > all; b > all; c > all; all > done"
    flow = house.flow(nodes, drawn)
    assert house.launch(flow, {"n": 1}).output == {"items": ["A", "C"]}
    assert house.launch(flow, {"n": 2}).output == {"items": ["B", "C"]}


def test_a_join_behind_branches_that_were_all_skipped_is_skipped(house: House):
    nodes = [
        node("pick", "condition", cases=[{"port": "work", "when": "false"}]),
        *values("A", "B"),
        node("all", "join"),
        end(),
        end("nothing", "nothing to do"),
    ]
    drawn = "start > pick; pick.work > a; pick.work > b; a > all; b > all; all > done; pick.else > nothing"
    play = house.play(nodes, drawn)
    assert play.output == "nothing to do"
    assert play.statuses() | {"start": "", "pick": "", "nothing": ""} == {
        **dict.fromkeys(["a", "b", "all", "done"], "skipped"), "start": "", "pick": "", "nothing": "",
    }  # fmt: skip


def test_a_branch_that_fails_hands_its_error_to_the_join_and_its_siblings_stay(house: House):
    """E7: siblings' results are kept, the join receives what there is and the error, nothing runs twice."""
    fine, broken = house.agent({"say": "Fine."}), house.agent({"fail": {"status": 500}})
    nodes = [
        agent_node("a", fine),
        agent_node("b", broken, on_error="port"),
        agent_node("c", fine),
        node("all", "join"),
        end(output="= steps.all.output"),
    ]
    play = house.play(nodes, THREE.replace("b > all", "b.error > all"))
    output = play.output
    assert (output["a"], output["c"]) == ({"text": "Fine."}, {"text": "Fine."})
    assert output["b"]["error"]["code"] == "provider_error"
    assert "500" in output["b"]["error"]["message"]
    assert [len(play.steps(id)) for id in "abc"] == [1, 1, 1]
    assert play.step("b")["error"]["code"] == "provider_error"


def test_an_error_port_that_leads_nowhere_ends_only_its_branch(house: House):
    broken = house.agent({"fail": {"status": 400}})
    nodes = [*values("A"), agent_node("b", broken, on_error="port"), node("all", "join"), end()]
    play = house.play(nodes, "start > a; start > b; a > all; b > all; all > done")
    assert play.output == {"all": {"a": "A"}}


def test_without_an_error_port_the_first_failure_ends_the_run_and_keeps_what_finished(house: House):
    broken = house.agent({"fail": {"status": 400}, "after_s": 0.3})
    slow = house.agent({"say": "Late.", "after_s": 20})
    nodes = [*values("A"), agent_node("b", broken), agent_node("c", slow), node("all", "join"), end()]
    play = house.play(nodes, THREE)
    run = play.failed("provider_error", "b")
    assert run["error"]["iteration"] == 1 and run["output"] is None
    assert {id: play.statuses()[id] for id in "abc"} == {"a": "succeeded", "b": "failed", "c": "cancelled"}
    assert play.step("a")["output"] == "A"


@pytest.mark.parametrize(
    ("confidence", "status", "output"),
    [(0.5, "succeeded", "both: first 0.5, second"), (0.8, "skipped", "alone: first 0.8")],
)
def test_a_second_opinion_is_asked_only_below_the_threshold(
    house: House, confidence: float, status: str, output: str
):
    """P16."""
    schema = {
        "type": "object",
        "required": ["answer", "confidence"],
        "properties": {"answer": {"type": "string"}, "confidence": {"type": "number"}},
    }
    first = house.agent({"json": {"answer": "first", "confidence": confidence}}, output_schema=schema)
    second, synth = house.agent({"say": "second"}), house.agent()
    said = "{{ steps.first.output.answer }} {{ steps.first.output.confidence }}"
    nodes = [
        agent_node("first", first),
        node("sure", "condition", cases=[{"port": "unsure", "when": "steps.first.output.confidence < 0.7"}]),
        agent_node("second", second),
        agent_node("both", synth, f"both: {said}, {{{{ steps.second.output.text }}}}"),
        agent_node("alone", synth, f"alone: {said}"),
        node("all", "join", mode="all", combine="text"),
        end(output="{{ steps.all.output.text }}"),
    ]
    drawn = (
        "start > first; first > sure; sure.unsure > second; second > both; sure.else > alone; both > all; "
        "alone > all; all > done"
    )
    play = house.play(nodes, drawn)
    assert play.output == output
    assert play.statuses()["second"] == status
