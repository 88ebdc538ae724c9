"""The gallery's crews on models over HTTP: the same ends, and what each pattern is there to show."""

import time
from functools import cache

import pytest

from flows import gallery
from governance.documents import yaml_text
from registry.sample.corpus import collection
from tests.journeys.cast import Demo, Models, fails_first
from tests.journeys.story import PLAYED, SUPPORT, scenes
from tests.openai_server import OpenAIServer

FINANCE, LAW, DEBATE = "financial-analysis", "legal-research", "research-debate"
CREWS = (FINANCE, LAW, DEBATE)
ANALYSTS = [
    "statement-analyst",
    "sentiment-analyst",
    "competition-analyst",
    "regulation-analyst",
    "macro-analyst",
]
CHARGED_ANYWAY = {"message": "My payment failed but I was charged anyway"}
KINDS = ("tool", "agent", "flow")


@pytest.fixture(scope="module")
def crews(hosted_demo: Demo) -> Demo:
    """The hosted demo with the starters that it does not begin with."""
    bodies = [body for text in gallery.texts(CREWS).values() for body in yaml_text.load_all(text)]
    for kind in KINDS:
        for body in bodies:
            if body["kind"] == kind:
                hosted_demo.publish(f"{kind}s", body)
    return hosted_demo


@pytest.fixture
def models(model_server: OpenAIServer) -> Models:
    played = Models([SUPPORT, *CREWS])
    model_server.reset(play=played)
    return played


@cache
def play(demo: Demo, starter: str, sample: str) -> dict:
    """The run of a sample, played once for all tests."""
    (scene,) = scenes(starter, sample)
    return scene.play(demo, starter)


def turns(demo: Demo, run: dict, node: str) -> list[dict]:
    """The turns of a crew's node, in order."""
    found = [step for step in demo.ada.steps(run["id"]) if step["node"] == node and step["item"] is not None]
    return sorted(found, key=lambda step: step["item"])


def crew(demo: Demo, run: dict, node: str) -> dict:
    """The output of a crew's node."""
    return next(s["output"] for s in demo.ada.steps(run["id"]) if s["node"] == node and s["item"] is None)


def chosen(demo: Demo, run: dict, node: str) -> dict:
    events = demo.ada.events(run["id"])
    return next(e["data"] for e in events if e["type"] == "choice.made" and e["node"] == node)


def statuses(demo: Demo, run: dict) -> dict[str, str]:
    return {step["node"]: step["status"] for step in demo.ada.steps(run["id"]) if step["item"] is None}


@pytest.mark.parametrize(("starter", "sample"), [each for each in PLAYED if each[0] in CREWS])
def test_a_sample_comes_to_the_same_end(crews: Demo, models: Models, starter: str, sample: str):
    play(crews, starter, sample)


def test_five_analysts_are_asked_before_one_of_them_answers(
    crews: Demo, models: Models, model_server: OpenAIServer
):
    def wait_for_each_other(agent: str, number: int, asked: dict) -> dict | None:
        holds = agent in ANALYSTS and number == 1
        return {**(models.scripted(agent, asked) or {}), "hold": "analysts"} if holds else None

    models.fault = wait_for_each_other
    run = crews.launch(FINANCE, {"company": "hlg"})
    deadline = time.monotonic() + 30
    while model_server.held["analysts"] < 5:
        assert time.monotonic() < deadline, model_server.held
        time.sleep(0.02)
    model_server.release("analysts")
    run = crews.settled(run)
    assert run["status"] == "succeeded"
    assert [turn["agent"].partition("@")[0] for turn in turns(crews, run, "analyse")] == ANALYSTS


def test_each_delegation_has_its_reason_and_each_part_its_sources(crews: Demo, models: Models):
    run = play(crews, FINANCE, "nordwind")
    analysis = crew(crews, run, "analyse")
    assert analysis["rounds"] == 2
    assert [(one["agent"], one["round"]) for one in analysis["delegations"]] == [
        *((analyst, 1) for analyst in ANALYSTS),
        ("regulation-analyst", 2),
    ]
    assert all(len(one["reason"]) > 10 for one in analysis["delegations"])
    plans = [
        e["data"] for e in crews.ada.events(run["id"]) if e["type"] == "note" and e["data"]["kind"] == "plan"
    ]
    assert [plan["round"] for plan in plans] == [1, 2]
    parts = run["output"]["parts"]
    assert [part["area"] for part in parts] == [
        "statements",
        "sentiment",
        "competition",
        "regulation",
        "macro",
    ]
    reported = {source for one in analysis["delegations"] for source in one["output"]["sources"]}
    assert all(part["sources"] and set(part["sources"]) <= reported for part in parts)


def test_an_analyst_that_fails_is_a_gap_and_not_the_end(crews: Demo, models: Models):
    run = play(crews, FINANCE, "analyst-fails")
    failed = [one for one in crew(crews, run, "analyse")["delegations"] if "error" in one]
    assert [(one["agent"], one["output"], one["error"]["code"]) for one in failed] == [
        ("regulation-analyst", None, "invalid_output")
    ]
    called = [
        e["data"] for e in crews.ada.events(run["id"]) if e["type"] == "model.called" and e["item"] == 3
    ]
    assert len(called) > 1


