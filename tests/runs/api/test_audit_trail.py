"""Whatever changes something through the API leaves a line in the audit log: every address of the OpenAPI document."""

import json

import pytest

from governance import documents, ids
from governance.models import AuditEntry, User
from runs.api import openapi
from tests.left_alone import opening
from tests.runs.api.conftest import AGENT, FLOW

pytestmark = pytest.mark.django_db(transaction=True)

WRITES = {
    (method.upper(), path.removeprefix("/api/v1/"))
    for path, methods in json.loads(openapi.document())["paths"].items()
    for method in methods
    if method != "get"
}
CHANGE_NOTHING = {
    ("POST", "projects/{project}/flows/{slug}/check/"),
    ("POST", "projects/{project}/policies/simulation/"),
    ("POST", "projects/{project}/privacy/scan/"),
}
TOOL = {
    "kind": "tool",
    "slug": "sums",
    "name": "Sums",
    "description": "Adds.",
    "type": "calculator",
    "config": {},
    "risk": "read",
}
P = "projects/{project}/"
# What is asked, in this order: (method, path of the document, path, body, action of its line).
STEPS = [
    ("POST", "projects/", "projects/", {"slug": "new"}, "project.create"),
    ("PATCH", P, "projects/demo/", {"name": "Other"}, "project.rename"),
    ("PATCH", P, "projects/demo/", {"max_running_runs": 7}, "project.limit_runs"),
    ("PUT", P + "{kinds}/{slug}/", "projects/demo/agents/second/", AGENT | {"slug": "second"}, "agent.draft"),
    ("POST", P + "{kinds}/{slug}/versions/", "projects/demo/agents/second/versions/", None, "agent.publish"),
    (
        "POST",
        P + "{kinds}/{slug}/versions/",
        "projects/demo/agents/second/versions/",
        AGENT | {"slug": "second", "purpose": "Else."},
        "agent.publish",
    ),
    (
        "POST",
        P + "{kinds}/{slug}/activations/",
        "projects/demo/agents/second/activations/",
        {"version": 1},
        "agent.activate",
    ),
    ("DELETE", P + "{kinds}/{slug}/", "projects/demo/agents/second/", None, "agent.archive"),
    ("PUT", P + "groups/{slug}/", "projects/demo/groups/leads/", {"members": ["ben"]}, "group.set"),
    ("DELETE", P + "groups/{slug}/", "projects/demo/groups/leads/", None, "group.delete"),
    ("POST", P + "members/", "projects/demo/members/", {"user": "olu", "roles": ["viewer"]}, "member.set"),
    ("DELETE", P + "members/{user}/", "projects/demo/members/olu/", None, "member.remove"),
    ("PUT", P + "secrets/{name}/", "projects/demo/secrets/key/", {"value": "planted"}, "secret.set"),
    ("DELETE", P + "secrets/{name}/", "projects/demo/secrets/key/", None, "secret.delete"),
    (
        "POST",
        P + "providers/{slug}/test/",
        "projects/demo/providers/house/test/",
        {"model": "small"},
        "provider.test",
    ),
    (
        "POST",
        P + "tools/{slug}/test/",
        "projects/demo/tools/sums/test/",
        {"arguments": {"expression": "1+1"}},
        "tool.test",
    ),
    (
        "POST",
        P + "runs/",
        "projects/demo/runs/",
        {"flow": "support", "input": {"message": "hi"}},
        "run.launch",
    ),
    ("POST", "runs/{run}/cancellation/", "runs/{queued}/cancellation/", {}, "run.cancel"),
    ("POST", "runs/{run}/feedback/", "runs/{run}/feedback/", {"score": 5}, "run.feedback"),
    ("POST", "runs/{run}/forks/", "runs/{run}/forks/", {"from_node": "start"}, "run.fork"),
    (
        "POST",
        "approvals/{approval}/decision/",
        "approvals/{approval}/decision/",
        {"decision": "approve", "fingerprint": "f" * 64},
        "approval.decide",
    ),
    (
        "POST",
        P + "breakers/{breaker}/closing/",
        "projects/demo/breakers/{breaker}/closing/",
        None,
        "breaker.closed",
    ),
    ("POST", "tokens/", "tokens/", {"name": "build"}, "token.create"),
    ("DELETE", "tokens/{token}/", "tokens/{token}/", None, "token.delete"),
]


@pytest.fixture
def things(published, make_run, make_approval) -> dict[str, str]:
    documents.create_and_publish(published, "tools", "sums", TOOL, None)
    User.objects.filter(username="ada").update(is_staff=True)
    run = make_run(version=1, pins=json.dumps({"agents/writer": 1, "flows/support": 1}))
    queued, approval = make_run(status="queued"), make_approval(run=make_run(status="waiting"))
    return {
        "run": run.public_id,
        "queued": queued.public_id,
        "approval": ids.encode(approval.id),
        "breaker": opening(published).public_id,
    }


def test_every_act_leaves_a_line(things, ada, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    told = []
    for method, _named, path, body, action in STEPS:
        before = AuditEntry.objects.count()
        answer = ada.send(method, path.format(**things), body)
        assert answer.status_code < 300, (method, path, answer.content)
        if action == "token.create":
            things["token"] = answer.json()["id"]
        lines = AuditEntry.objects.order_by("id")[before:]
        told.append((method, path, [(line.action, line.actor, line.origin["via"]) for line in lines]))
    assert told == [(method, path, [(action, "ada", "api")]) for method, _named, path, _body, action in STEPS]


def test_nothing_that_changes_something_is_left_out():
    assert {(method, named) for method, named, *_ in STEPS} | CHANGE_NOTHING == WRITES


def test_what_only_looks_like_a_change_leaves_no_line(things, ada):
    before = AuditEntry.objects.count()
    assert ada.post("projects/demo/flows/support/check/", FLOW).status_code == 200
    assert AuditEntry.objects.count() == before
