"""Typed state of a flow (C1): reducers, writers side by side, what a step sees, and what a fork takes over."""

import pytest

from tests.journeys.playhouse import House, agent_node, end, node

STATE = {
    "schema": {
        "type": "object",
        "properties": {
            "notes": {"type": "array", "items": {"type": "string"}, "default": []},
            "facts": {"type": "object"},
            "highest": {"type": "number"},
            "lowest": {"type": "number"},
            "status": {"enum": ["new", "seen", "done"], "default": "new"},
        },
    },
    "reducers": {"notes": "append", "facts": "merge", "highest": "max", "lowest": "min"},
}
WHOLE = "= state"


def writing(id: str, output, **writes) -> dict:
    return node(id, "transform", {"writes": writes}, output=output)


def state_of(play, at: int | None = None) -> dict:
    query = "" if at is None else f"?at={at}"
    return play.house.ada.read(f"runs/{play.id}/state/{query}")["state"]


def test_what_steps_write_comes_together_by_its_reducers(house: House):
    nodes = [
        writing("a", {"n": 3}, notes="first", facts={"a": "= output.n"}, highest="= output.n", lowest=3),
        writing("b", {"n": 7}, notes=["second", "third"], facts={"b": 2}, highest="= output.n", lowest=9),
        writing("c", {"n": 5}, highest=5.5, lowest=2, status="seen", facts={"a": "again"}),
        end(output=WHOLE),
    ]
    play = house.play(nodes, state=STATE)
    expected = {
        "notes": ["first", "second", "third"],
        "facts": {"a": "again", "b": 2},
        "highest": 7,
        "lowest": 2,
        "status": "seen",
    }
    assert play.output == expected
    assert state_of(play) == expected
    assert play.step("b")["writes"] == {
        "notes": ["second", "third"],
        "facts": {"b": 2},
        "highest": 7,
        "lowest": 9,
    }
    assert play.step("done")["writes"] == {}


def test_the_state_stands_typed_after_each_step(house: House):
    play = house.play([writing("a", 1, notes="x"), writing("b", 2, status="done"), end()], state=STATE)
    play.ended()
    seqs = [event["seq"] for event in play.events("step.finished") if event["node"] in ("start", "a", "b")]
    assert [state_of(play, seq) for seq in seqs] == [
        {"notes": [], "status": "new"},
        {"notes": ["x"], "status": "new"},
        {"notes": ["x"], "status": "done"},
    ]
    shown = house.ada.read(f"runs/{play.id}/state/")
    assert [(field["name"], field["reducer"]) for field in shown["fields"]] == [
        ("notes", "append"),
        ("facts", "merge"),
        ("highest", "max"),
        ("lowest", "min"),
        ("status", "replace"),
    ]


def test_a_run_of_a_flow_without_state_has_none(house: House):
    play = house.play([end(output="= input")])
    assert play.output == {}
    assert house.ada.read(f"runs/{play.id}/state/") == {"fields": [], "state": None}


def test_parallel_writers_to_a_list_are_both_kept(house: House):
    slow = house.agent({"say": "slow", "after_s": 0.3})
    quick = house.agent({"say": "quick"})
    write = {"writes": {"notes": "= output.text"}}
    nodes = [
        {**agent_node("a", slow), **write},
        {**agent_node("b", quick), **write},
        node("all", "join"),
        end(output={"notes": "= state.notes"}),
    ]
    play = house.play(nodes, "start > a; start > b; a > all; b > all; all > done", state=STATE)
    assert play.output == {"notes": ["quick", "slow"]}
    assert play.overlap() == 2


def test_parallel_writers_to_a_plain_field_are_refused_with_both_named(house: House):
    nodes = [
        writing("a", 1, status="seen"),
        writing("b", 1, status="done"),
        node("all", "join"),
        end(),
    ]
    drawn = "start > a; start > b; a > all; b > all; all > done"
    assert house.problems(nodes, drawn, state=STATE) == [("parallel_writes", ["a", "b"])]
    slug = house.slug("flow")
    answer = house.ada.post(
        f"projects/demo/flows/{slug}/versions/", json=house.drawn(slug, nodes, drawn, state=STATE)
    )
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == "/nodes/2/writes/status"
    assert "a and b may write to status at the same time" in problem["detail"]


def test_a_step_sees_the_state_as_it_was_when_it_started(house: House):
    """Also where another writes while it works."""
    slow = house.agent({"when": {"contains": "sees 0"}, "say": "0 it was", "after_s": 0.4})
    nodes = [
        {
            **agent_node("a", slow, "sees {{ state.notes | length }}"),
            "writes": {"notes": "= output.text + ' and ' + string(size(state.notes))"},
        },
        writing("b", 1, notes="meanwhile"),
        node("all", "join"),
        end(output={"notes": "= state.notes"}),
    ]
    play = house.play(nodes, "start > a; start > b; a > all; b > all; all > done", state=STATE)
    assert play.output == {"notes": ["meanwhile", "0 it was and 0"]}


def test_a_node_in_a_loop_writes_at_each_iteration(house: House):
    nodes = [
        writing("head", {"n": "= iteration"}, notes="= 'round ' + string(iteration)", highest="= output.n"),
        node("check", "condition", cases=[{"port": "again", "when": "state.highest < 3"}]),
        end(output=WHOLE),
    ]
    play = house.play(
        nodes, "start > head; head > check; check.again > head x5; check.else > done", state=STATE
    )
    assert play.output == {"notes": ["round 1", "round 2", "round 3"], "highest": 3, "status": "new"}
    assert [step["writes"]["highest"] for step in play.steps("head")] == [1, 2, 3]


