"""The cast, and clients that speak for them."""

import json
from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from governance import clock, documents, ids, people, tokens
from governance.models import Approval, Project, User
from runs.models import Event, Run, Step

ROLES = {"ada": "admin", "ben": "viewer", "rita": "reviewer", "olu": "operator", "kim": "author"}

AGENT = {
    "kind": "agent",
    "slug": "writer",
    "name": "Writer",
    "purpose": "Writes.",
    "model": "house/small",
    "instructions": "Write.",
}
PROVIDER = {
    "kind": "provider",
    "slug": "house",
    "type": "scripted",
    "script": [{"say": "hello"}],
    "prices": {"small": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 2}},
}
FLOW = {
    "kind": "flow",
    "slug": "support",
    "name": "Support",
    "input_schema": {"type": "object"},
    "nodes": [
        {"id": "start", "type": "start"},
        {"id": "reply", "type": "agent", "config": {"agent": "writer", "text": "{{ input.message }}"}},
        {"id": "done", "type": "end", "config": {"output": {"answer": "= steps.reply.output.text"}}},
    ],
    "edges": [{"from": "start", "to": "reply"}, {"from": "reply", "to": "done"}],
}


class Caller(Client):
    """A client with one person's token: paths under /api/v1/, bodies as JSON."""

    def __init__(self, token: str | None = None):
        super().__init__(raise_request_exception=False)
        self.token = token

    def generic(self, method, path, data="", content_type="application/json", **extra):
        if self.token and "HTTP_AUTHORIZATION" not in extra:
            extra["HTTP_AUTHORIZATION"] = f"Bearer {self.token}"
        path = path if path.startswith("/") or "://" in path else f"/api/v1/{path}"
        return super().generic(method, path, data, content_type, **extra)

    def send(self, method: str, path: str, body=None, **extra):
        import json

        return self.generic(method, path, "" if body is None else json.dumps(body), **extra)

    def post(self, path, body=None, **extra):
        return self.send("POST", path, body, **extra)

    def put(self, path, body=None, **extra):
        return self.send("PUT", path, body, **extra)

    def patch(self, path, body=None, **extra):
        return self.send("PATCH", path, body, **extra)

    def delete(self, path, **extra):
        return self.send("DELETE", path, **extra)


@pytest.fixture(autouse=True)
def fresh_throttles():
    cache.clear()


@pytest.fixture
def project(db) -> Project:
    """`demo` with its people: Ada administers, Ben reads, Rita reviews, Olu operates, Kim writes."""
    project = people.create_project("demo", "Demo", None)
    for username, role in ROLES.items():
        people.add_member(project, people.create_user(username, None, name=username.title()), [role], None)
    return project


@pytest.fixture
def sam(db) -> User:
    """Admin of a project of his own, a stranger to every other."""
    user = people.create_user("sam", None)
    people.create_project("sams", "Sam's", user)
    return user


@pytest.fixture
def caller(project: Project, sam: User) -> Callable[..., Caller]:
    """`caller("ada")` speaks for Ada; `project=` binds the token to one project."""

    def make(username: str, project: Project | None = None) -> Caller:
        token, text = tokens.create(User.objects.get(username=username), "tests", project)
        tokens.used(token)  # which is written once a minute: not in the first request that a test counts
        return Caller(text)

    return make


@pytest.fixture
def ada(caller) -> Caller:
    return caller("ada")


@pytest.fixture
def ben(caller) -> Caller:
    return caller("ben")


@pytest.fixture
def published(project: Project) -> Project:
    """The project with a provider, an agent and a flow that are active."""
    for kinds, body in (("providers", PROVIDER), ("agents", AGENT), ("flows", FLOW)):
        documents.create_and_publish(project, kinds, body["slug"], body, None)
    return project


@pytest.fixture
def make_run(project: Project) -> Callable[..., Run]:
    """Rows as the engine writes them: a run with what is given."""

    def make(**given) -> Run:
        number = ids.new_id()
        fields = {
            "id": number,
            "project": project,
            "flow": "support",
            "version": 1,
            "user": User.objects.get(username="ada"),
            "status": "succeeded",
            "trace_id": "0" * 32,
            "root_id": number,
            "created_at": clock.now(),
        }
        data = json.dumps({"input": given.pop("input", {"message": "hi"})})
        run = Run.objects.create(**{**fields, **given})
        Event.objects.create(run=run, seq=1, type="run.created", at=run.created_at, data=data)
        return run

    return make


@pytest.fixture
def make_event() -> Callable[..., Event]:
    """`make_event(run, 3, "step.started", {...}, node="a")`."""
    """The first event, which every run has, is replaced."""

    def make(run: Run, seq: int, type: str, data: dict, **given) -> Event:
        fields = {"run": run, "seq": seq, "type": type, "at": clock.now(), "data": json.dumps(data)}
        Event.objects.filter(run=run, seq=seq).delete()
        return Event.objects.create(**{**fields, **given})

    return make


@pytest.fixture
def make_step() -> Callable[..., Step]:
    def make(run: Run, node: str, **given) -> Step:
        return Step.objects.create(
            **{"run": run, "node": node, "iteration": 1, "status": "succeeded", **given}
        )

    return make


@pytest.fixture
def make_approval(project: Project, make_run) -> Callable[..., Approval]:
    def make(**given) -> Approval:
        number = ids.new_id()
        fields = {
            "id": number,
            "project": project,
            "kind": "approval",
            "run_id": given.pop("run").id if "run" in given else make_run(status="waiting").id,
            "node": "check",
            "title": "Refund?",
            "payload": {"amount": 60},
            "reviewers": ["role:reviewer"],
            "fingerprint": "f" * 64,
            "launched_by": User.objects.get(username="olu"),
            "requested_at": clock.now(),
        }
        return Approval.objects.create(**{**fields, **given})

    return make
