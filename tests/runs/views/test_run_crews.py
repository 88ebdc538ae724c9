"""The page of a run that a supervisor or a team worked in: rounds, plan, transcript, tally, the chain of handoffs."""

import json

import pytest

from runs.models import Event, Step
from tests.runs.views.crews import published
from tests.runs.views.journals import replay
from tests.runs.views.people import fragment, signed_in
from tests.runs.views.test_run_page import ada, address, state_of, text_of


@pytest.fixture
def project(demo_with_flows):
    published(demo_with_flows)
    return demo_with_flows


@pytest.fixture
def board(project):
    return replay(project, ada(project), "board")


def detail(run, step: str, tab: str = "") -> str:
    return text_of(fragment(signed_in("ada"), address(run, f"steps/{step}/?tab={tab}")))


def test_a_supervisors_rounds_tell_plan_assignments_reasons_and_what_came_of_them(board):
    said = detail(board, "research/1")
    assert "Round 1 2 assignments Plan First the market and the law, side by side; then the numbers." in said
    assert (
        "analyst Succeeded 0.7s · $0.00086 What does the market for home batteries look like? Why: It knows markets. "
        "The market grows by 18% a year; three sellers have half of it." in said
    )
    assert "lawyer Succeeded 0.5s · $0.00065 Which permits are needed? Why: Permits are law." in said
    assert (
        "Round 2 1 assignment Plan The permits are clear. Now the numbers, with the market in them." in said
    )
    assert "Numbers Succeeded 50ms Margins at 4,200 units a year Why: The flow calculates." in said
    assert said.index("Answer Go ahead: the market grows by 18% a year") > said.index("Round 2")
    assert said.startswith("Research lead lead v1, play/m Succeeded Rounds 2 Messages 3 ")
    assert "Tokens and cost are the sum of this step and its 3 turns. The lead: " in said


def test_a_step_that_holds_others_shows_what_they_cost_with_it_and_the_run_counts_it_once(board):
    items = Step.objects.filter(run=board, node="research", item__gte=0)
    whole = Step.objects.get(run=board, node="research", item=-1)
    assert (whole.cost, sum(item.cost for item in items)) == (2_820_000, 1_510_000)
    said = detail(board, "research/1")
    assert "Tokens in 1030 Tokens out 330 Cost $0.0043 " in said
    assert "The lead: $0.0028, 65% of the step's cost." in said
    page = signed_in("ada").get(address(board)).content.decode()
    assert "Σ $0.0043" in page
    team = detail(board, "debate/1")
    assert "Tokens and cost are the sum of this step and its 4 turns." in team
    assert "The lead:" not in team


def test_a_turn_says_what_was_asked_and_why_its_worker_was_chosen(board):
    said = detail(board, "research/1/0", "why")
    assert said.startswith("Research lead analyst, round 1 analyst v1")
    assert "Task in round 1 What does the market for home batteries look like? Why: It knows markets." in said
    assert "Why analyst agent It knows markets. analyst chosen lawyer — the supervisor chose another" in said
    assert "Which worker gets the task, decided by: an agent." in said


def test_a_debate_reads_in_order_with_who_answers_whom_and_what_changed(board):
    said = detail(board, "debate/1")
    order = [
        "pro round 1 0.3s · $0.0003 Batteries pay back in seven years. <b>Look</b> at the tariffs. Holds yes",
        "skeptic to pro round 1 0.3s · $0.00032 Not where the grid charges for feeding in. Holds no",
        "pro to skeptic round 2",
        "skeptic to pro round 2 0.3s · $0.00038 With the tariffs it works. I am convinced. Changed before: no now: yes",
    ]
    places = [said.find(line) for line in order]
    assert -1 not in places
    assert places == sorted(places)
    assert "Decided: yes By consensus: all last positions have to be the same. Everybody says yes." in said


def test_what_models_said_is_never_markup(board):
    page = fragment(signed_in("ada"), address(board, "steps/debate/1/")).content.decode()
    assert "&lt;b&gt;Look&lt;/b&gt;" in page
    assert "<b>Look" not in page


def test_a_tie_is_said_in_words_and_the_tally_counts(board):
    said = detail(board, "ballot/1")
    assert "Not decided By majority: more than half has to agree." in said
    assert "A tie: yes and no have 1 each." in said
    assert "Position Votes Share yes 1 no 1" in said
    assert "It pays. Votes yes" in said


def test_a_moderated_team_shows_whom_the_moderator_gave_the_word_and_what_the_judge_said(board):
    said = detail(board, "panel/1")
    assert "Decided: pro By the judge." in said
    assert "host to pro moderator" in said
    assert "host ends it moderator" in said
    assert (
        "lead judge 0.2s · $0.00028 The tariffs decide it: go ahead, and look again next year. Decides for pro"
        in said
    )
    assert "Who speaks next, decided by: the moderator." in detail(board, "panel/1/0", "why")


def test_rows_are_called_by_who_takes_the_turn(board):
    answer = signed_in("ada").get(address(board))
    named = [
        (row["node"], row.get("who"), row.get("part"))
        for row in state_of(answer)["rows"]
        if row["item"] is not None
    ]
    assert named[:3] == [
        ("research", "analyst", "round 1"),
        ("research", "lawyer", "round 1"),
        ("research", "Numbers", "round 2"),
    ]
    assert ("panel", "host", "moderator") in named
    assert ("panel", "lead", "judge") in named
    assert "analyst Research lead, round 1" in text_of(answer)
    assert "[0]" not in text_of(answer).partition("Events")[0]


def test_an_answer_in_anothers_place_tells_the_chain(board):
    assert "Handed over front to back" in detail(board, "desk/1")


def test_who_stands_in_says_why(board):
    line = Event.objects.get(run=board, node="desk", type="agent.handoff")
    line.data = json.dumps(json.loads(line.data) | {"reason": "front may not see <b>that</b>."})
    line.save()
    assert "Handed over front to back" in detail(board, "desk/1")
    page = fragment(signed_in("ada"), address(board, "steps/desk/1/")).content.decode()
    assert "front may not see &lt;b&gt;that&lt;/b&gt;." in page


def test_a_circle_of_handoffs_is_named_and_what_to_do_about_it(project):
    run = replay(project, ada(project), "circle")
    said = text_of(signed_in("ada").get(address(run)))
    assert "The handoffs go in a circle: ping → pong → ping → pong, with the same message as before." in said
    assert (
        "Let an agent of the circle answer, or change what its instructions say about handing over and about its "
        "tools, then fork." in said
    )
    assert "Handed over ping to pong" in said


def test_a_supervisor_that_failed_shows_what_was_done_until_then(project):
    run = replay(project, ada(project), "halfway")
    said = detail(run, "a/1")
    assert "It did not come to an answer. This is what was done until then." in said
    assert "broken Failed" in said
    assert "silent/m answered 500, as its script says. provider_error" in said
    assert "analyst Succeeded 0.7s · $0.00086 Look at it Why: The analyst can." in said


def test_a_route_after_a_second_opinion_shows_both_reasons_and_the_average(project):
    run = replay(project, ada(project), "sorted")
    said = detail(run, "r/1", "why")
    assert (
        "sorter: It speaks of an invoice and of an error. second: The error is on the invoice. billing 0.7 technical "
        "0.325 0.325 is below the threshold 0.6" in said
    )
    assert "Which route, decided by: an agent." in said
    assert detail(run, "r/1/0").startswith("Which desk? second, second opinion")
