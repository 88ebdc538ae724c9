"""What is done to a run from its page: cancelled, launched again, forked, rated. By plain forms."""

import json

import pytest

from governance import ids
from governance.models import Approval
from runs.models import Event, Feedback, Run, Step
from tests.runs.views.journals import replay
from tests.runs.views.people import signed_in
from tests.runs.views.test_run_page import ada, address, text_of


@pytest.fixture
def project(demo_with_flows):
    return demo_with_flows


@pytest.fixture
def run(project):
    return replay(project, ada(project), "refund-waiting")


@pytest.fixture
def ended(project):
    return replay(project, ada(project), "fault-retried")


@pytest.mark.parametrize("path", ["cancellation/", "retries/", "forks/", "feedback/"])
def test_who_may_not_launch_may_do_none_of_it(run, path):
    assert signed_in("ben").post(address(run, path)).status_code == 403
    assert signed_in("rita").post(address(run, path)).status_code == 403
    assert signed_in("sam").post(address(run, path)).status_code == 404


def test_cancelling_asks_first_and_is_passed_on(run):
    client = signed_in("ada")
    assert "Cancel this run?" in text_of(client.get(address(run, "cancellation/")))
    assert client.post(address(run, "cancellation/"))["Location"] == address(run)
    run.refresh_from_db()
    assert run.cancelled_by == "ada"


def test_a_finished_run_cannot_be_cancelled_and_says_so(ended):
    answer = signed_in("ada").post(address(ended, "cancellation/"))
    assert answer.status_code == 409
    assert "has finished; there is nothing to cancel." in text_of(answer)


def test_a_retry_is_a_new_run_of_the_same_input(ended):
    client = signed_in("ada")
    assert "A new run of the active version of “Customer support” starts" in text_of(
        client.get(address(ended, "retries/"))
    )
    target = client.post(address(ended, "retries/"))["Location"]
    again = Run.objects.exclude(id=ended.id).get()
    assert target == address(again)
    assert (again.flow, again.trigger, again.user.username) == ("customer-support", "retry", "ada")
    first = json.loads(Event.objects.get(run=again, seq=1).data)
    assert first["input"] == {"message": "My lamp does not light up"}


def test_a_retry_of_a_flow_that_is_gone_says_what_is_missing(ended):
    Run.objects.filter(id=ended.id).update(flow="gone")
    answer = signed_in("ada").post(address(ended, "retries/"))
    assert answer.status_code == 422
    assert "Not launched. There is no flow 'gone'" in text_of(answer)


def test_a_fork_takes_over_what_does_not_lie_behind_its_node(ended):
    client = signed_in("ada")
    page = client.get(address(ended, "forks/?node=technical")).content.decode()
    assert '<option value="technical" selected>' in page
    posted = {"from_node": "technical", "input/message": "My lamp does not light up"}
    answer = client.post(address(ended, "forks/"), posted)
    forked = Run.objects.get(forked_from=ended.id)
    assert answer["Location"] == address(forked)
    taken = set(Step.objects.filter(run=forked).values_list("node", flat=True))
    assert taken == {"start", "classify", "billing", "sales"}
    assert "Forked from" in text_of(client.get(address(forked)))


def test_a_fork_says_which_approvals_it_takes_over(ended):
    client = signed_in("ada")
    assert "What people approved stays approved" not in text_of(client.get(address(ended, "forks/")))
    Approval.objects.create(
        id=ids.new_id(),
        project=ended.project,
        kind="approval",
        run_id=ended.id,
        node="billing",
        title="Refund?",
        payload={},
        reviewers=["role:reviewer"],
        status="approved",
        fingerprint="0" * 64,
        requested_at=1,
    )
    said = text_of(client.get(address(ended, "forks/")))
    assert (
        "What people approved stays approved in steps that are taken over, and nobody is asked anew" in said
    )
    assert "asked anew: Billing specialist." in said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"from_node": "nowhere"}, "has no node 'nowhere'"),
        (
            {"pin:agents/support-router": "x"},
            "The version of agents/support-router is a whole number from 1.",
        ),
        ({"pin:agents/support-router": "99"}, "99"),
        ({"input/message": ""}, ""),
    ],
)
def test_a_fork_that_cannot_be_is_shown_again_with_what_is_wrong(ended, change, sentence):
    posted = {"from_node": "technical", "input/message": "My lamp does not light up", **change}
    answer = signed_in("ada").post(address(ended, "forks/"), posted)
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    assert not Run.objects.filter(forked_from=ended.id).exists()


def test_feedback_is_kept_and_shown(ended):
    client = signed_in("ada")
    client.post(address(ended, "feedback/"), {"score": "4", "outcome": "Solved", "comment": "<b>Quick</b>"})
    made = Feedback.objects.get(run=ended)
    assert (made.score, made.outcome, made.comment, made.user.username) == (
        4,
        "Solved",
        "<b>Quick</b>",
        "ada",
    )
    said = client.get(address(ended, "about/")).content.decode()
    assert "&lt;b&gt;Quick&lt;/b&gt;" in said


@pytest.mark.parametrize(
    "posted", [{}, {"score": "6"}, {"score": "3", "outcome": "x" * 201}, {"score": "3", "comment": "\0"}]
)
def test_feedback_that_cannot_be_kept_is_refused(ended, posted):
    answer = signed_in("ada").post(address(ended, "feedback/"), {"comment": "Kept so far", **posted})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'role="alert"' in page
    assert posted.get("comment", "Kept so far")[:50] in page
    assert not Feedback.objects.exists()