def test_every_precedent_that_is_answered_with_is_in_the_corpus(crews: Demo, models: Models):
    for sample in ("deposit", "non-compete", "late-kitchen"):
        precedents = play(crews, LAW, sample)["output"]["precedents"]
        assert precedents
        assert [case for case in precedents if collection("cases")[case["id"]]["name"] != case["name"]] == []


def test_a_case_that_does_not_exist_sends_the_memo_back_once(crews: Demo, models: Models):
    run = play(crews, LAW, "non-compete")
    steps = {
        (step["node"], step["iteration"]): step for step in crews.ada.steps(run["id"]) if step["item"] is None
    }
    assert steps["check", 1]["output"]["body"]["unknown"] == ["ALD-2017-CA-64"]
    assert (steps["exist", 1]["port"], steps["exist", 2]["port"]) == ("revise", "else")
    given_up = play(crews, LAW, "never-verified")
    ports = [step["port"] for step in crews.ada.steps(given_up["id"]) if step["node"] == "exist"]
    assert sorted(ports) == ["exhausted", "revise"]


def test_debaters_change_their_positions_for_an_argument(crews: Demo, models: Models):
    run = play(crews, DEBATE, "persuaded")
    said = crew(crews, run, "debate")["transcript"]
    assert [(one["agent"], one["position"]) for one in said] == [
        ("evidence-reviewer", "depends"),
        ("field-practitioner", "supported"),
        ("sceptic", "not supported"),
        ("evidence-reviewer", "depends"),
        ("field-practitioner", "depends"),
        ("sceptic", "depends"),
    ]
    assert [one.get("to") for one in said[1:]] == [
        "evidence-reviewer",
        "field-practitioner",
        "sceptic",
        "evidence-reviewer",
        "field-practitioner",
    ]


def test_debaters_who_never_agree_leave_a_tally_and_a_note(crews: Demo, models: Models):
    run = play(crews, DEBATE, "dissent")
    debate = crew(crews, run, "debate")
    assert len(debate["transcript"]) == 9
    assert len({one["text"] for one in debate["transcript"]}) == 9
    assert debate["tally"] == [
        {"value": "depends", "count": 1},
        {"value": "supported", "count": 1},
        {"value": "not supported", "count": 1},
    ]
    assert [one["position"] for one in run["output"]["positions"]] == [
        "depends",
        "supported",
        "not supported",
    ]


def test_a_judge_finds_for_the_minority(crews: Demo, models: Models):
    run = play(crews, DEBATE, "judged")
    debate = crew(crews, run, "judged_debate")
    assert debate["winner"] == "not supported"
    assert [turn["agent"].partition("@")[0] for turn in turns(crews, run, "judged_debate")][
        -1
    ] == "debate-judge"


def test_a_failed_payment_goes_to_billing_and_gets_a_second_opinion(crews: Demo, models: Models):
    run = crews.played(SUPPORT, CHARGED_ANYWAY)
    assert run["output"]["route"] == "billing"
    steps = {step["node"]: step for step in crews.ada.steps(run["id"])}
    assert steps["billing"]["output"]["confidence"] == 0.5
    assert steps["both"]["output"]["from_first"] == "The apology, and the number of the order"
    assert "KB-101" in steps["both"]["output"]["from_second"]
    assert run["output"]["answer"] == steps["both"]["output"]["answer"]


@pytest.mark.parametrize(("confidence", "second"), [(0.69, "succeeded"), (0.7, "skipped"), (0.8, "skipped")])
def test_a_second_opinion_is_asked_below_seven_tenths(
    crews: Demo, models: Models, confidence: float, second: str
):
    models.fault = fails_first(
        "billing-specialist", {"json": {"answer": "We look.", "confidence": confidence}}
    )
    found = statuses(crews, crews.played(SUPPORT, CHARGED_ANYWAY))
    assert (found["second"], found["both"]) == (second, second)


def test_what_has_no_single_owner_falls_back_to_the_lead(crews: Demo, models: Models):
    run = play(crews, SUPPORT, "three-matters")
    routed = chosen(crews, run, "classify")
    assert routed["chosen"] == ["otherwise"]
    assert "no single owner" in routed["reason"]
    assert [turn["agent"].partition("@")[0] for turn in turns(crews, run, "lead")] == [
        "billing-specialist",
        "technical-specialist",
        "sales-specialist",
    ]


def test_a_person_gets_what_was_found_out_before(crews: Demo, models: Models):
    run = crews.settled(crews.launch(SUPPORT, gallery.samples(SUPPORT)["legal-threat"]))
    item = crews.decide(run, {"decision": "answer", "payload": {"answer": "We call you."}})
    assert item["title"].startswith("Answer a customer: Charge ch_9001 is not mine.")
    told = item["payload"]["text"]
    assert "The lead hands it on: The customer disputes charge ch_9001" in told
    assert "billing-specialist was asked: What is known of charge ch_9001" in told
    assert "Charge ch_9001 belongs to order 1042: 49.00 USD" in told
    assert crews.ada.finished(run["id"])["output"] == {"answer": "We call you.", "route": "otherwise"}
