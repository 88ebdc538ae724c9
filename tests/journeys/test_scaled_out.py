"""Scaled out: Daphne answers, two Celery workers execute, on PostgreSQL and Redis; then one worker is killed."""

import signal
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import orjson
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.api import Api
from tests.journeys import stage
from tests.journeys.test_crash import (
    ORDER,
    Models,
    N,
    all_finished,
    assert_all_sound,
    launch_all,
    settle_uncertain,
)
from tests.openai_server import OpenAIServer
from tests.serving import BatonWorker, Daphne

LEASE_S = 10
ASKED = {"id": "ask", "type": "approval", "config": {"reviewers": ["role:reviewer"], "title": "Well?"}}
APPROVED = {
    "kind": "flow",
    "slug": "approved",
    "name": "approved",
    "nodes": [{"id": "start", "type": "start"}, ASKED, {"id": "done", "type": "end"}],
    "edges": [{"from": "start", "to": "ask"}, {"from": "ask", "port": "approved", "to": "done"}],
}


class Town(NamedTuple):
    """The processes, the peers, and who speaks to them."""

    daphne: Daphne
    workers: list[BatonWorker]
    peer: stage.ToolServer
    models: OpenAIServer
    ada: Api
    rita: Api


@pytest.fixture(scope="module")
def town(postgres, redis_server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    data = folder / "data"
    data.mkdir()
    started = []
    with stage.ToolServer() as peer, OpenAIServer(play=Models()) as models:
        env = {
            "DATABASE_URL": postgres.fresh_database(),
            "REDIS_URL": redis_server.fresh_database(),
            "BATON_HTTP_ALLOW": f"{peer.endpoint},{models.endpoint}",
        }
        try:
            daphne = begun(started, Daphne, data, folder / "daphne.log", env)
            workers = [
                begun(started, BatonWorker, data, folder / f"worker-{number}.log", env) for number in (1, 2)
            ]
            for process in started:
                process.wait_until_ready()
            ada, rita = daphne.api("ada"), daphne.api("rita", "demo", "reviewer")
            publish_all(ada, peer, models)
            yield Town(daphne, workers, peer, models, ada, rita)
        finally:
            for process in started:
                process.sweep()


def begun(started: list, kind, data: Path, log: Path, env: dict):
    process = kind(data, log, env=env)
    started.append(process)
    return process


def publish_all(ada: Api, peer: stage.ToolServer, models: OpenAIServer) -> None:
    slow = {"id": "think", "type": "agent", "config": {"agent": "slow", "text": "Well?"}}
    stage.publish(
        ada,
        stage.hosted(models.url),
        stage.scripted({"when": {"agent": "slow"}, "say": "Late.", "after_s": 60}, *stage.TALK),
        stage.agent("thinker", "peer/any"),
        stage.agent("closer", "peer/any"),
        stage.agent("slow", "script/any"),
        stage.agent("talker", "script/any", tools=["look"]),
        stage.tool("look", peer.url, "read"),
        stage.tool("charge", peer.url, "irreversible"),
        stage.tool("post", peer.url, "write", idempotent=True),
        ORDER,
        APPROVED,
        stage.chain("slow", slow),
        stage.TALKS,
        stage.chain("looks", {"id": "look", "type": "tool", "config": {"tool": "look"} | N}),
    )


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_what_daphne_launches_a_worker_drives_and_daphne_shows_it_live(town):
    town.peer.hold("/look")
    run_id = town.ada.launch("talk", input={})["id"]
    seqs, text = [], ""
    url = f"ws://127.0.0.1:{town.daphne.port}/ws/runs/{run_id}/"
    with connect(url, additional_headers={"Authorization": f"Bearer {town.ada.token}"}, proxy=None) as socket:
        while True:
            try:
                frame = orjson.loads(socket.recv(timeout=20))
            except ConnectionClosed as closed:
                assert closed.rcvd.code == 1000
                break
            seqs += [event["seq"] for event in frame.get("events", ())]
            text += frame.get("delta", {}).get("text", "")
            if text == stage.WORDS:
                town.peer.release("/look")
    assert text.startswith(stage.WORDS), "it came while the step was under way"
    events = town.ada.events(run_id)
    assert seqs == [event["seq"] for event in events]
    stage.assert_sound(town.ada.run(run_id), events)


def test_an_admin_closes_a_breaker_of_every_worker_through_daphne(town):
    """E10: each worker leaves the dead tool alone; one click, and within a second both call it again."""
    wrong = {"id": "look", "type": "tool", "config": {"tool": "dead", "arguments": {"n": 1}}}
    stage.publish(town.ada, stage.tool("dead", town.peer.url, "read"), stage.chain("looks-dead", wrong))
    town.peer.statuses["/dead"] = [503] * 1_000

    def rows() -> list[dict]:
        return list(town.ada.pages("projects/demo/breakers/?open=true"))

    def played() -> list[dict]:
        launched = [town.ada.launch("looks-dead", input={})["id"] for _ in range(20)]
        return [town.ada.finished(run) for run in launched]

    def both_leave_it_alone() -> bool:
        played()
        return len({row["process"] for row in rows()}) == 2

    stage.until(both_leave_it_alone, 60, "both workers leave it alone")
    assert "breaker_open" in {run["error"]["code"] for run in played()}
    town.peer.statuses["/dead"] = []
    closed = town.ada.post(f"projects/demo/breakers/{rows()[0]['id']}/closing/")
    assert (closed.status_code, closed.json()["closing"]) == (202, "person")
    assert rows() == []
    time.sleep(1)
    assert {run["status"] for run in played()} == {"succeeded"}


def test_a_decision_through_daphne_resumes_the_run_within_a_second(town, record_testsuite_property):
    took = []
    for _ in range(5):
        run_id = town.ada.launch("approved", input={})["id"]
        (wait,) = town.ada.waiting(run_id)["waiting"]
        said = stage.decide(town.rita, town.rita.read(f"approvals/{wait['id']}/"), "approve")
        finished = town.ada.finished(run_id)["finished_at"]
        took.append(moment(finished) - moment(said["decisions"][0]["at"]))
    record_testsuite_property("scaled out: seconds from the decision to the run's end", took)
    assert statistics.median(took) < 1


def test_cancelling_in_the_middle_of_a_call_takes_effect_within_a_second(town, record_testsuite_property):
    took = []
    for _ in range(5):
        run_id = town.ada.launch("slow", input={})["id"]
        town.ada.run_when(run_id, lambda run: run["status"] == "running")
        time.sleep(0.2)
        asked = time.time()
        assert town.ada.post(f"runs/{run_id}/cancellation/").status_code == 202
        run = town.ada.finished(run_id)
        assert run["status"] == "cancelled"
        took.append(moment(run["finished_at"]) - asked)
    record_testsuite_property("scaled out: seconds from the cancellation to the run's end", took)
    assert statistics.median(took) < 1


def test_a_worker_that_is_asked_to_stop_gives_its_runs_to_the_other_at_once(town, record_testsuite_property):
    town.peer.hold("/look")
    runs = [town.ada.launch("looks", input={"n": n})["id"] for n in range(10)]
    stage.until(lambda: len(town.peer.bodies("/look")) >= len(runs) + 1, 10, "all ten calls are under way")
    before = len(town.peer.bodies("/look"))
    began = time.monotonic()
    assert town.workers[1].stop(signal.SIGTERM, within_s=8) == 0
    took = time.monotonic() - began
    assert "Traceback" not in town.workers[1].log()
    town.peer.release("/look")
    assert {town.ada.finished(run_id, within_s=5)["status"] for run_id in runs} == {"succeeded"}
    assert len(town.peer.bodies("/look")) > before, "the other asked again what this one had under way"
    for run_id in runs:
        stage.assert_sound(town.ada.run(run_id), town.ada.events(run_id))
    record_testsuite_property("seconds until a worker that is asked to stop is gone", round(took, 2))
    town.workers[1].restarted()


def test_runs_outlive_the_loss_of_every_connection_to_the_database(town, record_testsuite_property):
    town.peer.hold("/look")
    before = len(town.peer.bodies("/look"))
    runs = [town.ada.launch("looks", input={"n": n})["id"] for n in range(10)]
    stage.until(lambda: len(town.peer.bodies("/look")) >= before + 10, 10, "all ten calls are under way")
    with psycopg.connect(town.daphne.env["DATABASE_URL"], autocommit=True) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    town.peer.release("/look")
    took = stage.until(lambda: all_finished(town.ada), 2 * LEASE_S, "all runs finish", every_s=0.2)
    record_testsuite_property(
        "seconds until all runs finish after the database cut everyone off", round(took, 2)
    )
    for run_id in runs:
        run = town.ada.run(run_id)
        assert run["status"] == "succeeded", run
        stage.assert_sound(run, town.ada.events(run_id))


def test_fifty_runs_outlive_one_of_two_workers(town, record_testsuite_property):
    """Last in this file: one worker is gone afterwards."""
    play = town.models.play
    play.holding = {"think": 0}
    runs = launch_all(town.ada, "order")
    half = len(runs) // 2
    stage.until(lambda: town.models.held["think"] == half, 60, "half of the models are asked")
    town.peer.hold("/charge", lambda body: body["n"] % 5 == 1)
    stage.until(lambda: len(stage.pending(town.rita)) == half, 30, "the other half waits", every_s=0.2)
    for item in stage.pending(town.rita):
        stage.decide(town.rita, item, "approve")
    stage.until(lambda: town.peer.held["/charge"] == half // 5, 20, "charges are under way")
    town.workers[0].kill9()
    killed = time.monotonic()
    town.peer.release("/charge")
    stage.until(lambda: town.models.held["think"] < half, 5, "the killed worker's calls break off")
    stage.until(lambda: town.models.held["think"] == half, LEASE_S + 5, "the other worker has its runs")
    took = time.monotonic() - killed
    record_testsuite_property("seconds until the other worker drove the killed one's runs", round(took, 2))
    town.models.release("think")
    stage.until(lambda: settled(town), 60, "all runs finish", every_s=0.3)
    assert_all_sound(town.ada, runs, ORDER, lambda n: {"text": f"close of {n} is done."})
    assert Counter(body["n"] for body in town.peer.bodies("/charge")) == Counter(range(len(runs)))
    assert max(play.asked.values()) <= 2
    assert took < LEASE_S + 2


def settled(town: Town) -> bool:
    """Rita approves what may be done, and says what became of the calls that were cut off."""
    for item in stage.pending(town.rita):
        if item["kind"] == "approval":
            stage.decide(town.rita, item, "approve")
    return settle_uncertain(town.rita, town.peer, "/charge") == 0 and all_finished(town.ada)
