"""Drafts, versions, activations: what every configured thing can do."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from governance import documents, secrets
from governance.documents import InUse, NotFound, Refused
from governance.models import AuditEntry, Document, Version

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def published(project, by, kind, slug, **fields):
    body = {"kind": kind, "slug": slug, **fields}
    return documents.create_and_publish(project, kind, slug, body, by)


def problems(refused) -> list[tuple[str, str]]:
    return sorted((problem.pointer, problem.code) for problem in refused.value.problems)


def test_a_draft_is_kept_and_says_what_would_stop_publishing(project, ada):
    body = {"kind": "flow", "slug": "triage", "name": "Triage", "agents": ["writer"], "note": "unsound"}
    document, created, found = documents.save_draft(project, "flow", "triage", body, ada)
    assert (created, document.name, documents.draft(document)) == (True, "Triage", body)
    assert [(problem.pointer, problem.code) for problem in found] == [
        ("/note", "unsound"),
        ("/agents/0", "dead_reference"),
    ]
    assert documents.save_draft(project, "flow", "triage", body, ada)[1] is False
    with pytest.raises(Refused) as refused:
        documents.publish(document, None, ada)
    assert problems(refused) == [("/agents/0", "dead_reference"), ("/note", "unsound")]
    assert not Version.objects.exists()


def test_a_warning_stops_nothing(project, ada):
    version, created = published(project, ada, "flow", "triage", note="odd")
    assert (version.number, created) == (1, True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("/kind", "missing_field"), ("/slug", "missing_field")]),
        ({"kind": "agent", "slug": "triage"}, [("/kind", "wrong_kind")]),
        ({"kind": "flow", "slug": "other"}, [("/slug", "wrong_slug")]),
        (
            {"kind": "flow", "slug": "triage", "colour": 1, "nam": 2},
            [("/colour", "unknown_field"), ("/nam", "unknown_field")],
        ),
        (
            {"kind": "flow", "slug": "triage", "name": 3, "agents": ["a", 1, None]},
            [("/agents/1", "type"), ("/agents/2", "type"), ("/name", "type")],
        ),
        ({"kind": "flow", "slug": "triage", "note": {"a/b": ["x\0y"]}}, [("/note/a~1b/0", "invalid_text")]),
        ({"kind": "flow", "slug": "triage", "note": {"\0": 1}}, [("/note", "invalid_text")]),
        ({"kind": "flow", "slug": "triage", "note": "\ud800"}, [("/note", "invalid_text")]),
        ({"kind": "flow", "slug": "triage", "note": float("nan")}, [("/note", "invalid")]),
        ([], [("", "type")]),
        ("text", [("", "type")]),
        (None, [("", "type")]),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_every_pointer(project, ada, body, expected):
    with pytest.raises(Refused) as refused:
        documents.save_draft(project, "flow", "triage", body, ada)
    assert problems(refused) == expected
    assert not Document.objects.exists()


def test_a_body_nested_deeper_than_64_levels_is_refused(project, ada):
    note: list = []
    for _ in range(100_000):
        note = [note]
    with pytest.raises(Refused) as refused:
        documents.save_draft(project, "flow", "triage", {"kind": "flow", "slug": "triage", "note": note}, ada)
    assert [problem.code for problem in refused.value.problems] == ["too_deep"]


@pytest.mark.parametrize("slug", ["", "Triage", "a b", "a" * 65, "ü", "a\n", "scan", "simulation"])
def test_a_slug_that_cannot_be_is_refused(project, ada, slug):
    with pytest.raises(Refused) as refused:
        documents.save_draft(project, "flow", slug, {"kind": "flow", "slug": slug}, ada)
    assert [problem.pointer for problem in refused.value.problems] == ["/slug"]


def test_an_unknown_kind_is_not_found(project, ada):
    with pytest.raises(documents.UnknownKind):
        documents.save_draft(project, "policies", "x", {}, ada)


def test_versions_are_numbered_and_the_same_content_makes_none(project, ada):
    assert published(project, ada, "tool", "lookup", name="A", note=1)[1] is True
    document = documents.load(project, "tools", "lookup")
    second, created = documents.publish(document, {"kind": "tool", "slug": "lookup", "note": 2}, ada)
    assert (second.number, created) == (2, True)
    moved = {"note": 2, "slug": "lookup", "kind": "tool"}
    assert documents.publish(document, moved, ada) == (second, False)
    again, created = documents.publish(
        document, {"kind": "tool", "slug": "lookup", "name": "A", "note": 1}, ada
    )
    assert (again.number, created) == (3, True)
    assert [version.number for version in document.versions.order_by("number")] == [1, 2, 3]


def test_publishing_the_newest_again_activates_it_where_it_was_not(project, ada):
    published(project, ada, "tool", "lookup")
    document = documents.load(project, "tool", "lookup")
    body = {"kind": "tool", "slug": "lookup", "note": 2}
    documents.publish(document, body, ada, activate=False)
    assert documents.find(project, "tool", "lookup").number == 1
    assert documents.publish(document, body, ada, activate=False)[1] is False
    assert documents.find(project, "tool", "lookup").number == 1
    assert documents.publish(document, body, ada)[1] is False
    assert documents.find(project, "tool", "lookup").number == 2


def test_nothing_to_publish_is_said(project, ada):
    published(project, ada, "tool", "lookup")
    with pytest.raises(Refused, match="There is no draft"):
        documents.publish(documents.load(project, "tool", "lookup"), None, ada)


def test_rolling_back_keeps_who_and_when_and_as_of_knows(project, ada, rita):
    published(project, ada, "tool", "lookup", note=1)
    document = documents.load(project, "tool", "lookup")
    before = timezone.now()
    documents.publish(document, {"kind": "tool", "slug": "lookup", "note": 2}, ada)
    between = timezone.now()
    activation = documents.activate(document, 1, rita)
    assert (activation.version.number, activation.by) == (1, rita)
    assert documents.content(documents.find(project, "tool", "lookup"))["note"] == 1
    assert documents.as_of(document, before).version.number == 1
    assert documents.as_of(document, between).version.number == 2
    assert documents.as_of(document, timezone.now()).version.number == 1
    assert documents.as_of(document, before - timedelta(days=1)) is None
    with pytest.raises(NotFound, match="no version 9"):
        documents.activate(document, 9, ada)


def test_activating_a_version_with_a_dead_reference_is_refused(project, ada):
    published(project, ada, "tool", "lookup")
    published(project, ada, "agent", "writer", tools=["lookup"])
    writer = documents.load(project, "agent", "writer")
    documents.publish(writer, {"kind": "agent", "slug": "writer"}, ada)
    documents.archive(documents.load(project, "tool", "lookup"), ada)
    with pytest.raises(Refused, match="There is no tool 'lookup'"):
        documents.activate(writer, 1, ada)
    assert documents.find(project, "agent", "writer").number == 2


@pytest.mark.parametrize(
    ("ref", "sentence"),
    [
        ("nobody", "There is no agent 'nobody' in this project: create and publish it, or name another."),
        ("draft", "The agent 'draft' was never published: publish it first."),
        ("writer@7", "The agent 'writer' has no version 7: its newest is 1."),
        ("writer@01", "The agent 'writer' has no version 01: its newest is 1."),
        ("No\0body", "'No\\x00body' is no slug"),
        ("sleeper", "The agent 'sleeper' has no active version: activate one first."),
    ],
)
def test_a_dead_reference_says_what_to_do(project, ada, ref, sentence):
    published(project, ada, "agent", "writer")
    documents.save_draft(project, "agent", "draft", {"kind": "agent", "slug": "draft"}, ada)
    body = {"kind": "agent", "slug": "sleeper"}
    documents.create_and_publish(project, "agent", "sleeper", body, ada, activate=False)
    with pytest.raises(Refused) as refused:
        published(project, ada, "flow", "triage", agents=[ref])
    (problem,) = refused.value.problems
    assert (problem.pointer, problem.code) in {("/agents/0", "dead_reference"), ("/agents/0", "invalid_text")}
    assert problem.message.startswith(sentence) or problem.code == "invalid_text"
    with pytest.raises(NotFound) as missing:
        documents.find(project, "agent", ref)
    assert str(missing.value).startswith(sentence)


def test_archiving_is_refused_while_an_active_flow_reaches_the_document(project, ada):
    published(project, ada, "tool", "lookup")
    published(project, ada, "agent", "writer", tools=["lookup@1"])
    published(project, ada, "flow", "triage", agents=["writer"])
    for kind, slug in (("tool", "lookup"), ("agent", "writer")):
        with pytest.raises(InUse, match="'triage'"):
            documents.archive(documents.load(project, kind, slug), ada)
    documents.archive(documents.load(project, "flow", "triage"), ada)
    documents.archive(documents.load(project, "tool", "lookup"), ada)
    with pytest.raises(NotFound):
        documents.load(project, "tool", "lookup")
    assert [document.slug for document in documents.all_of(project, "tools")] == []


def test_an_archived_document_keeps_its_history_and_comes_back(project, ada):
    published(project, ada, "tool", "lookup")
    document = documents.load(project, "tool", "lookup")
    alive = timezone.now()
    documents.archive(document, ada)
    assert documents.as_of(document, alive).version.number == 1
    assert documents.as_of(document, timezone.now()) is None
    assert documents.pinned(project, {"tools/lookup": 1})["tools/lookup"].number == 1
    with pytest.raises(NotFound):
        documents.find(project, "tool", "lookup@1")
    _, created, _ = documents.save_draft(project, "tool", "lookup", {"kind": "tool", "slug": "lookup"}, ada)
    assert created is True
    assert documents.publish(documents.load(project, "tool", "lookup"), None, ada)[1] is False
    assert documents.find(project, "tool", "lookup").number == 1


def test_a_flow_may_name_itself(project, ada):
    assert published(project, ada, "flow", "triage", flows=["triage"])[0].number == 1
    assert documents.pins(project, documents.find(project, "flow", "triage")) == {"flows/triage": 1}
    documents.archive(documents.load(project, "flow", "triage"), ada)


def test_every_verb_leaves_one_line_of_audit(project, ada):
    AuditEntry.objects.all().delete()
    body = {"kind": "tool", "slug": "lookup"}
    document, _, _ = documents.save_draft(project, "tool", "lookup", body, ada)
    documents.publish(document, None, ada)
    documents.publish(document, {**body, "note": 1}, ada)
    documents.activate(document, 1, ada)
    documents.archive(document, ada)
    lines = AuditEntry.objects.order_by("id").values_list("action", "object", "actor", "data")
    shown = [
        (action, object, actor, data.get("before"), data.get("after"))
        for action, object, actor, data in lines
    ]
    mark = documents.digest(body)
    assert shown == [
        ("tool.draft", "tool/lookup", "ada", None, mark),
        ("tool.publish", "tool/lookup", "ada", None, 1),
        ("tool.publish", "tool/lookup", "ada", 1, 2),
        ("tool.activate", "tool/lookup", "ada", 2, 1),
        ("tool.archive", "tool/lookup", "ada", 1, None),
    ]


def test_the_key_of_a_provider_becomes_a_secret_and_is_nowhere_else(project, ada):
    body = {"kind": "provider", "slug": "openai", "api_key": "sk-very-secret"}
    document, _, _ = documents.save_draft(project, "provider", "openai", body, ada)
    documents.publish(document, {**body, "api_key": "sk-newer-secret"}, ada)
    expected = {"kind": "provider", "slug": "openai", "secret": "provider-openai"}
    assert documents.draft(document) == expected
    assert documents.content(documents.find(project, "provider", "openai")) == expected
    assert secrets.reveal(project, "provider-openai") == "sk-newer-secret"
    assert "secret" not in repr(list(AuditEntry.objects.values_list("data", flat=True)))
    assert "sk-" not in repr(documents.export_documents(project))


@pytest.mark.parametrize("key", ["", 3, None, ["sk"], "sk\0", "s" * 10_001])
def test_a_key_that_is_none_is_refused_without_being_shown(project, ada, key):
    body = {"kind": "provider", "slug": "openai", "api_key": key}
    with pytest.raises(Refused) as refused:
        documents.save_draft(project, "provider", "openai", body, ada)
    assert [problem.pointer for problem in refused.value.problems] == ["/api_key"]
    assert secrets.names(project) == []


def test_a_key_beside_another_secret_is_refused(project, ada):
    body = {"kind": "provider", "slug": "openai", "api_key": "sk", "secret": "other"}
    with pytest.raises(Refused, match="not both"):
        documents.save_draft(project, "provider", "openai", body, ada)


def test_pins_hold_everything_a_flow_reaches(project, ada, django_assert_num_queries):
    published(project, ada, "tool", "lookup", note=1)
    published(project, ada, "tool", "lookup", note=2)
    published(project, ada, "agent", "writer", tools=["lookup", "lookup@1"])
    published(project, ada, "agent", "editor")
    published(project, ada, "flow", "inner", agents=["editor"])
    outer, _ = published(project, ada, "flow", "outer", agents=["writer@1"], flows=["inner"])
    expected = {
        "agents/writer@1": 1,
        "flows/inner": 1,
        "agents/editor": 1,
        "tools/lookup": 2,
        "tools/lookup@1": 1,
    }
    assert documents.pins(project, outer) == expected
    with django_assert_num_queries(1):
        assert documents.pins(project, outer) == expected
    found = documents.pinned(project, expected)
    assert {key: version.number for key, version in found.items()} == expected
    published(project, ada, "agent", "editor", note="new")
    assert documents.pins(project, outer) == {**expected, "agents/editor": 2}


def test_what_is_in_another_project_does_not_count(project, ada, sam):
    from governance import people

    other = people.create_project("sales", "Sales", sam)
    published(other, sam, "agent", "writer")
    with pytest.raises(Refused, match="There is no agent 'writer' in this project"):
        published(project, ada, "flow", "triage", agents=["writer"])


@pytest.mark.django_db(transaction=True)
def test_publishers_at_the_same_moment_get_distinct_numbers(project, ada):
    start = threading.Barrier(6)

    def publish(note: int) -> int:
        start.wait()
        body = {"kind": "tool", "slug": "lookup", "note": note}
        try:
            return documents.create_and_publish(project, "tool", "lookup", body, ada)[0].number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(publish, range(6))) == [1, 2, 3, 4, 5, 6]
    assert documents.find(project, "tool", "lookup").number == 6
