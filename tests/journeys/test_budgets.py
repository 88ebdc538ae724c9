"""Budgets in a served Baton: who draws on what, what happens at the end of one, and that none is ever overshot."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.environment import scaled
from tests.journeys import purse, soundness, stage
from tests.prepared import Prepared
from tests.serving import BatonServer

LAUNCHES = scaled(80, 200)


class Till:
    """A served Baton for budgets alone, with Ada; every test has flows, agents and budgets of its own."""

    def __init__(self, server: BatonServer):
        self.server = server
        self.ada = server.api("ada")

    def agent(self, slug: str, *script: dict, **more) -> None:
        stage.publish(
            self.ada,
            purse.model(*script, slug=f"{slug}-model"),
            stage.agent(slug, f"{slug}-model/any", params=purse.TEN_CENTS, **more),
            purse.asks(slug, slug),
        )

    def enact(self, *documents: dict) -> None:
        purse.enact(self.ada, *documents)

    def launch(self, flow: str) -> str:
        return self.ada.launch(flow, input={})["id"]

    def ended(self, run_id: str, status: str = "succeeded", within_s: float = 30) -> dict:
        run = self.ada.finished(run_id, within_s)
        assert run["status"] == status, run
        soundness.assert_sound(self.ada, run)
        return run

    def play(self, flow: str, status: str = "succeeded") -> dict:
        return self.ended(self.launch(flow), status)

    def lines(self, run_id: str, type: str, kind: str | None = None) -> list[dict]:
        found = [event["data"] for event in self.ada.events(run_id) if event["type"] == type]
        return [data for data in found if kind in (None, data.get("kind"))]

    def burst(self, flow: str, count: int) -> list[dict]:
        return purse.all_ended(self.ada, flow, purse.launched_at_once(self.server.url, self.ada, flow, count))


@pytest.fixture(scope="module")
def till(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Till]:
    server = prepared.serve(tmp_path_factory.mktemp("till"))
    try:
        yield Till(server)
    finally:
        server.sweep()


# --- no overshoot --------------------------------------------------------------------------------------------------


def test_launches_at_once_against_a_dollar_at_ten_cents_each_spend_a_dollar_and_never_more(
    till: Till, record_testsuite_property
):
    till.agent("dear", purse.says(1000, after_s=1))
    till.enact(purse.budget("dollar", 1, subject="agent", of="dear"))
    with purse.watched_file(till.server.data / "baton.sqlite3") as session:
        runs = till.burst("dear", LAUNCHES)
        seen = purse.seen(session, "dollar")
    ends = [run["status"] for run in runs]
    assert (ends.count("succeeded"), ends.count("failed")) == (10, LAUNCHES - 10)
    assert {run["error"]["code"] for run in runs if run["error"]} == {"budget_exceeded"}
    assert (seen["most"], seen["over"]) == (1_000_000_000, 0)
    assert seen["held"] == 1_000_000_000, "ten calls were out at the same time"
    (account,) = purse.meter(till.ada, "dollar")["accounts"]
    assert (account["spent_usd"], account["reserved_usd"], account["state"]) == (1, 0, "exceeded")
    record_testsuite_property(
        f"budget of $1, {LAUNCHES} calls at $0.10: states, most", [seen["states"], seen["most"]]
    )


def test_cheap_calls_that_fit_are_not_refused_however_many_wait_at_once(till: Till):
    count = LAUNCHES
    till.agent("cheap", purse.says(40, after_s=0.3))
    till.enact(purse.budget("cheap-dollar", 1, subject="agent", of="cheap"))
    with purse.watched_file(till.server.data / "baton.sqlite3") as session:
        runs = till.burst("cheap", count)
        seen = purse.seen(session, "cheap-dollar")
    assert {run["status"] for run in runs} == {"succeeded"}
    assert seen["over"] <= 0 and seen["held"] >= 500_000_000, seen
    (account,) = purse.meter(till.ada, "cheap-dollar")["accounts"]
    assert account["spent_usd"] == round(count * 0.004, 9)
    assert (account["reserved_usd"], account["waiting"]) == (0, 0)


# --- block ---------------------------------------------------------------------------------------------------------


def test_a_refusal_names_the_budget_its_limit_what_is_spent_and_what_to_do(till: Till):
    till.agent("blocked", purse.says(400), fallback_models=["blocked-model/small"])
    till.enact(purse.budget("small-day", 0.13, subject="agent", of="blocked"))
    till.play("blocked")
    run = till.play("blocked", "failed")
    assert (run["error"]["code"], run["error"]["node"]) == ("budget_exceeded", "ask")
    message = run["error"]["message"]
    assert (
        "it may cost $0.1, which is more than is left of budget small-day ($0.13 a day for agent blocked)"
        in message
    )
    assert (
        "$0.04 of $0.13 is spent and $0 is held. Raise limit_usd of budget small-day, wait until 2" in message
    )
    (line,) = till.lines(run["id"], "budget.exceeded")
    assert line["account"].startswith("budget:small-day:agent/blocked:2")
    assert till.lines(run["id"], "choice.made") == [], "another model of the agent is not asked instead"


# --- pause ---------------------------------------------------------------------------------------------------------


def test_a_paused_run_goes_on_by_itself_from_the_same_step_once_the_limit_is_raised(till: Till):
    till.agent("patient", purse.says(900))
    paused = purse.budget("patience", 0.1, subject="agent", of="patient", on_exceed="pause")
    till.enact(paused)
    till.play("patient")
    waits = [till.launch("patient") for _ in range(3)]
    for run_id in waits:
        (wait,) = till.ada.waiting(run_id)["waiting"]
        assert (wait["kind"], wait["node"]) == ("budget", "ask")
        assert wait["id"].startswith("budget:patience:agent/patient:2") and wait["until"].endswith(
            "T00:00:00.000Z"
        )
    hosted = till.ada.read(f"runs/{waits[0]}/")
    time.sleep(1.5)
    assert till.ada.read(f"runs/{waits[0]}/") == hosted, "it holds still: nothing is written while it waits"
    began = time.monotonic()
    till.enact({**paused, "limit_usd": 1})
    runs = [till.ended(run_id, within_s=5) for run_id in waits]
    assert time.monotonic() - began < 5
    for run in runs:
        events = till.ada.events(run["id"])
        types = [event["type"] for event in events]
        assert types.count("step.started") == 3 and types.count("step.retrying") == 0
        assert [types.count(type) for type in ("budget.exceeded", "run.waiting", "run.resumed")] == [1, 1, 1]
        (line,) = [event["data"] for event in events if event["type"] == "step.waiting"]
        assert (line["kind"], line["id"][:16]) == ("budget", "budget:patience:")
        assert types.count("policy.decided") == len(
            {e["data"]["call"] for e in events if e["type"] == "policy.decided"}
        )
    (account,) = purse.meter(till.ada, "patience")["accounts"]
    assert (account["spent_usd"], account["reserved_usd"]) == (0.36, 0)


def test_a_paused_run_outlives_a_restart_and_can_be_cancelled(till: Till):
    till.agent("sleeper", purse.says(900))
    paused = purse.budget("sleep", 0.05, subject="agent", of="sleeper", on_exceed="pause")
    till.enact(paused)
    first, second = till.launch("sleeper"), till.launch("sleeper")
    for run_id in (first, second):
        till.ada.waiting(run_id)
    till.server.kill9()
    till.server.restarted()
    assert till.ada.run(first)["status"] == "waiting"
    assert till.ada.post(f"runs/{second}/cancellation/").status_code == 202
    assert till.ended(second, "cancelled")["cost_usd"] == 0
    till.enact({**paused, "limit_usd": 1})
    assert till.ended(first, within_s=5)["cost_usd"] == 0.09


def test_waiting_for_a_budget_uses_up_no_time_of_the_step_and_the_run(till: Till):
    till.agent("slowly", purse.says(900))
    stage.publish(till.ada, purse.asks("slowly", "in-time", timeout_s=1) | {"limits": {"timeout_s": 1}})
    paused = purse.budget("slow", 0.05, subject="agent", of="slowly", on_exceed="pause")
    till.enact(paused)
    run_id = till.launch("in-time")
    till.ada.waiting(run_id)
    time.sleep(2)
    till.enact({**paused, "limit_usd": 1})
    till.ended(run_id)


def test_a_run_that_works_on_beside_its_paused_step_hears_of_a_raised_limit_too(till: Till):
    till.agent("beside", purse.says(900))
    till.agent("worker", purse.says(10, after_s=4))
    nodes = [
        {"id": "start", "type": "start"},
        *purse.asks("beside", "x")["nodes"][1:2],
        {"id": "work", "type": "agent", "config": {"agent": "worker", "text": "Go."}},
        {"id": "both", "type": "join", "config": {"mode": "all"}},
        {"id": "done", "type": "end"},
    ]
    edges = [("start", "ask"), ("start", "work"), ("ask", "both"), ("work", "both"), ("both", "done")]
    flow = {"kind": "flow", "slug": "two-at-once", "name": "two", "nodes": nodes}
    stage.publish(till.ada, flow | {"edges": [{"from": source, "to": to} for source, to in edges]})
    paused = purse.budget("beside", 0.05, subject="agent", of="beside", on_exceed="pause")
    till.enact(paused)
    run_id = till.launch("two-at-once")
    stage.until(lambda: till.lines(run_id, "step.waiting"), 5, "the step is paused")
    assert till.ada.run(run_id)["status"] == "running"
    till.enact({**paused, "limit_usd": 1})
    stage.until(
        lambda: len(till.lines(run_id, "model.called")) == 1, 5, "the step went on while the other worked"
    )
    till.ended(run_id)


def test_archiving_the_budget_frees_whoever_is_paused_by_it(till: Till):
    till.agent("freed", purse.says(900))
    till.enact(purse.budget("gone", 0.05, subject="agent", of="freed", on_exceed="pause"))
    run_id = till.launch("freed")
    till.ada.waiting(run_id)
    assert till.ada.delete("projects/demo/budgets/gone/").status_code == 204
    till.ended(run_id, within_s=5)


# --- degrade -------------------------------------------------------------------------------------------------------


def test_degrade_asks_the_next_model_that_fits_and_says_why(till: Till):
    till.agent("thrifty", purse.says(900), fallback_models=["thrifty-model/any", "thrifty-model/small"])
    till.enact(purse.budget("thrift", 0.15, subject="agent", of="thrifty", on_exceed="degrade"))
    assert till.play("thrifty")["cost_usd"] == 0.09
    run = till.play("thrifty")
    assert run["cost_usd"] == 0.0009
    choices = till.lines(run["id"], "choice.made", "fallback")
    assert [choice["chosen"] for choice in choices] == [["thrifty-model/any"], ["thrifty-model/small"]]
    assert {choice["method"] for choice in choices} == {"rules"}
    assert all("budget thrift ($0.15 a day for agent thrifty)" in choice["reason"] for choice in choices)
    (called,) = till.lines(run["id"], "model.called")
    assert called["model"] == "thrifty-model/small"


def test_degrade_blocks_where_no_model_fits(till: Till):
    till.agent("broke", purse.says(900), fallback_models=["broke-model/any"])
    till.enact(purse.budget("nothing", 0.05, subject="agent", of="broke", on_exceed="degrade"))
    run = till.play("broke", "failed")
    assert run["error"]["code"] == "budget_exceeded" and run["cost_usd"] == 0


@pytest.mark.parametrize(
    ("others", "end"),
    [(("pause", "degrade"), "waiting"), (("block", "pause", "degrade"), "failed")],
    ids=["pause before degrade", "block before both"],
)
def test_of_several_exceeded_budgets_the_strictest_decides(till: Till, others: tuple[str, ...], end: str):
    name = f"many-{len(others)}"
    till.agent(name, purse.says(900), fallback_models=[f"{name}-model/small"])
    till.enact(
        *(purse.budget(f"{name}-{what}", 0.05, subject="agent", of=name, on_exceed=what) for what in others)
    )
    run_id = till.launch(name)
    run = till.ada.run_when(run_id, lambda run: run["status"] in ("waiting", "failed", "succeeded"))
    assert run["status"] == end
    if end == "waiting":
        till.enact(purse.budget(f"{name}-pause", 5, subject="agent", of=name, on_exceed="pause"))
        assert till.ended(run_id)["cost_usd"] == 0.0009, "then the next strictest decides"


# --- warnings ------------------------------------------------------------------------------------------------------


def test_people_are_warned_once_an_account_on_the_run_and_on_the_record(till: Till):
    till.agent("loud", purse.says(300))
    till.enact(purse.budget("alarm", 0.2, subject="agent", of="loud", warn_at=0.25))
    runs = [till.play("loud") for _ in range(3)]
    told = [till.lines(run["id"], "note", "budget_warning") for run in runs]
    assert [len(notes) for notes in told] == [0, 1, 0]
    (note,) = told[1]
    assert (note["budget"], note["limit_usd"], note["spent_usd"]) == ("alarm", 0.2, 0.06)
    entries = [entry for entry in till.ada.pages("projects/demo/audit/") if entry["action"] == "budget.warn"]
    assert [(entry["object"], entry["actor"]) for entry in entries] == [("budget/alarm", "system")]
    (account,) = purse.meter(till.ada, "alarm")["accounts"]
    assert (account["spent_usd"], account["share"], account["state"]) == (0.09, 0.45, "warned")


# --- what applies --------------------------------------------------------------------------------------------------


def test_a_new_budget_counts_what_was_spent_before_it(till: Till):
    till.agent("early", purse.says(600))
    till.play("early")
    budget = purse.budget("late", 0.15, subject="flow", of="early")
    till.enact(budget)
    (account,) = purse.meter(till.ada, "late")["accounts"]
    assert (account["of"], account["spent_usd"], account["left_usd"]) == ("early", 0.06, 0.09)
    assert till.play("early", "failed")["error"]["code"] == "budget_exceeded"
    till.enact({**budget, "limit_usd": 0.16})
    till.play("early")
    (account,) = purse.meter(till.ada, "late")["accounts"]
    assert account["spent_usd"] == 0.12


def test_a_lowered_limit_breaks_nothing_and_refuses_what_comes_after(till: Till):
    till.agent("lower", purse.says(500))
    budget = purse.budget("lowered", 1, subject="agent", of="lower")
    till.enact(budget)
    till.play("lower")
    till.enact({**budget, "limit_usd": 0.01})
    till.play("lower", "failed")
    (account,) = purse.meter(till.ada, "lowered")["accounts"]
    assert (account["share"], account["left_usd"], account["state"]) == (5, 0, "exceeded")
    till.enact(budget)
    till.play("lower")


def test_a_call_draws_on_every_budget_that_applies_and_on_those_of_the_runs_above(till: Till):
    till.agent("below", purse.says(200))
    sub = {"id": "sub", "type": "subflow", "config": {"flow": "below"}}
    stage.publish(till.ada, stage.chain("above", sub))
    till.enact(
        purse.budget("by-run", 1, subject="run", period="run"),
        purse.budget("by-flow", 1, subject="flow", period="week"),
        purse.budget("by-agent", 1, subject="agent", of="below", period="month"),
        purse.budget("by-project", 10, period="total"),
        purse.budget("by-user", 10, subject="user", of="ada"),
        purse.budget("by-agent-in-a-run", 1, subject="agent", period="run"),
    )
    before = purse.meter(till.ada, "by-project")["accounts"][0]["spent_usd"]
    run = till.play("above")
    (child,) = [data["run"] for data in till.lines(run["id"], "note", "child")]
    (held,) = till.lines(child, "budget.reserved")
    assert {account.partition(":")[2].rpartition(":")[0] for account in held["accounts"]} == {
        "by-agent-in-a-run:agent/below",
        "by-agent:agent/below",
        "by-flow:flow/above",
        "by-flow:flow/below",
        "by-project:project/",
        f"by-run:run/{child}",
        f"by-run:run/{run['id']}",
        "by-user:user/ada",
    }
    assert f"budget:by-agent-in-a-run:agent/below:run-{run['id']}" in held["accounts"]
    after = purse.meter(till.ada, "by-project")["accounts"][0]["spent_usd"]
    assert round(after - before, 9) == 0.02
    shown = {account["of"]: account["spent_usd"] for account in purse.meter(till.ada, "by-run")["accounts"]}
    assert (shown[child], shown[run["id"]]) == (0.02, 0.02)
    for slug in ("by-run", "by-flow", "by-agent", "by-project", "by-user", "by-agent-in-a-run"):
        assert till.ada.delete(f"projects/demo/budgets/{slug}/").status_code == 204


# --- who spent it --------------------------------------------------------------------------------------------------

ODD = {"input_usd_per_mtok": 0.123457, "output_usd_per_mtok": 7.654321}


def mixed(till: Till) -> list[str]:
    """Flows in which calls are retried, fail, fall back, are answered from the cache, and are made by runs below."""
    odd = purse.model(
        {"when": {"node": "shaky"}, "say": "At last.", "fail": {"status": 500, "attempts": 1}},
        {"when": {"node": "hopeless"}, "say": "Never.", "fail": {"status": 400}},
        {"say": "Fine.", "tokens": {"input": 137, "output": 11}},
        slug="odd-model",
    )
    odd["prices"] = {"any": ODD, "small": {"input_usd_per_mtok": 0.000001, "output_usd_per_mtok": 3}}
    stage.publish(
        till.ada,
        odd,
        stage.agent("odd", "odd-model/any", fallback_models=["odd-model/small"]),
        stage.agent("even", "odd-model/small"),
    )
    retry = {"retry": {"max_attempts": 2, "backoff_s": 0.01}}
    agents = {
        "even": {},
        "odd": {},
        "shaky": retry,
        "hopeless": {"on_error": "port"},
        "kept": {"cache_ttl_s": 60},
    }
    nodes = [
        {
            "id": id,
            "type": "agent",
            "config": {"agent": id if id == "even" else "odd", "text": "{{ input.n }}"},
            **more,
        }
        for id, more in agents.items()
    ]
    child = stage.chain("mixed-below", *nodes[:2])
    below = {"id": "below", "type": "subflow", "config": {"flow": "mixed-below", "input": {"n": "= input.n"}}}
    each = {
        "id": "each",
        "type": "map",
        "config": {"items": "[1, 2, 3]", "agent": "even", "text": "{{ item }}", "max_concurrency": 3},
    }
    stage.publish(till.ada, child, stage.chain("mixed", *nodes[:3], nodes[4], below, each))
    stage.publish(till.ada, stage.chain("mixed-failing", nodes[0], {**nodes[3], "on_error": "fail"}))
    return ["mixed", "mixed", "mixed-failing", "mixed-below"]


def test_every_spent_nano_dollar_belongs_to_an_agent_a_flow_a_person_a_model_and_a_run(till: Till):
    """Over everything that was played in this file: retries, failures, cached answers, runs below, kills."""
    olu = till.server.api("olu", "demo", "operator")
    flows = mixed(till)
    ids = [api.launch(flow, input={"n": n})["id"] for api in (till.ada, olu) for n, flow in enumerate(flows)]
    ends = Counter(till.ada.finished(run_id)["status"] for run_id in ids)
    assert ends == {"succeeded": 6, "failed": 2}
    runs = list(till.ada.pages("projects/demo/runs/?limit=500"))
    spent: Counter[tuple] = Counter()
    for run in runs:
        for event in till.ada.events(run["id"]):
            if event["type"] == "model.called":
                where = (run["flow"], run["user"], event["data"]["model"])
                spent[where] += round(event["data"]["cost_usd"] * purse.NANO)
    usage = till.ada.read("projects/demo/usage/?by=flow,user,model")
    assert {
        (row["flow"], row["user"], row["model"]): round(row["cost_usd"] * purse.NANO)
        for row in usage["results"]
        if row["cost_usd"]
    } == {key: cost for key, cost in spent.items() if cost}
    total = round(usage["total"]["cost_usd"] * purse.NANO)
    launched = [run for run in runs if run["parent"] is None]
    assert total == sum(round(run["cost_usd"] * purse.NANO) for run in launched) == sum(spent.values())
    for by in ("agent", "user", "flow", "model", "agent,flow", "agent,user,flow,model"):
        parts = till.ada.read(f"projects/demo/usage/?by={by}")
        assert sum(round(row["cost_usd"] * purse.NANO) for row in parts["results"]) == total
        assert sum(row["calls"] for row in parts["results"]) == usage["total"]["calls"]
    agents = {row["agent"]: row for row in till.ada.read("projects/demo/usage/?by=agent")["results"]}
    assert agents["even"]["calls"] == 8 + 2 * 2 * 3 + 2 * 2, (
        "each in every flow, in the map, and in the run below"
    )


def test_a_paused_run_below_another_shows_there_and_both_go_on(till: Till):
    till.agent("deep", purse.says(900))
    below = {"id": "sub", "type": "subflow", "config": {"flow": "deep"}}
    each = {
        "id": "each",
        "type": "map",
        "config": {"items": "[1, 2]", "agent": "deep", "text": "{{ item }}"},
    }
    stage.publish(till.ada, stage.chain("over-deep", below, each))
    paused = purse.budget("depth", 0.05, subject="agent", of="deep", on_exceed="pause")
    till.enact(paused)
    run_id = till.launch("over-deep")
    (wait,) = till.ada.waiting(run_id)["waiting"]
    assert (wait["kind"], wait["node"]) == ("budget", "sub")
    till.enact({**paused, "limit_usd": 0.19})
    stage.until(
        lambda: [wait["node"] for wait in till.ada.run(run_id)["waiting"]] == ["each"], 10, "an item waits"
    )
    till.enact({**paused, "limit_usd": 1})
    assert till.ended(run_id)["cost_usd"] == 0.27
