"""The live socket over a real server: nothing missing, nothing twice, whoever watches and however often they come."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

import orjson
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.api import Api
from tests.journeys import stage
from tests.prepared import Prepared
from tests.serving import BatonServer

ITEMS = 60


class Served:
    """One server for this file: Ada's flows, a peer that holds calls, and sockets."""

    def __init__(self, server: BatonServer, peer: stage.ToolServer):
        self.server, self.peer = server, peer
        self.ada = server.api("ada")
        stage.publish(
            self.ada,
            stage.scripted(
                {"when": {"agent": "counter"}, "say": "Counted.", "after_s": 0.05},
                *stage.TALK,
            ),
            stage.agent("counter", "script/any"),
            stage.agent("talker", "script/any", tools=["look"]),
            stage.tool("look", peer.url, "read"),
            stage.chain(
                "many",
                {
                    "id": "count",
                    "type": "map",
                    "config": {
                        "items": f"[{', '.join(map(str, range(ITEMS)))}]",
                        "agent": "counter",
                        "text": "{{ item }}",
                        "max_concurrency": 3,
                    },
                },
            ),
            stage.TALKS,
        )

    def socket(
        self, run_id: str, after: int | str | None = None, token: str | None = None
    ) -> ClientConnection:
        query = "" if after is None else f"?after={after}"
        headers = {"Authorization": f"Bearer {token or self.ada.token}"}
        url = f"ws://127.0.0.1:{self.server.port}/ws/runs/{run_id}/{query}"
        return connect(url, additional_headers=headers, proxy=None)

    def watched(self, run_id: str, after: int | None = None) -> tuple[list[dict], str, int]:
        """Events, text and close code of a socket that stays to the end."""
        events, text = [], ""
        with self.socket(run_id, after) as socket:
            while True:
                try:
                    frame = orjson.loads(socket.recv(timeout=30))
                except ConnectionClosed as closed:
                    return events, text, closed.rcvd.code
                events += frame.get("events", ())
                text += frame.get("delta", {}).get("text", "")