def test_skipped_and_failed_steps_write_nothing(house: House):
    nodes = [
        node("way", "condition", cases=[{"port": "left", "when": "false"}]),
        writing("left", 1, notes="left"),
        node(
            "broken", "transform", {"on_error": "port", "writes": {"notes": "broken"}}, output="= input.none"
        ),
        end(output="= state.notes"),
    ]
    drawn = "start > way; way.left > left; way.else > broken; left > done; broken > done; broken.error > done"
    assert house.play(nodes, drawn, state=STATE).output == []


@pytest.mark.parametrize(
    ("writes", "code", "told"),
    [
        ({"status": "= input.word"}, "invalid_output", "field status does not fit its schema"),
        ({"notes": "= input.number"}, "invalid_output", "field notes does not fit its schema"),
        ({"facts": "= input.number"}, "invalid_output", "facts is put together by merge"),
        ({"highest": "= input.word"}, "invalid_output", "highest is put together by max"),
        ({"highest": "= state.lowest"}, "expression_error", "lowest"),
        ({"notes": "= output.none"}, "expression_error", "none"),
    ],
)
def test_what_does_not_fit_fails_the_step_by_name(house: House, writes: dict, code: str, told: str):
    nodes = [writing("a", "= input", **writes), writing("late", 1, lowest=1), end()]
    play = house.play(nodes, input={"word": "lost", "number": 7}, state=STATE)
    assert told in play.failed(code, "a")["error"]["message"]
    assert state_of(play) == {"notes": [], "status": "new"}


def test_a_write_that_does_not_fit_takes_the_error_port(house: House):
    nodes = [
        node("a", "transform", {"on_error": "port", "writes": {"status": "= input.word"}}, output=1),
        end(output={"code": "= error.code", "status": "= state.status"}),
        end("fine"),
    ]
    play = house.play(nodes, "start > a; a.error > done; a > fine", input={"word": "lost"}, state=STATE)
    assert play.output == {"code": "invalid_output", "status": "new"}


def test_who_stands_in_may_write_what_the_first_could_not(house: House):
    first, second = (house.agent({"json": {"n": n}}, output_schema={"type": "object"}) for n in ("many", 4))
    work = agent_node("work", first, fallback=[second], writes={"highest": "= output.n"})
    play = house.play([work, end(output=WHOLE)], state=STATE)
    assert play.output["highest"] == 4
    (choice,) = play.lines("choice.made", "work")
    assert (choice["chosen"], "highest" in choice["reason"]) == ([second], True)


def test_has_asks_for_a_field_that_nobody_wrote_yet(house: House):
    """Nothing is silently empty: reading it fails."""
    asked = end(output={"there": "= has(state.highest)", "text": "{{ state.highest is defined }}"})
    assert house.play([asked], state=STATE).output == {"there": False, "text": "false"}
    nodes = [writing("a", "{{ state.highest }}", notes="x"), writing("late", 1, highest=1), end()]
    play = house.play(nodes, state=STATE)
    assert "highest" in play.failed("expression_error", "a")["error"]["message"]


def test_a_fork_takes_the_state_over(house: House):
    said = house.agent({"say": "one"})
    nodes = [
        {**agent_node("a", said), "writes": {"notes": "= output.text", "highest": 4}},
        writing("b", "{{ state.notes | join(',') }}+{{ input.more }}", notes="= output"),
        end(output=WHOLE),
    ]
    play = house.play(nodes, input={"more": "two"}, state=STATE)
    assert play.output == {"notes": ["one", "one+two"], "highest": 4, "status": "new"}
    answer = house.ada.post(f"runs/{play.id}/forks/", json={"from_node": "b", "input": {"more": "three"}})
    assert answer.status_code == 201, answer.text
    forked = type(play)(house, answer.json()["id"])
    assert forked.output == {"notes": ["one", "one+three"], "highest": 4, "status": "new"}
    assert forked.lines("model.called", "a") == []
    assert state_of(forked) == forked.output
    assert forked.step("a")["writes"] == {"notes": "one", "highest": 4}


@pytest.fixture
def tokenized(house: House):
    """E-mail addresses in a run's input become tokens, for as long as the test takes."""
    path = "projects/demo/privacy/default/"
    before = house.ada.get(path)
    rule = {"entities": ["EMAIL_ADDRESS"], "where": ["run_input"], "action": "tokenize"}
    answer = house.ada.post(f"{path}versions/", json={"kind": "privacy", "slug": "default", "rules": [rule]})
    assert answer.status_code == 201, answer.text
    yield
    if before.status_code == 200:
        house.ada.post(f"{path}versions/", json=before.json()["document"])
    else:
        house.ada.delete(path)


def test_the_state_holds_tokens_and_conditions_see_what_they_stand_for(house: House, tokenized: None):
    nodes = [
        writing("a", "= input.mail", notes="Mail from {{ output }}"),
        node(
            "known",
            "condition",
            cases=[{"port": "yes", "when": "state.notes[0].endsWith('eve@example.com')"}],
        ),
        end(output={"notes": "= state.notes"}),
        end("other"),
    ]
    drawn = "start > a; a > known; known.yes > done; known.else > other"
    play = house.play(nodes, drawn, input={"mail": "eve@example.com"}, state=STATE)
    assert play.output == {"notes": ["Mail from <EMAIL_ADDRESS_1>"]}
    assert state_of(play)["notes"] == ["Mail from <EMAIL_ADDRESS_1>"]
    shown = house.ada.read(f"runs/{play.id}/state/?reveal=true")
    assert shown["state"]["notes"] == ["Mail from eve@example.com"]
    (step,) = (step for step in house.rita.steps(play.id) if step["node"] == "a")
    assert step["writes"] == {"notes": "Mail from <EMAIL_ADDRESS_1>"}
