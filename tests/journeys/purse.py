"""What the journeys of budgets share: agents whose calls cost exactly so much, a watch on every state of an account.

A model here costs nothing a token in and $100 a million tokens out: `max_tokens` 1,000 is a worst case of exactly
$0.10, and an answer of 40 tokens costs exactly $0.004.
"""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg

from tests.api import Api
from tests.journeys import stage

NANO = 1_000_000_000
PRICES = {"input_usd_per_mtok": 0, "output_usd_per_mtok": 100}
TEN_CENTS = {"max_tokens": 1000}  # the worst case of a call

# Every state that any transaction ever committed, not what a look in between happens to see.
SQLITE_WATCH = """
    CREATE TABLE IF NOT EXISTS account_watch (key TEXT, "limit" INTEGER, spent INTEGER, reserved INTEGER);
    CREATE TRIGGER IF NOT EXISTS watch_made AFTER INSERT ON governance_account BEGIN
        INSERT INTO account_watch VALUES (NEW.key, NEW."limit", NEW.spent, NEW.reserved); END;
    CREATE TRIGGER IF NOT EXISTS watch_moved AFTER UPDATE ON governance_account BEGIN
        INSERT INTO account_watch VALUES (NEW.key, NEW."limit", NEW.spent, NEW.reserved); END;
"""
POSTGRES_WATCH = """
    CREATE TABLE account_watch (key TEXT, "limit" BIGINT, spent BIGINT, reserved BIGINT);
    CREATE FUNCTION watch_account() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO account_watch VALUES (NEW.key, NEW."limit", NEW.spent, NEW.reserved); RETURN NEW; END $$;
    CREATE TRIGGER watch_account AFTER INSERT OR UPDATE ON governance_account
        FOR EACH ROW EXECUTE FUNCTION watch_account();
"""
SEEN = (
    'SELECT count(*), coalesce(max(spent + reserved), 0), coalesce(max(spent + reserved - "limit"), 0), '
    "coalesce(max(reserved), 0) FROM account_watch WHERE key LIKE "
)


def model(*script: dict, slug: str) -> dict:
    """A scripted provider at these prices; its models are SLUG/any and SLUG/small."""
    return {
        "kind": "provider",
        "slug": slug,
        "type": "scripted",
        "script": list(script),
        "prices": {"any": PRICES, "small": {"input_usd_per_mtok": 0, "output_usd_per_mtok": 1}},
    }


def says(tokens: int, text: str = "Said.", after_s: float = 0.0) -> dict:
    """An answer that costs $0.0001 a token."""
    return {"say": text, "tokens": {"input": 1, "output": tokens}, "after_s": after_s}


def budget(slug: str, limit_usd: float, **more) -> dict:
    return {
        "kind": "budget",
        "slug": slug,
        "subject": "project",
        "period": "day",
        "limit_usd": limit_usd,
        **more,
    }


def enact(api: Api, *documents: dict, project: str = "demo") -> None:
    """Publishes budgets: they are in force at once."""
    for document in documents:
        answer = api.post(f"projects/{project}/budgets/{document['slug']}/versions/", json=document)
        assert answer.status_code in (200, 201), f"{answer.status_code} {answer.text}"


def asks(agent: str, flow: str, **more) -> dict:
    """A flow whose one step asks the agent."""
    node = {"id": "ask", "type": "agent", "config": {"agent": agent, "text": "Well?"}, **more}
    return stage.chain(flow, node)


@contextmanager
def watched_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Watches the accounts of a served SQLite database."""
    with closing(sqlite3.connect(path, timeout=20, isolation_level=None)) as session:
        session.executescript(SQLITE_WATCH)
        yield session


@contextmanager
def watched_server(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as session:
        session.execute(POSTGRES_WATCH)
        yield session


def seen(session: sqlite3.Connection | psycopg.Connection, slug: str) -> dict[str, int]:
    """Of the accounts of a budget: how many states they had, the most that was spent and held together, by how much
    that was over the limit of that moment, and the most that was held. Nano-dollars."""
    row = session.execute(f"{SEEN} 'budget:%/{slug}:%'").fetchone()
    return dict(zip(("states", "most", "over", "held"), map(int, row), strict=True))


def launched_at_once(url: str, api: Api, flow: str, count: int) -> list[str]:
    """The ids of so many runs, launched by eight people at the same time."""
    apis = [Api(url, api.token, timeout_s=120) for _ in range(8)]
    with ThreadPoolExecutor(len(apis)) as people:
        launched = people.map(lambda n: apis[n % len(apis)].launch(flow, input={})["id"], range(count))
        ids = list(launched)
    for one in apis:
        one.close()
    return ids


def all_ended(api: Api, flow: str, ids: list[str], within_s: float = 120) -> list[dict]:
    """These runs, once all runs of the flow have ended."""
    unfinished = f"projects/demo/runs/?status=queued,running,waiting&flow={flow}&limit=1"
    stage.until(lambda: not api.read(unfinished)["results"], within_s, "all runs end", every_s=0.3)
    runs = {run["id"]: run for run in api.pages(f"projects/demo/runs/?flow={flow}&limit=500")}
    return [runs[run_id] for run_id in ids]


def meter(api: Api, slug: str, project: str = "demo") -> dict:
    return api.read(f"projects/{project}/budgets/{slug}/usage/")
