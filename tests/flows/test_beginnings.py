"""The beginning of each pattern publishes without a complaint, and shows the pattern that it is made for."""

import pytest

from flows.beginnings import documents_of
from flows.patterns import PATTERNS, shown_by
from governance import documents, people
from governance.documents import yaml_text
from governance.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return people.create_project("ours", "Ours", None)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_beginning_publishes_and_shows_its_pattern(project: Project, pattern: str):
    bodies = documents_of(pattern, "", {})
    texts = {f"{body['kind']} {body['slug']}": yaml_text.dump(body) for body in bodies}
    documents.apply(project, texts, None)
    found = [problem for body in bodies for problem in documents.problems_of(project, body["kind"], body)]
    # What an answer looks like, whom an agent hands its work to: that is for whoever goes on to say.
    assert {(problem.severity, problem.code) for problem in found} <= {
        ("warning", "no_schema"),
        ("warning", "no_delegates"),
    }
    assert pattern in shown_by(bodies[-1])
    played = {entry["when"]["agent"] for entry in bodies[0]["script"]}
    assert played == {body["slug"] for body in bodies if body["kind"] == "agent"}


def test_a_real_provider_is_used_and_left_as_it_is():
    bodies = documents_of("controller", "openai-main/gpt-5-mini", {"openai-main": "openai"})
    assert [body["kind"] for body in bodies] == ["agent", "agent", "flow"]
    assert {body["model"] for body in bodies[:2]} == {"openai-main/gpt-5-mini"}