@pytest.fixture(scope="module")
def served(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with stage.ToolServer() as peer:
        server = prepared.serve(tmp_path_factory.mktemp("live"), {"BATON_HTTP_ALLOW": peer.endpoint})
        try:
            yield Served(server, peer)
        finally:
            server.sweep()


def journal(api: Api, run_id: str) -> list[dict]:
    api.finished(run_id)
    return api.events(run_id)


def test_connections_that_break_off_miss_nothing_and_see_nothing_twice(served):
    """A few hundred events a second; the client comes back with the last seq that it has."""
    run_id = served.ada.launch("many", input={})["id"]
    seen, visits = [], 0
    while not seen or seen[-1]["type"] != "run.finished":
        visits += 1
        assert visits < 500
        with served.socket(run_id, after=seen[-1]["seq"] if seen else 0) as socket:
            left_at = time.monotonic() + 0.15
            while time.monotonic() < left_at:
                try:
                    seen += orjson.loads(socket.recv(timeout=0.15)).get("events", ())
                except (TimeoutError, ConnectionClosed):
                    break
            socket.socket.close()  # as when a network goes away: no good-bye
    events = journal(served.ada, run_id)
    assert [event["seq"] for event in seen] == list(range(1, len(events) + 1))
    assert seen == events, "the socket shows what the journal has"
    assert visits > 3
    assert rate(events) > 100


def rate(events: list[dict]) -> float:
    """Events a second."""
    first, last = (datetime.fromisoformat(events[at]["at"]) for at in (0, -1))
    return len(events) / (last - first).total_seconds()


def test_twenty_watchers_of_one_run_all_see_all_of_it(served):
    run_id = served.ada.launch("many", input={})["id"]
    results: list[tuple] = []
    watchers = [
        threading.Thread(target=lambda: results.append(served.watched(run_id)), daemon=True)
        for _ in range(20)
    ]
    for watcher in watchers:
        watcher.start()
        time.sleep(0.02)
    for watcher in watchers:
        watcher.join(60)
    events = journal(served.ada, run_id)
    assert len(results) == 20
    assert all(seen == events and code == 1000 for seen, _, code in results)


def test_text_arrives_while_a_step_streams_and_is_no_part_of_the_journal(served):
    served.peer.hold("/look")
    run_id = served.ada.launch("talk", input={})["id"]
    events, text = [], ""
    with served.socket(run_id) as socket:
        while text != stage.WORDS:
            frame = orjson.loads(socket.recv(timeout=10))
            events += frame.get("events", ())
            if "delta" in frame:
                assert (frame["delta"]["node"], frame["delta"]["iteration"], frame["delta"]["item"]) == (
                    "talk",
                    1,
                    None,
                )
                text += frame["delta"]["text"]
    assert served.ada.run(run_id)["status"] == "running"
    served.peer.release("/look")
    rest, _, code = served.watched(run_id, after=events[-1]["seq"])
    assert events + rest == journal(served.ada, run_id)
    assert code == 1000


def test_many_watchers_share_fewer_frames_and_read_the_whole_text(served):
    ready = {"id": "ready", "type": "approval", "config": {"title": "Ready?", "reviewers": ["user:ada"]}}
    talks = {"id": "talk", "type": "agent", "config": {"agent": "talker", "text": "Talk."}}
    asks = stage.chain("ask-then-talk", ready, talks)
    asks["edges"][1]["port"] = "approved"
    stage.publish(served.ada, asks)
    served.peer.hold("/look")
    run_id = served.ada.launch("ask-then-talk", input={})["id"]
    (item,) = served.ada.waiting(run_id)["waiting"]
    texts, here = [""] * 12, threading.Barrier(13)

    def read(number: int) -> None:
        with served.socket(run_id) as socket:
            socket.recv(timeout=10)
            here.wait(30)
            while not texts[number].startswith(stage.WORDS):
                texts[number] += orjson.loads(socket.recv(timeout=10)).get("delta", {}).get("text", "")

    watchers = [threading.Thread(target=read, args=(number,), daemon=True) for number in range(12)]
    for watcher in watchers:
        watcher.start()
    here.wait(30)  # everybody watches before a word is said
    stage.decide(served.ada, served.ada.read(f"approvals/{item['id']}/"), "approve")
    for watcher in watchers:
        watcher.join(30)
    served.peer.release("/look")
    assert [text[: len(stage.WORDS)] for text in texts] == [stage.WORDS] * 12


def test_after_the_end_a_watcher_gets_what_it_has_not_had_and_the_good_bye(served):
    run_id = served.ada.launch("talk", input={})["id"]
    events = journal(served.ada, run_id)
    assert served.watched(run_id) == (events, "", 1000)
    assert served.watched(run_id, after=5) == (events[5:], "", 1000)
    assert served.watched(run_id, after=len(events)) == ([], "", 1000)
    assert served.watched(run_id, after=10**18) == ([], "", 1000)


def test_events_come_within_a_moment_of_being_stored(served):
    """By the doorbell, not by looking once a second."""
    run_id = served.ada.launch("many", input={})["id"]
    arrived = []
    with served.socket(run_id) as socket:
        while True:
            try:
                frame = orjson.loads(socket.recv(timeout=30))
            except ConnectionClosed:
                break
            if frame.get("events"):
                arrived.append(time.monotonic())
    gaps = sorted(later - earlier for earlier, later in pairwise(arrived))
    assert gaps[len(gaps) // 2] < 0.4, gaps


@pytest.mark.parametrize("who", ["stranger", "anonymous", "wrong token", "basic"])
def test_who_may_not_read_the_run_is_refused_at_the_handshake(served, who):
    run_id = served.ada.launch("talk", input={})["id"]
    url = f"ws://127.0.0.1:{served.server.port}/ws/runs/{run_id}/"
    headers = {
        "stranger": lambda: {"Authorization": f"Bearer {served.server.token('sam', 'elsewhere')}"},
        "anonymous": dict,
        "wrong token": lambda: {"Authorization": "Bearer " + "0" * 64},
        "basic": lambda: {"Authorization": "Basic YWRhOmFkYQ=="},
    }[who]()
    with pytest.raises(InvalidStatus) as refused:
        connect(url, additional_headers=headers, proxy=None)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    "path", ["ws/runs/0000000000000/", "ws/runs/RUN/?after=x", "ws/runs/", "ws/nowhere/", "ws/runs/!/"]
)
def test_a_socket_to_what_is_not_there_is_refused_at_the_handshake(served, path):
    run_id = served.ada.launch("talk", input={})["id"]
    url = f"ws://127.0.0.1:{served.server.port}/{path.replace('RUN', run_id)}"
    with pytest.raises(InvalidStatus) as refused:
        connect(url, additional_headers={"Authorization": f"Bearer {served.ada.token}"}, proxy=None)
    assert refused.value.response.status_code == 403
    assert "Traceback" not in served.server.log()


def test_what_a_watcher_says_changes_nothing(served):
    run_id = served.ada.launch("many", input={})["id"]
    with served.socket(run_id) as socket:
        socket.send("hello")
        socket.send(b"\x00\xff")
        frame = orjson.loads(socket.recv(timeout=10))
        assert frame["events"][0]["seq"] == 1
    assert served.ada.finished(run_id)["status"] == "succeeded"
