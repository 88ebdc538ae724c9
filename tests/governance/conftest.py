"""The cast with its roles, and four small kinds of documents that name each other like the real ones."""

from collections.abc import Iterator

import pytest

from governance import people
from governance.documents import kinds, register_kind
from governance.models import Project, User
from governance.refusals import Problem


def member(project: Project, username: str, *roles: str) -> User:
    """A person of the project, made where missing."""
    user, _ = User.objects.get_or_create(username=username)
    people.add_member(project, user, roles, None)
    return user


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create(username="ada")


@pytest.fixture
def project(ada: User) -> Project:
    return people.create_project("support", "Support", ada)


@pytest.fixture
def ben(project: Project) -> User:
    return member(project, "ben", "viewer")


@pytest.fixture
def rita(project: Project) -> User:
    return member(project, "rita", "reviewer")


@pytest.fixture
def sam(db: None) -> User:
    return User.objects.create(username="sam")


def schema(kind: str, **fields: dict) -> dict:
    return {
        "type": "object",
        "required": ["kind", "slug"],
        "additionalProperties": False,
        "properties": {
            "kind": {"const": kind},
            "slug": {"type": "string"},
            "name": {"type": "string", "maxLength": 200},
            "note": {},
            **fields,
        },
    }


TEXTS = {"type": "array", "items": {"type": "string"}}


def _named(kind: str, field: str):
    return lambda body: [(kind, ref, f"/{field}/{index}") for index, ref in enumerate(body.get(field, []))]


def _unsound(body, project) -> list[Problem]:
    if body.get("note") == "unsound":
        return [Problem("/note", "This flow is unsound: change the note.", "unsound", nodes=("classify",))]
    if body.get("note") == "odd":
        return [Problem("/note", "This note is odd.", "odd", severity="warning")]
    return []


@pytest.fixture(autouse=True)
def small_kinds() -> Iterator[None]:
    """Agents, tools, flows and providers without the layers above; what was registered comes back afterwards."""
    before, names_before = dict(kinds.KINDS), dict(kinds._by_name)
    kinds.KINDS.clear()
    kinds._by_name.clear()
    register_kind("tool", "tools", schema("tool"))
    register_kind("agent", "agents", schema("agent", tools=TEXTS), references=_named("tool", "tools"))
    register_kind("provider", "providers", schema("provider", secret={"type": "string"}))
    register_kind(
        "flow",
        "flows",
        schema("flow", agents=TEXTS, flows=TEXTS),
        _unsound,
        lambda body: [*_named("agent", "agents")(body), *_named("flow", "flows")(body)],
    )
    yield
    kinds.KINDS.clear()
    kinds._by_name.clear()
    kinds.KINDS.update(before)
    kinds._by_name.update(names_before)
