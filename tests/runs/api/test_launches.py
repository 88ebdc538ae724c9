"""Launching, cancelling and deciding through the API."""

import pytest

from governance import ids
from governance.models import Approval
from runs.models import Run

pytestmark = pytest.mark.both_databases

BODY = {"flow": "support", "input": {"message": "hi"}, "environment": "live", "labels": {"case": "7"}}


@pytest.fixture
def olu(caller):
    return caller("olu")


def test_a_launch_answers_with_its_run(olu, published):
    answer = olu.post("projects/demo/runs/", BODY)
    assert answer.status_code == 201, answer.content
    run = answer.json()
    assert (run["flow"], run["version"], run["status"], run["user"]) == ("support", 1, "queued", "olu")
    assert (run["input"], run["labels"], run["environment"]) == ({"message": "hi"}, {"case": "7"}, "live")
    assert run["pins"] == {"agents/writer": 1}
    assert olu.get(f"runs/{run['id']}/").json() == run
    events = olu.get(f"runs/{run['id']}/events/").json()["results"]
    assert events[0]["type"] == "run.created"


def test_the_same_key_launches_once(olu, caller, published):
    key = {"HTTP_IDEMPOTENCY_KEY": "order-7"}
    first = olu.post("projects/demo/runs/", BODY, **key)
    again = olu.post("projects/demo/runs/", BODY, **key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert olu.post("projects/demo/runs/", BODY | {"input": {}}, **key).status_code == 409
    assert caller("kim").post("projects/demo/runs/", BODY, **key).status_code == 201
    assert Run.objects.count() == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "naïve", "a\tb"])
def test_a_key_is_plain_text(olu, published, key):
    assert olu.post("projects/demo/runs/", BODY, HTTP_IDEMPOTENCY_KEY=key).status_code == 422


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"flow": "support", "input": 7}, "/input"),
        ({"flow": "absent", "input": {}}, "/flow"),
        ({"flow": "support@9", "input": {}}, "/flow"),
        ({"flow": "Support", "input": {}}, "/flow"),
        ({"input": {}}, ""),
        ({"flow": "support"}, ""),
        ({"flow": "support", "input": {}, "labels": {"a": 1}}, "/labels/a"),
        ({"flow": "support", "input": {}, "extra": 1}, "/extra"),
    ],
)
def test_a_launch_is_refused_with_its_place(olu, published, body, pointer):
    answer = olu.post("projects/demo/runs/", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Run.objects.exists()


def test_a_run_is_cancelled_once_it_runs_and_not_after(olu, make_run):
    run = make_run(status="running")
    assert olu.post(f"runs/{run.public_id}/cancellation/").status_code == 202
    assert olu.post(f"runs/{run.public_id}/cancellation/", {"force": True}).status_code == 422
    Run.objects.filter(id=run.id).update(status="cancelled", finished_at=1)
    finished = olu.post(f"runs/{run.public_id}/cancellation/")
    assert (finished.status_code, finished.json()["code"]) == (409, "conflict")


def test_a_reviewer_decides_once_and_on_what_they_saw(caller, make_approval):
    item = make_approval()
    path, rita = f"approvals/{ids.encode(item.id)}/decision/", caller("rita")
    approve = {"decision": "approve", "fingerprint": item.fingerprint, "reason": "Fine."}
    assert rita.post(path, approve | {"fingerprint": "stale"}).status_code == 409
    assert rita.post(path, approve | {"payload": {"amount": 1}}).status_code == 409
    assert caller("ben").post(path, approve).status_code == 403
    answer = rita.post(path, approve)
    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["decisions"][0]["by"]) == ("approved", "rita")
    assert answer.json()["decisions"][0]["reason"] == "Fine."
    assert rita.post(path, approve).status_code == 409
    assert Approval.objects.get(id=item.id).outcome["decision"] == "approve"


def test_whoever_launched_does_not_decide_under_four_eyes(caller, make_approval, project):
    from governance import people
    from governance.models import User

    people.add_member(project, User.objects.get(username="olu"), ["operator", "reviewer"], None)
    item = make_approval(four_eyes=True)
    body = {"decision": "approve", "fingerprint": item.fingerprint}
    assert caller("olu").post(f"approvals/{ids.encode(item.id)}/decision/", body).status_code == 403


def test_a_changed_payload_fits_its_schema(caller, make_approval):
    schema = {"type": "object", "properties": {"amount": {"type": "number", "maximum": 100}}}
    item = make_approval(editable=True, schema=schema)
    path = f"approvals/{ids.encode(item.id)}/decision/"
    body = {"decision": "approve", "fingerprint": item.fingerprint}
    refused = caller("rita").post(path, body | {"payload": {"amount": 101}})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/payload/amount")
    changed = caller("rita").post(path, body | {"payload": {"amount": 99}})
    assert changed.json()["decisions"][0]["payload"] == {"amount": 99}
