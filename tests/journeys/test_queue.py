"""More runs than a project may work on at once: they stand in line, in order, and none is lost (E17)."""

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.journeys import stage
from tests.prepared import Prepared
from tests.serving import BatonServer, BatonWorker, Daphne

LOOK = {"id": "look", "type": "tool", "config": {"tool": "look", "arguments": {"n": "= input.n"}}}
ASK = {"id": "ask", "type": "approval", "config": {"reviewers": ["role:reviewer"]}}
BELOW = {"id": "below", "type": "subflow", "config": {"flow": "looks", "input": {"n": "= input.n"}}}
ASKS = {
    **stage.chain("asks", ASK),
    "nodes": [{"id": "start", "type": "start"}, ASK, LOOK, {"id": "done", "type": "end"}],
    "edges": [
        {"from": "start", "to": "ask"},
        {"from": "ask", "port": "approved", "to": "look"},
        {"from": "look", "to": "done"},
    ],
}


class Line:
    """A served project whose runs are limited, and the peer that holds what they do."""

    def __init__(self, server: BatonServer | Daphne, peer: stage.ToolServer):
        self.server, self.peer = server, peer
        self.ada, self.rita = server.api("ada"), server.api("rita", "demo", "reviewer")
        stage.publish(
            self.ada,
            stage.tool("look", peer.url, "read"),
            stage.chain("looks", LOOK),
            stage.chain("below", BELOW),
            ASKS,
        )

    def limit(self, most: int | None) -> None:
        answer = self.ada.patch("projects/demo/", json={"max_running_runs": most})
        assert answer.status_code == 200, answer.text

    def launch(self, flow: str, n: int = 0) -> str:
        return self.ada.launch(flow, input={"n": n})["id"]

    def asked(self) -> list[int]:
        """What the peer was asked, in order."""
        return [body["n"] for body in self.peer.bodies("/look")]

    def until_asked(self, count: int) -> None:
        stage.until(lambda: len(self.asked()) >= count, 15, f"the peer was asked {count} times")

    def statuses(self, runs: list[str]) -> list[str]:
        return [self.ada.run(run)["status"] for run in runs]

    def places(self, runs: list[str]) -> list[int | None]:
        """Their positions, as the list of runs shows them."""
        shown = {run["id"]: run for run in self.ada.pages("projects/demo/runs/?limit=500")}
        return [shown[run]["queue_position"] for run in runs]

    def most_at_once(self, runs: list[str]) -> int:
        """By the journals: from run.started to run.finished, without the time from run.waiting to run.resumed."""
        moments = []
        change = {"run.started": 1, "run.resumed": 1, "run.waiting": -1, "run.finished": -1}
        for run in runs:
            works = False
            for event in self.ada.events(run):
                step = change.get(event["type"], 0)
                if (step > 0 and not works) or (step < 0 and works):
                    works = step > 0
                    moments.append((event["at"], step))
        return max(itertools.accumulate(step for _, step in sorted(moments)), default=0)


@pytest.fixture(scope="module")
def peer() -> Iterator[stage.ToolServer]:
    with stage.ToolServer() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(request, peer, prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """One server for this file on each database: every test leaves its line empty."""
    folder, env = tmp_path_factory.mktemp("line"), {"BATON_HTTP_ALLOW": peer.endpoint}
    if request.param == "sqlite":
        server = prepared.serve(folder, env)
    else:
        (folder / "data").mkdir()
        env["DATABASE_URL"] = request.getfixturevalue("postgres").fresh_database()
        server = BatonServer(folder / "data", folder / "serve.log", env=env)
    try:
        server.wait_until_ready()
        yield Line(server, peer)
    finally:
        server.sweep()


@pytest.fixture
def line(served) -> Line:
    served.peer.done.clear()
    served.limit(None)
    return served


def test_a_burst_of_a_hundred_launches_works_three_at_a_time_and_in_order(line):
    line.limit(3)
    line.peer.hold("/look")
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda n: line.launch("looks", n), range(100)))
    line.until_asked(3)
    time.sleep(0.5)
    assert len(line.asked()) == 3
    runs = [
        run
        for _, run in sorted((place or 0, run) for place, run in zip(line.places(runs), runs, strict=True))
    ]
    assert line.places(runs) == [None] * 3 + list(range(1, 98))
    assert [line.ada.run(run)["queue_position"] for run in (runs[2], runs[3], runs[99])] == [None, 1, 97]
    assert set(line.statuses(runs[:3])) == {"running"} and set(line.statuses(runs[3:8])) == {"queued"}
    line.peer.release("/look")
    ended = [line.ada.finished(run, within_s=60) for run in runs]
    assert {run["status"] for run in ended} == {"succeeded"}
    assert {run["queue_position"] for run in ended} == {None}
    assert line.most_at_once(runs) == 3
    inputs = [run["input"]["n"] for run in ended]
    assert sorted(inputs) == list(range(100))
    began = [run["started_at"] for run in ended]
    assert all(began[at] <= began[at + 3] for at in range(97)), "first come, first served"
    for run in (ended[0], ended[50]):
        stage.assert_sound(run, line.ada.events(run["id"]))


