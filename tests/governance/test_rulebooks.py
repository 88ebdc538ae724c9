"""The rulebook in force: fresh where it is asked for, at once where it was changed, closed where it cannot be read."""

import asyncio
import threading

import pytest
from django.db import DatabaseError, connection

from governance import clock, documents, people, policy_documents, rulebooks
from governance.freshness import InForce
from governance.gate import Operation, decide
from governance.models import Version
from governance.rules import Rulebook

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
LAUNCH = Operation("flow.launch", "launch", {"flow": {"slug": "f", "version": 1}})


@pytest.fixture(autouse=True)
def _policies(small_kinds) -> None:
    policy_documents.register()


@pytest.fixture
def project():
    return people.create_project("demo", "Demo", people.create_user("ada", None))


def publish(project, slug: str, **more) -> None:
    body = {"kind": "policy", "slug": slug, "effect": "deny", "actions": ["flow.launch"], **more}
    documents.create_and_publish(project, "policies", slug, body, None)


def names(book: Rulebook) -> list[str]:
    return [rule.name for rule in book.rules]


def test_a_project_without_policies_has_an_empty_book(project):
    assert rulebooks.read(project.pk) == Rulebook()


def test_rules_stand_in_the_order_of_their_slugs_in_their_active_versions(project):
    for slug in ("b-b", "a", "b", "ba"):
        publish(project, slug)
    publish(project, "a", reason="Newer.")
    assert names(rulebooks.read(project.pk)) == ["a@2", "b@1", "b-b@1", "ba@1"]


def test_what_this_process_puts_in_force_holds_at_once(project):
    rulebooks.read(project.pk)
    publish(project, "a")
    assert names(rulebooks.current(project.pk)) == ["a@1"]
    publish(project, "a", reason="Newer.")
    documents.activate(documents.load(project, "policy", "a"), 1, None)
    assert names(rulebooks.current(project.pk)) == ["a@1"]
    documents.archive(documents.load(project, "policy", "a"), None)
    assert names(rulebooks.current(project.pk)) == []


def test_what_is_taken_back_never_held(project):
    rulebooks.read(project.pk)
    with pytest.raises(documents.Refused):
        publish(project, "a", when="nonsense")
    assert names(rulebooks.current(project.pk)) == []


def test_what_another_process_puts_in_force_holds_within_a_second(project, monkeypatch):
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    rulebooks.read(project.pk)
    from governance.documents.changes import changed

    with monkeypatch.context() as elsewhere:  # this process hears nothing of it
        elsewhere.setattr(changed, "receivers", [])
        changed.sender_receivers_cache.clear()
        publish(project, "a")
    assert names(asyncio.run(rulebooks.fresh(project.pk))) == []
    now[0] += 1_000_001
    assert rulebooks.young(project.pk) is None
    assert names(asyncio.run(rulebooks.fresh(project.pk))) == ["a@1"]


def test_nothing_read_yet_denies_everything(project):
    verdict = decide(LAUNCH, rulebooks.current(project.pk))
    assert (verdict.effect, verdict.policies) == ("deny", ("built-in/policies-unreadable",))
    assert "were not read yet" in verdict.reason


@pytest.mark.parametrize("how", ["read", "fresh"])
def test_a_store_that_cannot_be_read_denies_everything_and_says_why(project, monkeypatch, how):
    publish(project, "a")
    rulebooks.forget()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE governance_version RENAME TO governance_gone")
    try:
        book = rulebooks.read(project.pk) if how == "read" else asyncio.run(rulebooks.fresh(project.pk))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE governance_gone RENAME TO governance_version")
    verdict = decide(LAUNCH, book)
    assert (verdict.effect, verdict.policies) == ("deny", ("built-in/policies-unreadable",))
    assert "cannot be read, so everything is denied" in verdict.reason
    assert names(asyncio.run(rulebooks.fresh(project.pk))) == ["a@1"], "and it is read again when it is back"


def test_a_version_that_is_no_policy_any_more_denies_everything(project):
    publish(project, "a", effect="allow")
    Version.objects.update(content='{"kind": "policy"}', hash="another")
    verdict = decide(LAUNCH, rulebooks.read(project.pk))
    assert (verdict.effect, verdict.reason) == (
        "deny",
        "The policy a@1 cannot be read, which counts as deny: publish it again.",
    )


def test_many_who_ask_at_once_cost_one_read():
    loads, gate = [], threading.Event()

    def load(project_id: int) -> str:
        loads.append(project_id)
        gate.wait(5)
        return f"book {len(loads)}"

    kept = InForce("nothing", load, lambda error: "closed")

    async def ask() -> list[str]:
        asking = [asyncio.create_task(kept.fresh(1)) for _ in range(50)]
        await asyncio.sleep(0.05)
        gate.set()
        return await asyncio.gather(*asking)

    assert (set(asyncio.run(ask())), loads) == ({"book 1"}, [1])


def test_what_was_begun_before_a_change_is_not_kept_after_it():
    began, go_on, values = threading.Event(), threading.Event(), iter(["old", "new"])

    def load(project_id: int) -> str:
        value = next(values)
        if value == "old":
            began.set()
            go_on.wait(5)
        return value

    kept = InForce("nothing", load, lambda error: "closed")
    slow = threading.Thread(target=kept.read, args=[1])
    slow.start()
    began.wait(5)
    kept.read(1)  # as the process does that changed it
    go_on.set()
    slow.join()
    assert kept.current(1) == "new"


def test_a_store_that_is_away_for_a_moment_stops_nothing():
    answers = iter([DatabaseError("away"), "there"])

    def load(project_id: int) -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    kept = InForce("nothing", load, lambda error: "closed")
    assert asyncio.run(kept.fresh(1)) == "there"
