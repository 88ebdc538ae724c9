"""Drafts in the making: kept while they do not fit, numbered, and never written over by whoever saw an older one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from governance import clock, documents, secrets
from governance.documents import Conflict, Refused, Stale
from governance.models import AuditEntry, Document

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FLOW = {"kind": "flow", "slug": "triage"}


def test_every_save_of_a_draft_counts_one_revision_and_says_whose_it_is(project, ada, rita):
    document, _, _ = documents.save_draft(project, "flow", "triage", FLOW, ada)
    assert (document.revision, document.drafted_by) == (1, ada)
    documents.save_draft(project, "flow", "triage", FLOW, ada)
    document, _ = documents.save_working_draft(project, "flow", "triage", FLOW, rita)
    found = Document.objects.get(slug="triage")
    assert (found.revision, found.drafted_by, document.revision) == (3, rita, 3)
    assert found.drafted_at is not None


def test_publishing_does_not_count_as_a_save(project, ada):
    document, _, _ = documents.save_draft(project, "flow", "triage", FLOW, ada)
    documents.publish(document, None, ada)
    documents.publish(document, {**FLOW, "note": 2}, ada)
    assert Document.objects.get(slug="triage").revision == 1


def test_a_draft_that_does_not_fit_its_schema_is_kept_with_its_problems(project, ada):
    body = {**FLOW, "agents": [7], "colour": "red"}
    document, found = documents.save_working_draft(project, "flows", "triage", body, ada)
    assert documents.draft(document) == body
    assert sorted((problem.pointer, problem.code) for problem in found) == [
        ("/agents/0", "type"),
        ("/colour", "unknown_field"),
    ]
    with pytest.raises(Refused):
        documents.publish(document, None, ada)


def test_a_fitting_working_draft_is_checked_like_any_other(project, ada):
    _, found = documents.save_working_draft(project, "flow", "triage", {**FLOW, "agents": ["writer"]}, ada)
    assert [(problem.pointer, problem.code) for problem in found] == [("/agents/0", "dead_reference")]


def test_whoever_saw_an_older_draft_is_refused_and_changes_nothing(project, ada, rita):
    documents.save_working_draft(project, "flow", "triage", {**FLOW, "note": "one"}, ada, 0)
    documents.save_working_draft(project, "flow", "triage", {**FLOW, "note": "two"}, rita, 1)
    with pytest.raises(Stale, match=r"was changed by rita meanwhile \(revision 2\)") as stale:
        documents.save_working_draft(project, "flow", "triage", {**FLOW, "note": "three"}, ada, 1)
    assert isinstance(stale.value, Conflict)
    assert (stale.value.document.revision, documents.draft(stale.value.document)["note"]) == (2, "two")
    assert documents.draft(Document.objects.get(slug="triage"))["note"] == "two"
    assert AuditEntry.objects.filter(action="flow.draft").count() == 2


def test_the_saves_of_one_sitting_are_one_line_of_audit_and_others_come_between(project, ada, rita):
    def saved(by, note: str) -> None:
        documents.save_working_draft(project, "flow", "triage", {**FLOW, "note": note}, by)

    def lines() -> list[tuple[str, str]]:
        found = AuditEntry.objects.filter(object="flow/triage").order_by("id")
        return list(found.values_list("action", "actor"))

    for note in ("one", "two", "three"):
        saved(ada, note)
    assert lines() == [("flow.draft", "ada")]
    saved(rita, "four")
    saved(ada, "five")
    assert lines() == [("flow.draft", "ada"), ("flow.draft", "rita"), ("flow.draft", "ada")]
    AuditEntry.objects.update(at=clock.now() - 600_000_001)
    saved(ada, "six")
    assert lines()[3:] == [("flow.draft", "ada")]
    documents.archive(documents.load(project, "flow", "triage"), ada)
    saved(ada, "seven")
    assert lines()[4:] == [("flow.archive", "ada"), ("flow.draft", "ada")]


def test_a_revision_of_a_draft_that_was_never_there_is_refused_and_makes_none(project, ada):
    with pytest.raises(Stale):
        documents.save_working_draft(project, "flow", "triage", FLOW, ada, 4)
    assert not Document.objects.exists()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], [("", "type")]),
        ({"kind": "agent", "slug": "triage"}, [("/kind", "wrong_kind")]),
        ({"kind": "flow"}, [("/slug", "missing_field")]),
        ({**FLOW, "note": "a\0b"}, [("/note", "invalid_text")]),
        ({**FLOW, "note": "\ud800"}, [("/note", "invalid_text")]),
        ({**FLOW, "note": "x" * 2_000_000}, [("", "too_large")]),
    ],
)
def test_what_cannot_be_kept_at_all_is_refused(project, ada, body, expected):
    with pytest.raises(Refused) as refused:
        documents.save_working_draft(project, "flow", "triage", body, ada)
    assert [(problem.pointer, problem.code) for problem in refused.value.problems] == expected
    assert not Document.objects.exists()


def test_a_working_draft_nested_deeper_than_64_levels_is_refused(project, ada):
    note: list = []
    for _ in range(100_000):
        note = [note]
    with pytest.raises(Refused, match="deeper than 64"):
        documents.save_working_draft(project, "flow", "triage", {**FLOW, "note": note}, ada)


def test_a_key_in_a_working_draft_becomes_a_secret_at_once(project, ada):
    body = {"kind": "provider", "slug": "openai", "api_key": "sk-very-secret", "colour": 1}
    document, _ = documents.save_working_draft(project, "provider", "openai", body, ada)
    assert documents.draft(document) == {
        "kind": "provider",
        "slug": "openai",
        "colour": 1,
        "secret": "provider-openai",
    }
    assert secrets.reveal(project, "provider-openai") == "sk-very-secret"


@pytest.mark.django_db(transaction=True)
def test_of_several_who_save_the_same_revision_at_once_one_wins(project, ada):
    documents.save_working_draft(project, "flow", "triage", FLOW, ada)
    start = threading.Barrier(5)

    def save(note: int) -> bool:
        start.wait()
        try:
            documents.save_working_draft(project, "flow", "triage", {**FLOW, "note": note}, ada, 1)
        except Stale:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(save, range(5))) == [False, False, False, False, True]
    assert Document.objects.get(slug="triage").revision == 2