def test_who_waits_for_a_person_leaves_its_place_and_gets_one_again_in_turn(line):
    line.limit(1)
    line.peer.hold("/look")
    first = line.launch("asks", 1)
    (wait,) = line.ada.waiting(first)["waiting"]
    second, third = line.launch("looks", 2), line.launch("looks", 3)
    line.until_asked(1)
    assert line.statuses([first, second, third]) == ["waiting", "running", "queued"]
    stage.decide(line.rita, line.rita.read(f"approvals/{wait['id']}/"), "approve")
    time.sleep(0.7)
    assert line.asked() == [2]
    assert line.statuses([first]) == ["waiting"]
    line.peer.release("/look")
    runs = [first, second, third]
    assert {line.ada.finished(run)["status"] for run in runs} == {"succeeded"}
    assert line.asked() == [2, 3, 1]
    assert line.most_at_once(runs) == 1


def test_a_run_below_another_needs_no_place_and_its_parent_keeps_its_own(line):
    line.limit(1)
    line.peer.hold("/look")
    parent, other = line.launch("below", 1), line.launch("looks", 2)
    line.until_asked(1)
    time.sleep(0.7)
    assert line.asked() == [1]
    assert line.statuses([parent, other]) == ["running", "queued"]
    line.peer.release("/look")
    assert [line.ada.finished(run)["status"] for run in (parent, other)] == ["succeeded", "succeeded"]
    assert line.most_at_once([parent, other]) == 1


def test_a_queued_run_is_cancelled_at_once_and_the_others_move_up(line):
    line.limit(1)
    line.peer.hold("/look")
    runs = [line.launch("looks", n) for n in range(4)]
    line.until_asked(1)
    assert line.places(runs) == [None, 1, 2, 3]
    asked = time.monotonic()
    assert line.ada.post(f"runs/{runs[1]}/cancellation/").status_code == 202
    assert line.ada.finished(runs[1])["status"] == "cancelled"
    assert time.monotonic() - asked < 5
    assert line.places(runs) == [None, None, 1, 2]
    assert line.asked() == [0]
    line.peer.release("/look")
    assert {line.ada.finished(run)["status"] for run in (runs[0], *runs[2:])} == {"succeeded"}
    assert line.asked() == [0, 2, 3]


def test_a_higher_limit_lets_more_work_at_once_and_none_all(line):
    line.limit(1)
    line.peer.hold("/look")
    runs = [line.launch("looks", n) for n in range(6)]
    line.until_asked(1)
    line.limit(3)
    line.until_asked(3)
    time.sleep(0.3)
    assert sorted(line.asked()) == [0, 1, 2]
    line.limit(2)
    line.limit(None)
    line.until_asked(6)
    line.peer.release("/look")
    assert {line.ada.finished(run)["status"] for run in runs} == {"succeeded"}


def test_a_fork_stands_in_line_like_any_run(line):
    first = line.launch("looks", 1)
    line.ada.finished(first)
    line.limit(1)
    line.peer.hold("/look")
    other = line.launch("looks", 2)
    line.until_asked(2)
    fork = line.ada.post(f"runs/{first}/forks/", json={"from_node": "look"}).json()["id"]
    time.sleep(0.4)
    assert line.statuses([fork]) == ["queued"] and line.places([fork]) == [1]
    line.peer.release("/look")
    assert [line.ada.finished(run)["status"] for run in (other, fork)] == ["succeeded", "succeeded"]
    assert line.ada.run(fork)["started_at"] is not None


def test_the_line_outlives_a_killed_process(line):
    line.limit(2)
    line.peer.hold("/look")
    runs = [line.launch("looks", n) for n in range(8)]
    line.until_asked(2)
    line.server.kill9()
    line.server.restarted()
    line.until_asked(4)
    time.sleep(0.5)
    assert sorted(line.asked()) == [0, 0, 1, 1], "the same two work again, and nobody else"
    line.peer.release("/look")
    assert {line.ada.finished(run)["status"] for run in runs} == {"succeeded"}


def test_two_workers_together_never_work_on_more(start, peer, postgres_url, redis_url):
    env = {"DATABASE_URL": postgres_url, "REDIS_URL": redis_url, "BATON_HTTP_ALLOW": peer.endpoint}
    daphne = start(Daphne, env=env)
    for _ in range(2):
        start(BatonWorker, env=env)
    line = Line(daphne, peer)
    line.limit(4)
    peer.done.clear()
    peer.delay_s = 0.1
    with ThreadPoolExecutor(4) as pool:
        runs = sorted(pool.map(lambda n: line.launch("looks" if n % 3 else "below", n), range(60)))
    ended = [line.ada.finished(run, within_s=60) for run in runs]
    assert {run["status"] for run in ended} == {"succeeded"}
    assert 3 <= line.most_at_once(runs) <= 4
    assert sorted(line.asked()) == list(range(60))
