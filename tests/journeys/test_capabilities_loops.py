"""Loops: repeated, used up, nested, numbered (P14; contract 4.5)."""

from tests.journeys.playhouse import House, agent_node, end, node

LOOP = "start > write; write > check; check.revise > write x3; check.else > done"


def check(when: str, **more) -> dict:
    return node("check", "condition", more, cases=[{"port": "revise", "when": when}])


def test_a_writer_is_sent_back_until_the_check_passes(house: House):
    writer = house.agent(
        {"when": {"iteration": 1}, "say": "Draft one."},
        {"when": {"iteration": 2}, "say": "Draft two."},
        {"when": {"iteration": 3}, "say": "Final."},
    )
    nodes = [
        agent_node("write", writer, "Round {{ iteration }}"),
        check("steps.write.output.text != 'Final.'"),
        end(output={"text": "{{ steps.write.output.text }}", "last": "{{ steps.check.port }}"}),
    ]
    play = house.play(nodes, LOOP)
    assert play.output == {"text": "Final.", "last": "else"}
    assert [(s["iteration"], s["output"]["text"]) for s in play.steps("write")] == [
        (1, "Draft one."),
        (2, "Draft two."),
        (3, "Final."),
    ]
    assert [step["port"] for step in play.steps("check")] == ["revise", "revise", "else"]
    assert [step["iteration"] for step in play.steps("done")] == [1]
    asked = [data["candidates"] for data in play.lines("choice.made", "check")]
    assert len(asked) == 3


def test_a_loop_that_is_used_up_leaves_by_exhausted(house: House):
    nodes = [
        node("write", "transform", output="= iteration"),
        check("true"),
        end(),
        end("gave_up", {"drafts": "= steps.write.output"}),
    ]
    play = house.play(nodes, LOOP, "check.exhausted > gave_up")
    assert play.output == {"drafts": 4}
    assert [step["port"] for step in play.steps("check")] == ["revise", "revise", "revise", "exhausted"]
    assert play.statuses()["done"] == "skipped"


def test_a_loop_that_is_used_up_with_nothing_connected_fails_the_run(house: House):
    play = house.play([node("write", "transform", output="= iteration"), check("true"), end()], LOOP)
    run = play.failed("loop_exhausted", "check")
    assert run["error"]["iteration"] == 4
    assert len(play.steps("write")) == 4


def test_a_node_may_repeat_itself(house: House):
    nodes = [node("again", "condition", cases=[{"port": "more", "when": "iteration < 5"}]), end()]
    play = house.play(nodes, "start > again; again.more > again x10; again.else > done")
    play.ended()
    assert [step["iteration"] for step in play.steps("again")] == [1, 2, 3, 4, 5]


def test_an_inner_loop_counts_anew_and_iterations_never_do(house: House):
    """Outer max 1, inner max 2: the inner body runs three times in each of the two outer rounds."""
    nodes = [
        node("plan", "transform", output="= iteration"),
        node("try_it", "transform", output="= iteration"),
        node("inner", "condition", cases=[{"port": "again", "when": "true"}]),
        node("outer", "condition", cases=[{"port": "replan", "when": "true"}]),
        end(output={"plan": "= steps.plan.output", "tried": "= steps.try_it.output"}),
    ]
    drawn = (
        "start > plan; plan > try_it; try_it > inner; inner.again > try_it x2; inner.exhausted > outer; "
        "outer.replan > plan x1; outer.exhausted > done"
    )
    play = house.play(nodes, drawn)
    assert play.output == {"plan": 2, "tried": 6}
    assert [s["iteration"] for s in play.steps("plan")] == [1, 2]
    assert [s["iteration"] for s in play.steps("try_it")] == [1, 2, 3, 4, 5, 6]
    assert [s["iteration"] for s in play.steps("outer")] == [1, 2]
    assert sorted(s["port"] for s in play.steps("inner")) == ["again"] * 4 + ["exhausted"] * 2


def test_branches_of_a_body_join_in_every_round_with_that_rounds_outputs(house: House):
    nodes = [
        node("split", "transform", output="= iteration"),
        node("a", "transform", output="= steps.split.output * 10"),
        node("b", "transform", output="= steps.split.output * 100"),
        node("both", "join", combine="list"),
        node("enough", "condition", cases=[{"port": "again", "when": "iteration < 3"}]),
        end(output="= steps.both.output.items"),
    ]
    drawn = (
        "start > split; split > a; split > b; a > both; b > both; both > enough; enough.again > split x5; "
        "enough.else > done"
    )
    play = house.play(nodes, drawn)
    assert play.output == [30, 300]
    assert [step["output"]["items"] for step in play.steps("both")] == [[10, 100], [20, 200], [30, 300]]


def test_what_the_last_round_skipped_may_be_read_from_the_round_before(house: House):
    """4.9: a loop holds both, so that it is the latest finished iteration's."""
    nodes = [
        node("first", "condition", cases=[{"port": "yes", "when": "iteration == 1"}]),
        node("note", "transform", output="from round {{ iteration }}"),
        node("meet", "join"),
        node("enough", "condition", cases=[{"port": "again", "when": "iteration < 2"}]),
        end(output="{{ steps.note.output }}"),
    ]
    drawn = (
        "start > first; first.yes > note; note > meet; first.else > meet; meet > enough; enough.again > first x5; "
        "enough.else > done"
    )
    play = house.play(nodes, drawn)
    assert play.output == "from round 1"
    assert [step["status"] for step in play.steps("note")] == ["succeeded", "skipped"]


def test_ending_a_loop_stops_what_still_runs_in_its_body(house: House):
    """A fast tail behind an any join ends the loop; the slow branch of the body has no way on."""
    slow = house.agent({"say": "Late.", "after_s": 20})
    nodes = [
        node("split", "transform", output="= iteration"),
        agent_node("slow", slow),
        node("fast", "transform", output="= 1"),
        node("meet", "join", mode="any"),
        node("enough", "condition", cases=[{"port": "again", "when": "iteration < 3"}]),
        end(output="= steps.enough.port"),
    ]
    drawn = (
        "start > split; split > slow; split > fast; slow > meet; fast > meet; meet > enough; "
        "enough.again > split x5; enough.else > done"
    )
    play = house.play(nodes, drawn)
    assert play.output == "else"
    assert [step["status"] for step in play.steps("slow")] == ["cancelled"] * 3


def test_an_error_may_send_a_body_back(house: House):
    flaky = house.agent({"when": {"iteration": 1}, "fail": {"status": 400}}, {"say": "Well."})
    nodes = [agent_node("work", flaky, on_error="port"), end(output="{{ steps.work.output.text }}")]
    play = house.play(nodes, "start > work; work.error > work x2; work > done")
    assert play.output == "Well."
    assert [(s["status"], s["port"]) for s in play.steps("work")] == [
        ("failed", "error"),
        ("succeeded", "out"),
    ]
