"""Owns flows as documents: drafts with problems are kept, nothing unsound is published."""

import pytest

from flows.kind import check_in
from governance import documents
from governance.models import Project, User
from tests.flows.drawings import flow, line, node

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return Project.objects.create(slug="demo", name="Demo")


@pytest.fixture
def ada():
    return User.objects.create(username="ada")


def saved(project, ada, document):
    return documents.save_draft(project, "flow", document["slug"], document, ada)


def publish(project, ada, document):
    return documents.publish(saved(project, ada, document)[0], None, ada)


CALCULATOR = {"kind": "tool", "slug": "sum", "type": "calculator"}
SUM = node("a", "tool", {"tool": "sum", "arguments": {"expression": "1 + 1"}})


def test_a_sound_flow_is_published(project, ada):
    saved_tool, _, _ = documents.save_draft(project, "tool", "sum", CALCULATOR, ada)
    documents.publish(saved_tool, None, ada)
    version, created = publish(project, ada, line(SUM))
    assert (version.number, created) == (1, True)


def test_a_draft_with_a_dead_reference_is_kept_and_not_published(project, ada):
    document, created, problems = saved(project, ada, line(SUM))
    assert created
    assert [(found.code, found.pointer, found.nodes) for found in problems] == [
        ("dead_reference", "/nodes/1/config/tool", ("a",))
    ]
    with pytest.raises(documents.Refused) as refusal:
        documents.publish(document, None, ada)
    assert [found.pointer for found in refusal.value.problems] == ["/nodes/1/config/tool"]


def test_a_draft_with_a_graph_problem_is_kept_and_not_published(project, ada):
    cyclic = flow(
        [node("start", "start"), node("a", "transform"), node("done", "end")],
        ["start -> a", "a -> a", "a -> done"],
    )
    document, _, problems = saved(project, ada, cyclic)
    assert [found.code for found in problems] == ["cycle"]
    with pytest.raises(documents.Refused):
        documents.publish(document, None, ada)


def test_a_draft_that_does_not_fit_the_schema_is_refused(project, ada):
    with pytest.raises(documents.Refused) as refusal:
        saved(project, ada, line(node("a", "agent", {"agent": "x", "text": "y", "colour": "red"})))
    assert [found.pointer for found in refusal.value.problems] == ["/nodes/1/config/colour"]


def test_two_published_flows_cannot_be_made_to_call_each_other(project, ada):
    publish(project, ada, line() | {"slug": "one"})
    publish(project, ada, line(node("a", "subflow", {"flow": "one"})) | {"slug": "two"})
    with pytest.raises(documents.Refused) as refusal:
        publish(project, ada, line(node("a", "subflow", {"flow": "two"})) | {"slug": "one"})
    assert [found.code for found in refusal.value.problems] == ["flow_calls_itself"]


def test_what_a_flow_names_is_read_in_few_queries(project, ada, django_assert_max_num_queries):
    slugs = [f"sum-{number}" for number in range(20)]
    for slug in slugs:
        found, _, _ = documents.save_draft(project, "tool", slug, {**CALCULATOR, "slug": slug}, ada)
        documents.publish(found, None, ada)
    tools = [node(slug.replace("-", "_"), "tool", {**SUM["config"], "tool": slug}) for slug in slugs]
    with django_assert_max_num_queries(2):
        assert check_in(line(*tools), project) == []
