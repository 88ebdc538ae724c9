"""Usage, decisions, metrics, and the numbers of the instance."""

from datetime import date

import pytest
from django.test import Client

from governance.models import Spend
from runs import insights
from runs.models import Feedback
from tests.left_alone import opening

pytestmark = pytest.mark.both_databases


@pytest.fixture
def spends(project):
    rows = [
        ("support", "writer", "ada", "house/small", 2_000_000_000, 10, 20, 1, date(2026, 3, 1)),
        ("support", "writer", "ben", "house/small", 500_000_000, 1, 2, 2, date(2026, 3, 2)),
        ("billing", "checker", "ada", "house/large", 1, 100, 0, 3, date(2026, 3, 2)),
    ]
    for flow, agent, user, model, cost, tokens_in, tokens_out, calls, day in rows:
        Spend.objects.create(
            project=project, day=day, flow=flow, agent=agent, user=user, model=model, cost=cost,
            input_tokens=tokens_in, output_tokens=tokens_out, calls=calls,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("by=flow", [("support", 2.5, 3), ("billing", 1e-9, 3)]),
        ("by=user", [("ada", 2.000000001, 4), ("ben", 0.5, 2)]),
        ("by=model&since=2026-03-02T10:00:00Z", [("house/small", 0.5, 2), ("house/large", 1e-9, 3)]),
        ("by=agent&since=2026-03-03T00:00:00Z", []),
    ],
)
def test_usage_is_added_up(ben, spends, query, expected):
    report = ben.get(f"projects/demo/usage/?{query}").json()
    field = query.split("&")[0].removeprefix("by=")
    assert [(row[field], row["cost_usd"], row["calls"]) for row in report["results"]] == expected
    assert report["total"]["calls"] == sum(row["calls"] for row in report["results"])


def test_usage_by_several_and_by_nothing_known(ben, spends):
    rows = ben.get("projects/demo/usage/?by=flow,user").json()["results"]
    assert [(row["flow"], row["user"]) for row in rows] == [
        ("support", "ada"),
        ("support", "ben"),
        ("billing", "ada"),
    ]
    assert ben.get("projects/demo/usage/?by=colour").json()["errors"][0]["parameter"] == "by"
    assert ben.get("projects/demo/usage/").json()["total"] == {
        "cost_usd": 2.500000001,
        "tokens": {"input": 111, "output": 22},
        "calls": 6,
    }


def test_decisions_are_choices_and_verdicts(ben, make_run, make_event):
    first, second = make_run(), make_run()
    make_event(first, 1, "run.created", {})
    make_event(
        first, 2, "policy.decided", {"action": "model.call", "effect": "allow", "policies": [], "reason": "r"}
    )
    choice = {
        "kind": "router",
        "candidates": [{"name": "billing", "score": 0.9, "excluded_because": None}],
        "chosen": ["billing"],
        "method": "agent",
        "reason": "It is about money.",
    }
    make_event(second, 5, "choice.made", choice, node="classify", iteration=1)
    path, rows = "projects/demo/decisions/?limit=1", []
    while path:
        page = ben.get(path).json()
        rows += page["results"]
        path = page["next"]
    assert [(row["run"], row["seq"], row["kind"], row["chosen"], row["method"]) for row in rows] == [
        (second.public_id, 5, "router", ["billing"], "agent"),
        (first.public_id, 2, "model.call", ["allow"], "policy"),
    ]
    assert rows[0]["candidates"] == choice["candidates"]
    only = ben.get(f"projects/demo/decisions/?run={first.public_id}").json()["results"]
    assert [row["seq"] for row in only] == [2]
    assert ben.get("projects/demo/decisions/?run=1").status_code == 422


def test_metrics_measure_what_ran(ben, make_run, make_step, make_approval):
    for seconds in range(1, 101):
        make_run(started_at=0, finished_at=seconds * 1_000_000, cost=1_000_000_000)
    failed = make_run(status="failed")
    make_step(failed, "a", status="failed", attempts=3, started_at=0, finished_at=500_000)
    make_step(failed, "b", status="succeeded", attempts=1, started_at=0, finished_at=1_500_000)
    Feedback.objects.create(run=failed, score=2, at=1)
    make_approval(run=failed)
    found = ben.get("projects/demo/metrics/").json()
    assert found["runs"]["latency_s"] == {"p50": 50, "p90": 90, "p99": 99}
    assert (found["runs"]["total"], found["runs"]["success_rate"]) == (101, 0.9901)
    assert found["steps"] == {
        "total": 2,
        "failed": 1,
        "retried": 1,
        "retries": 2,
        "success_rate": 0.5,
        "latency_s": {"p50": 0.5, "p90": 1.5, "p99": 1.5},
        "measured": 2,
    }
    assert found["kpis"]["cost_usd"] == 100
    assert (found["kpis"]["feedback"], found["kpis"]["mean_score"]) == (1, 2)
    assert found["kpis"]["approvals_pending"] == 1
    none = ben.get("projects/demo/metrics/?since=2099-01-01T00:00:00Z").json()
    assert (none["runs"]["total"], none["runs"]["success_rate"], none["runs"]["latency_s"]["p50"]) == (
        0,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7.0], 50, 7.0),
        ([1.0, 2.0], 50, 1.0),
        ([1.0, 2.0, 3.0], 50, 2.0),
        ([1.0, 2.0], 99, 2.0),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(values, percent, expected):
    assert insights.percentile(values, percent) == expected


def test_baton_says_that_it_lives_and_is_ready(db):
    assert Client().get("/healthz").json() == {"alive": True}
    ready = Client().get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"ready": True, "checks": {"database": "ok", "migrations": "ok", "broker": "ok"}}


def test_a_broker_that_does_not_answer_is_not_ready(db, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["checks"]["broker"]) == (503, "unreachable")


def test_metrics_are_for_this_machine_or_a_token(ada, project, make_run, spends):
    make_run(seq=7)
    for process in ("here:1:ab", "there:2:cd"):
        opening(project, process=process)
    text = Client().get("/metrics").content.decode()
    assert 'baton_runs{status="succeeded"} 1\n' in text
    assert "# TYPE baton_events_total counter\nbaton_events_total 7\n" in text
    assert "baton_cost_usd_total 2.500000001\n" in text
    assert 'baton_breakers_open{kind="provider"} 1\nbaton_breakers_open{kind="agent"} 0\n' in text
    assert Client().get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 401
    assert Client().get("/metrics", HTTP_X_FORWARDED_FOR="10.0.0.9").status_code == 401
    assert ada.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 200
