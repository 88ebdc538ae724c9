"""Budgets scaled out: two workers on PostgreSQL draw on one account, and one is killed while its calls are out."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import psycopg
import pytest

from tests.api import Api
from tests.environment import scaled
from tests.journeys import purse, stage
from tests.serving import BatonWorker, Daphne

LAUNCHES = scaled(60, 200)
DOLLAR = 1_000_000_000


class Bank(NamedTuple):
    daphne: Daphne
    workers: list[BatonWorker]
    ada: Api
    watch: psycopg.Connection


@pytest.fixture(scope="module")
def bank(postgres, redis_server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("bank")
    (folder / "data").mkdir()
    env = {"DATABASE_URL": postgres.fresh_database(), "REDIS_URL": redis_server.fresh_database()}
    started = []

    def begun(kind, log: str):
        started.append(kind(folder / "data", folder / log, env=env))
        return started[-1]

    try:
        daphne = begun(Daphne, "daphne.log")
        workers = [begun(BatonWorker, f"worker-{number}.log") for number in (1, 2)]
        for process in started:
            process.wait_until_ready()
        with purse.watched_server(env["DATABASE_URL"]) as watch:
            yield Bank(daphne, workers, daphne.api("ada"), watch)
    finally:
        for process in started:
            process.sweep()


def opened(bank: Bank, slug: str, tokens: int, after_s: float) -> None:
    """An agent with a dollar a day, whose calls may cost ten cents and do cost $0.0001 a token."""
    stage.publish(
        bank.ada,
        purse.model(purse.says(tokens, after_s=after_s), slug=f"{slug}-model"),
        stage.agent(slug, f"{slug}-model/any", params=purse.TEN_CENTS),
        purse.asks(slug, slug),
    )
    purse.enact(bank.ada, purse.budget(f"{slug}-dollar", 1, subject="agent", of=slug))


HOLDING = """SELECT count(*), count(DISTINCT r.owner) FROM governance_reservation h JOIN runs_run r ON r.id = h.run_id
    WHERE h.state = 'held'"""


def holding(bank: Bank) -> tuple[int, int]:
    """How many calls hold money now, of how many workers."""
    return bank.watch.execute(HOLDING).fetchone()


def test_cheap_calls_of_two_workers_all_fit_and_never_hold_more_than_the_limit(bank: Bank):
    opened(bank, "cheap", tokens=40, after_s=0.1)
    runs = purse.all_ended(
        bank.ada, "cheap", purse.launched_at_once(bank.daphne.url, bank.ada, "cheap", LAUNCHES)
    )
    seen = purse.seen(bank.watch, "cheap-dollar")
    assert {run["status"] for run in runs} == {"succeeded"}
    assert seen["over"] <= 0 and seen["held"] >= DOLLAR // 2, seen
    (account,) = purse.meter(bank.ada, "cheap-dollar")["accounts"]
    assert account["spent_usd"] == round(LAUNCHES * 0.004, 9)
    assert (account["reserved_usd"], account["waiting"]) == (0, 0)


def test_a_dollar_stays_a_dollar_when_a_worker_dies_with_calls_out(bank: Bank, record_testsuite_property):
    """Last in this file: one worker is gone afterwards."""
    opened(bank, "dear", tokens=1000, after_s=3)
    with ThreadPoolExecutor(1) as aside:
        launching = aside.submit(purse.launched_at_once, bank.daphne.url, bank.ada, "dear", LAUNCHES)
        stage.until(lambda: holding(bank) == (10, 2), 30, "ten calls are out, of both workers")
        bank.workers[0].kill9()
        ids = launching.result()
    runs = purse.all_ended(bank.ada, "dear", ids)
    seen = purse.seen(bank.watch, "dear-dollar")
    ends = Counter(run["status"] for run in runs)
    assert ends == {"succeeded": 10, "failed": LAUNCHES - 10}
    assert {run["error"]["code"] for run in runs if run["error"]} == {"budget_exceeded"}
    assert (seen["most"], seen["over"]) == (DOLLAR, 0)
    assert round(sum(run["cost_usd"] for run in runs), 9) == 1
    (account,) = purse.meter(bank.ada, "dear-dollar")["accounts"]
    assert (account["spent_usd"], account["reserved_usd"], account["waiting"]) == (1, 0, 0)
    record_testsuite_property(
        "budget of $1 on PostgreSQL, a worker killed: states, most", list(seen.values())
    )
