"""Every sample of the demo on its simulated model, in a served Baton, to the end that a person would see."""

import pytest

from flows import gallery
from tests import recomputed
from tests.journeys.cast import Demo
from tests.journeys.story import INVOICES, PIPELINE, SAMPLES, SUPPORT, scenes


def test_every_sample_of_the_demo_has_its_scene():
    assert set(SAMPLES) == {(flow, sample) for flow in gallery.AT_FIRST for sample in gallery.samples(flow)}


@pytest.mark.parametrize(("flow", "sample"), [each for each in SAMPLES if each != (SUPPORT, "refund")])
def test_a_sample_comes_to_its_end(demo: Demo, flow: str, sample: str):
    for scene in scenes(flow, sample):
        scene.play(demo, flow)


def test_a_refund_is_made_once_and_only_after_its_approval(demo: Demo):
    """Asked for three times: rejected, approved, and found to be made already."""
    runs = [scene.play(demo, SUPPORT) for scene in scenes(SUPPORT, "refund")]
    events = [event for run in runs for event in demo.ada.events(run["id"])]
    refunds = [event for event in events if event["data"].get("tool") == "create-refund"]
    assert [event["data"]["output"]["body"]["id"] for event in refunds] == ["re_5002"]
    decided = [event["data"] for event in events if event["type"] == "approval.decided"]
    assert [(data["decision"], data["by"]) for data in decided] == [
        ("reject", ["rita"]),
        ("approve", ["rita"]),
    ]


def test_the_draft_is_written_twice_and_a_failed_attempt_is_on_record(demo: Demo):
    topic = "How tidal power works for divers"
    run = demo.played(PIPELINE, {"topic": topic})
    steps = {(step["node"], step["iteration"]): step for step in demo.ada.steps(run["id"])}
    assert (steps["verdict", 1]["port"], steps["verdict", 2]["port"]) == ("revise", "else")
    assert steps["withheld", 1]["status"] == "skipped"
    research = [event for event in demo.ada.events(run["id"]) if event["node"] == "research"]
    assert [e["data"]["status"] for e in research if e["type"] == "model.called"] == ["error", "ok"]
    assert [e["data"]["after_s"] <= 1 for e in research if e["type"] == "step.retrying"] == [True]


def test_the_loop_is_left_after_three_revisions(demo: Demo):
    run = demo.played(PIPELINE, gallery.samples(PIPELINE)["never-passed"])
    verdicts = [step["port"] for step in demo.ada.steps(run["id"]) if step["node"] == "verdict"]
    assert sorted(verdicts) == ["exhausted", "revise", "revise", "revise"]


def test_an_input_that_does_not_fit_is_refused_with_its_field(demo: Demo):
    answer = demo.ada.post("projects/demo/runs/", json={"flow": INVOICES, "input": {"texts": "?"}})
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} >= {"/input/texts"}


def test_every_decision_of_the_demo_is_computed_again_from_what_was_stored(demo: Demo, django_db_blocker):
    demo.played(INVOICES, gallery.samples(INVOICES)[next(iter(gallery.samples(INVOICES)))])
    with recomputed.database_of(demo.server.data, django_db_blocker):
        assert recomputed.check() >= 10
