"""Who may what: every address of the OpenAPI document, asked by everybody of the cast."""

import json
import re

import pytest

from governance.models import User
from runs.api import openapi
from tests.runs.api.conftest import AGENT, Caller

DOCUMENT = json.loads(openapi.document())
OPERATIONS = [
    (method.upper(), path, shown)
    for path, methods in DOCUMENT["paths"].items()
    for method, shown in methods.items()
]
IN_PROJECT = [
    found
    for found in OPERATIONS
    if found[1].startswith(("/api/v1/projects/{", "/api/v1/runs/", "/api/v1/appr"))
]
WRITES = [found for found in IN_PROJECT if found[0] != "GET"]
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
}


@pytest.fixture
def things(published, make_run, make_event, make_step, make_approval):
    """One of everything that an address can name."""
    run = make_run()
    make_event(run, 1, "run.created", {})
    approval = make_approval(run=run)
    return {"run": run.public_id, "approval": address_of(approval.id)}


def address_of(number: int) -> str:
    from governance import ids

    return ids.encode(number)


def fill(path: str, things: dict) -> str:
    names = {
        "project": "demo", "kinds": "agents", "slug": "writer", "number": "1", "user": "olu", "name": "key",
        "hash": "ab", "kind": "agent", "token": "0000000000001", **things,
    }  # fmt: skip
    return path.format(**names)


def body_for(path: str) -> dict:
    words = [word for word in path.strip("/").split("/") if not word.startswith("{")]
    return BODIES.get(words[-1], AGENT)


def ids_of(operations: list) -> list[str]:
    return [f"{method} {path.removeprefix('/api/v1/')}" for method, path, _ in operations]


def test_the_document_names_every_address():
    from runs.api.urls import urlpatterns

    def addresses(patterns, prefix=""):
        for pattern in patterns:
            here = prefix + str(pattern.pattern)
            yield from addresses(pattern.url_patterns, here) if hasattr(pattern, "url_patterns") else [here]

    found = {"/api/" + re.sub(r"<[^:>]+:(\w+)>", r"{\1}", address) for address in addresses(urlpatterns)}
    assert found - DOCUMENT["paths"].keys() == {"/api/v1/openapi.json", "/api/docs/", "/api/"}


@pytest.mark.parametrize(("method", "path", "shown"), OPERATIONS, ids=ids_of(OPERATIONS))
def test_nobody_is_answered_without_a_token(things, method, path, shown):
    answer = Caller().send(method, fill(path, things), body_for(path))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated"


@pytest.mark.parametrize(("method", "path", "shown"), IN_PROJECT, ids=ids_of(IN_PROJECT))
def test_a_stranger_finds_nothing(things, caller, method, path, shown):
    answer = caller("sam").send(method, fill(path, things), body_for(path))
    assert answer.status_code == 404, answer.content


@pytest.mark.parametrize(("method", "path", "shown"), IN_PROJECT, ids=ids_of(IN_PROJECT))
def test_a_token_of_another_project_finds_nothing(things, caller, sam, method, path, shown):
    from governance import people
    from governance.models import Project

    other = Project.objects.get(slug="sams")
    people.add_member(other, User.objects.get(username="ada"), ["admin"], None)
    answer = caller("ada", project=other).send(method, fill(path, things), body_for(path))
    assert answer.status_code == 404, answer.content


@pytest.mark.parametrize(("method", "path", "shown"), WRITES, ids=ids_of(WRITES))
def test_a_reader_changes_nothing(things, ben, method, path, shown):
    answer = ben.send(method, fill(path, things), body_for(path))
    assert answer.status_code == 403, answer.content
    assert answer.json()["code"] == "forbidden"


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
