"""How a run below a run is stored: once a step, and not without end."""

import pytest
from django.db import connection

from governance import budgets, documents, people, rulebooks
from governance.documents.changes import changed
from governance.ledger import run_sync
from governance.privacy import rulesets
from governance.rules import Rulebook
from runs.engine.birth import born, child_of
from runs.engine.library import Library
from runs.engine.loader import Loader, record
from runs.engine.rows import loads
from runs.launch import launch
from runs.models import Event, Run

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FLOW = {
    "kind": "flow",
    "slug": "plain",
    "name": "Plain",
    "nodes": [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}],
    "edges": [{"from": "start", "to": "end"}],
}


@pytest.fixture
def above():
    ada = people.create_user("ada", None)
    project = people.create_project("demo", "Demo", ada)
    documents.create_and_publish(project, "flows", "plain", FLOW, ada)
    return launch(project, "plain", {"n": 1}, user=ada)[0]


def store(above: Run, key, most: int, attempt: int = 1) -> tuple:
    shelf = Library().shelf(above.project, above.flow, above.version, above.pins)
    first = Event.objects.get(run_id=above.id, seq=1)
    child, _ = child_of(
        record(above, [(1, loads(first.data))]), key, attempt, shelf.flow, {"n": 2}, Rulebook()
    )
    with connection.cursor() as cursor:
        return run_sync(cursor, born(child, most)(connection.vendor), connection.vendor)


def test_a_step_has_one_child_however_often_it_asks(above):
    number, is_new = store(above, ("below", 1, None), most=10)
    assert is_new
    assert store(above, ("below", 1, None), most=10) == (number, False)
    assert store(above, ("below", 2, None), most=10)[1]
    assert store(above, ("below", 1, None), most=10, attempt=2)[1], "a new attempt has one of its own"
    child = Run.objects.get(id=number)
    assert (child.parent_id, child.root_id, child.trace_id) == (above.id, above.id, above.trace_id)
    assert [event.type for event in child.events.order_by("seq")] == ["run.created", "policy.decided"]


@pytest.mark.parametrize(
    ("plural", "in_force", "body"),
    [
        ("policies", rulebooks, {"kind": "policy", "effect": "deny", "actions": ["tool.call"]}),
        (
            "budgets",
            budgets,
            {"kind": "budget", "subject": "project", "limit_usd": 1, "period": "day", "on_exceed": "block"},
        ),
        (
            "privacy",
            rulesets,
            {
                "kind": "privacy",
                "rules": [{"entities": ["US_SSN"], "where": ["run_input"], "action": "mask"}],
            },
        ),
    ],
)
def test_what_another_process_put_in_force_a_moment_ago_holds_for_a_run_that_is_loaded(
    above, monkeypatch, plural, in_force, body
):
    before = in_force.read(above.project_id)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(changed, "receivers", [])
        changed.sender_receivers_cache.clear()
        documents.create_and_publish(above.project, plural, "fresh", {**body, "slug": "fresh"}, None)
    changed.sender_receivers_cache.clear()
    assert in_force.current(above.project_id) == before
    # The test's transaction lives on this connection.
    monkeypatch.setattr("runs.engine.loader.close_old_connections", lambda: None)
    Loader().load([(above.id, 1)])
    assert in_force.current(above.project_id) != before


def test_flows_of_flows_do_not_multiply_without_end(above):
    made = [store(above, ("below", 1, item), most=3) for item in range(5)]
    assert [number is not None for number, _ in made] == [True, True, True, False, False]
    assert Run.objects.filter(trace_id=above.trace_id).count() == 4


def test_a_run_that_may_not_be_launched_is_not_stored_and_one_that_was_is_found(above):
    """What was allowed then goes on, whatever a policy says of it after a crash."""
    key = ("below", 1, None)
    assert store(above, key, most=0) == (None, False)
    assert Run.objects.filter(parent_id=above.id).count() == 0
    number, _ = store(above, key, most=10)
    assert store(above, key, most=0) == (number, False)
