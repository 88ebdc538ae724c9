"""Test runs of drafts: pinned and stored like any run, without a version; forked and read like any other."""

import pytest

from governance import documents
from governance.models import Activation, Project, User, Version
from governance.refusals import Refused
from runs import launch, trial_runs
from runs.engine.library import Library, flow_of
from runs.models import Event, Run
from tests.flows.drawings import line, node
from tests.runs.views.people import project_with_cast

DRAFT = line(node("twice", "transform", {"output": "= input.n * 2"}), slug="drafted") | {
    "input_schema": {"type": "object", "required": ["n"]}
}


@pytest.fixture
def demo(db) -> Project:
    return project_with_cast()


@pytest.fixture
def ada(demo) -> User:
    return User.objects.get(username="ada")


def test_a_draft_runs_without_being_published(demo, ada):
    run = trial_runs.start(demo, DRAFT, {"n": 1}, user=ada)
    assert (run.version, run.trigger, run.environment, run.pins) == (0, "test", "test", "{}")
    assert flow_of(Run.objects.get(id=run.id)) == DRAFT
    assert not Version.objects.filter(document__kind="flow").exists()
    assert not Activation.objects.exists()


def test_two_drafts_of_one_flow_are_kept_apart(demo, ada):
    other = {**DRAFT, "name": "Other"}
    library = Library()
    shelves = [library.shelf(demo, "drafted", 0, "{}", document) for document in (DRAFT, other, DRAFT)]
    assert [shelf.flow.content.get("name") for shelf in shelves] == [None, "Other", None]
    assert shelves[0] is shelves[2]


def test_what_the_draft_names_is_pinned(demo, ada):
    tool = {"kind": "tool", "slug": "adder", "type": "calculator", "risk": "read", "config": {}}
    documents.create_and_publish(demo, "tool", "adder", tool, ada)
    draft = line(node("t", "tool", {"tool": "adder", "arguments": {"expression": "1+1"}}), slug="uses")
    run = trial_runs.start(demo, draft, {}, user=ada)
    assert run.pins == '{"tools/adder":1}'


def test_a_draft_with_errors_does_not_run(demo, ada):
    broken = line(node("a", "agent", {"agent": "ghost", "text": "x"}), slug="broken")
    with pytest.raises(Refused, match="There is no agent ghost"):
        trial_runs.start(demo, broken, {}, user=ada)
    assert not Run.objects.exists()


def test_an_input_that_does_not_fit_does_not_run(demo, ada):
    with pytest.raises(launch.LaunchRefused):
        trial_runs.start(demo, DRAFT, {}, user=ada)


def test_a_test_run_is_forked_with_its_draft(demo, ada):
    run = trial_runs.start(demo, DRAFT, {"n": 1}, user=ada)
    forked = launch.fork(Run.objects.get(id=run.id), "twice", input={"n": 5}, by=ada)
    assert forked.version == 0
    assert flow_of(forked) == DRAFT
    assert Event.objects.filter(run_id=forked.id, type="run.created").count() == 1
