"""How far a budget is, for whoever may read the project."""

from datetime import UTC, datetime

import pytest

from governance import clock, documents
from governance.models import Account, Spend

pytestmark = pytest.mark.both_databases
NOW = int(datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.fixture
def month(project, monkeypatch):
    """A budget on users, of which Ada used half and Ben has a call under way."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    body = {"kind": "budget", "slug": "people", "subject": "user", "limit_usd": 2, "period": "month"}
    documents.create_and_publish(project, "budget", "people", {**body, "warn_at": 0.5}, None)
    Spend.objects.create(
        project=project, day="2026-03-02", flow="support", user="ada", model="m", cost=1_000_000_000
    )
    key = f"budget:{project.pk}/people:user/ben:2026-03"
    Account.objects.create(key=key, limit=2_000_000_000, spent=1, reserved=400_000_000, waiting=3)


def test_a_reader_sees_how_far_each_account_is(ben, month):
    shown = ben.get("projects/demo/budgets/people/usage/").json()
    assert (shown["slug"], shown["limit_usd"], shown["on_exceed"], shown["of"]) == (
        "people",
        2,
        "block",
        None,
    )
    assert shown["count"] == 2
    ada, bens = shown["accounts"]
    assert ada == {
        "of": "ada",
        "period": "2026-03",
        "ends_at": "2026-04-01T00:00:00.000Z",
        "spent_usd": 1,
        "reserved_usd": 0,
        "left_usd": 1,
        "share": 0.5,
        "waiting": 0,
        "state": "warned",
    }
    assert (bens["of"], bens["spent_usd"], bens["reserved_usd"]) == ("ben", 1e-9, 0.4)
    assert (bens["left_usd"], bens["waiting"], bens["state"]) == (1.599999999, 3, "ok")


def test_a_draft_has_no_usage_and_says_what_to_do(ben, project):
    body = {"kind": "budget", "slug": "draft", "subject": "project", "limit_usd": 2, "period": "day"}
    documents.save_draft(project, "budget", "draft", body, None)
    answer = ben.get("projects/demo/budgets/draft/usage/")
    assert answer.status_code == 404 and "activate one first" in answer.json()["detail"]
    assert ben.get("projects/demo/budgets/none/usage/").status_code == 404


def test_a_stranger_learns_nothing_of_it(caller, month):
    assert caller("sam").get("projects/demo/budgets/people/usage/").status_code == 404
