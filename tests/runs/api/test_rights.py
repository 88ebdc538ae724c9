"""Who may what: every address of the OpenAPI document, asked by everybody of the cast."""

import json
import re

import pytest

from governance import documents, ids, people
from governance.models import Project, User
from runs.api import openapi
from tests.left_alone import opening
from tests.runs.api.conftest import AGENT, Caller

DOCUMENT = json.loads(openapi.document())
OPERATIONS = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
BOUND = ("/api/v1/projects/{", "/api/v1/runs/", "/api/v1/approvals/")
IN_PROJECT = [found for found in OPERATIONS if found[1].startswith(BOUND)]
ASKS = [("POST", "/api/v1/projects/{project}/privacy/scan/")]  # a question with a body: for every member
WRITES = [found for found in IN_PROJECT if found[0] != "GET" and found not in ASKS]
# A decision asks for more than a role: whoever the item names may decide.
BODIES = {
    "decision": {"decision": "approve", "fingerprint": "f" * 64},
    "cancellation": {},
    "feedback": {"score": 5},
    "forks": {"from_node": "start"},
    "members": {"user": "olu", "roles": ["viewer"]},
    "groups": {"members": []},
    "secrets": {"value": "x"},
    "runs": {"flow": "support", "input": {}},
    "activations": {"version": 1},
    "scan": {"text": "hello"},
}
BUDGET = {"kind": "budget", "slug": "writer", "subject": "project", "limit_usd": 5, "period": "day"}


@pytest.fixture
def things(published, make_run, make_event, make_step, make_approval):
    """One of everything that an address can name."""
    run = make_run()
    make_event(run, 1, "run.created", {})
    documents.create_and_publish(published, "budgets", "writer", BUDGET, None)
    approval = make_approval(run=run)
    breaker = opening(published).public_id
    return {"run": run.public_id, "approval": ids.encode(approval.id), "breaker": breaker}


def fill(path: str, things: dict) -> str:
    names = {
        "project": "demo", "kinds": "agents", "slug": "writer", "number": "1", "user": "olu", "name": "key",
        "hash": "ab", "kind": "agent", "token": "0000000000001", **things,
    }  # fmt: skip
    return path.format(**names)


def body_for(path: str) -> dict:
    words = [word for word in path.strip("/").split("/") if not word.startswith("{")]
    return BODIES.get(words[-1], AGENT)


def test_the_document_names_every_address():
    from runs.api.urls import urlpatterns

    def addresses(patterns, prefix=""):
        for pattern in patterns:
            here = prefix + str(pattern.pattern)
            yield from addresses(pattern.url_patterns, here) if hasattr(pattern, "url_patterns") else [here]

    found = {"/api/" + re.sub(r"<[^:>]+:(\w+)>", r"{\1}", address) for address in addresses(urlpatterns)}
    assert found - DOCUMENT["paths"].keys() == {"/api/v1/openapi.json", "/api/docs/", "/api/"}


def asked_by(caller: Caller, operations: list, things: dict) -> dict:
    """What `caller` is answered to each operation: (status, code) by method and address."""
    answers = {}
    for method, path in operations:
        answer = caller.send(method, fill(path, things), body_for(path))
        answers[method, path] = (answer.status_code, answer.json().get("code"))
    return answers


def test_nobody_is_answered_without_a_token(things):
    asked = asked_by(Caller(), OPERATIONS, things)
    # The list of addresses is as open as the OpenAPI document it is read off.
    assert asked == dict.fromkeys(OPERATIONS, (401, "unauthenticated")) | {("GET", "/api/v1/"): (200, None)}


def test_a_stranger_finds_nothing(things, caller):
    assert asked_by(caller("sam"), IN_PROJECT, things) == dict.fromkeys(IN_PROJECT, (404, "not_found"))


def test_a_token_of_another_project_finds_nothing(things, caller, sam):
    other = Project.objects.get(slug="sams")
    people.add_member(other, User.objects.get(username="ada"), ["admin"], None)
    bound = caller("ada", project=other)
    assert asked_by(bound, IN_PROJECT, things) == dict.fromkeys(IN_PROJECT, (404, "not_found"))


def test_a_reader_changes_nothing(things, ben):
    assert len(WRITES) > 15
    assert asked_by(ben, WRITES, things) == dict.fromkeys(WRITES, (403, "forbidden"))


def test_a_reader_reads_everything(things, ben):
    reads = [found for found in IN_PROJECT if found[0] == "GET"] + ASKS
    absent = {"hash", "{slug}/as-of", "groups/{slug}", "audit/export"}  # an export is no JSON
    asked = asked_by(ben, [found for found in reads if not any(word in found[1] for word in absent)], things)
    assert asked == dict.fromkeys(asked, (200, None))


def test_what_is_absent_and_what_is_hidden_answer_alike(things, caller):
    hidden = caller("sam").get(f"runs/{things['run']}/").json()
    absent = caller("sam").get("runs/0000000000001/").json()
    assert hidden["detail"].replace(things["run"], "X") == absent["detail"].replace("0000000000001", "X")
    hidden = caller("sam").get("projects/demo/runs/").json()
    assert hidden["detail"].replace("demo", "X") == caller("sam").get("projects/none/runs/").json()[
        "detail"
    ].replace("none", "X")


@pytest.mark.parametrize(
    ("username", "method", "path", "body", "status"),
    [
        ("kim", "PUT", "projects/demo/agents/writer/", AGENT, 200),
        ("kim", "PUT", "projects/demo/providers/house/", {}, 403),
        ("kim", "PUT", "projects/demo/secrets/key/", {"value": "x"}, 403),
        ("olu", "PUT", "projects/demo/agents/writer/", AGENT, 403),
        ("olu", "POST", "runs/{run}/feedback/", {"score": 4}, 201),
        ("rita", "POST", "runs/{run}/feedback/", {"score": 4}, 403),
        ("kim", "POST", "projects/demo/members/", {"user": "ben", "roles": ["admin"]}, 403),
        ("ada", "POST", "projects/demo/members/", {"user": "ben", "roles": ["author"]}, 200),
        ("ada", "POST", "projects/demo/members/", {"user": "newcomer", "roles": ["viewer"]}, 403),
        ("ada", "POST", "projects/", {"slug": "mine"}, 403),
    ],
)
def test_each_role_has_its_rights(things, caller, username, method, path, body, status):
    answer = caller(username).send(method, path.format(**things), body)
    assert answer.status_code == status, answer.content
