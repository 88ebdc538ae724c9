"""`kill -9` of the serving process in the middle of 50 runs, at points that the peers hold open.

After each restart every run goes on by itself: no finished step runs again, what may not be repeated is not
repeated, and every cost is counted once.
"""

import random
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.api import Api
from tests.environment import scaled
from tests.journeys import stage
from tests.openai_server import OpenAIServer
from tests.serving import BatonServer

RUNS = 50
KILLS = scaled(1, 20)
N = {"arguments": {"n": "= input.n"}}
ORDER = stage.chain(
    "order",
    {"id": "think", "type": "agent", "config": {"agent": "thinker", "text": "think {{ input.n }}"}},
    {"id": "look", "type": "tool", "config": N | {"tool": "look"}},
    {"id": "charge", "type": "tool", "config": N | {"tool": "charge"}},
    {"id": "post", "type": "tool", "config": N | {"tool": "post"}},
    {"id": "close", "type": "agent", "config": {"agent": "closer", "text": "close {{ input.n }}"}},
    limits={"max_cost_usd": 1},
)
BOOKING = stage.chain(
    "booking",
    {"id": "think", "type": "agent", "config": {"agent": "thinker", "text": "think {{ input.n }}"}},
    {"id": "look", "type": "tool", "config": N | {"tool": "look"}},
    {"id": "book", "type": "tool", "config": N | {"tool": "book"}},
    {"id": "close", "type": "agent", "config": {"agent": "closer", "text": "close {{ input.n }}"}},
    limits={"max_cost_usd": 1},
)


class Models:
    """What the model server plays: calls of a phase are held where they were asked to be."""

    def __init__(self) -> None:
        self.holding: dict[str, int] = {}  # phase → the remainder of n modulo 2 whose calls are held
        self.asked: Counter[tuple[str, int]] = Counter()

    def __call__(self, request: dict) -> dict:
        phase, n = request["messages"][-1]["content"].split()
        self.asked[phase, int(n)] += 1
        held = {"hold": phase} if self.holding.get(phase) == int(n) % 2 else {}
        return {"say": f"{phase} of {n} is done.", **held}


@pytest.fixture
def peer():
    with stage.ToolServer() as server:
        yield server


@pytest.fixture
def models():
    play = Models()
    with OpenAIServer(play=play) as server:
        yield server


def launch_all(api: Api, flow: str, first: int = 0) -> dict[int, str]:
    return {n: api.launch(flow, input={"n": n})["id"] for n in range(first, first + RUNS)}


def killed_and_back(server: BatonServer) -> None:
    server.kill9()
    server.restarted()


def settle_uncertain(api: Api, peer: stage.ToolServer, path: str) -> int:
    """A person looks at the peer: what was done there is done, what was not is repeated."""
    counted = {body["n"] for body in peer.bodies(path)}
    items = [item for item in stage.pending(api) if item["kind"] == "uncertain"]
    for item in items:
        n = item["payload"]["arguments"]["n"]
        receipt = {"status": 200, "body": {"receipt": f"{path.strip('/')}-{n}"}}
        if n in counted:
            stage.decide(api, item, "done", payload=receipt)
        else:
            stage.decide(api, item, "repeat")
    return len(items)


def assert_all_sound(api: Api, runs: dict[int, str], flow: dict, output: Callable[[int], dict]) -> float:
    """Every run succeeded and is sound; returns what they cost together."""
    total = 0.0
    for n, run_id in runs.items():
        run = api.run(run_id)
        assert run["status"] == "succeeded", run
        assert run["output"] == output(n)
        events = api.events(run_id)
        stage.assert_sound(run, events)
        finished = [event["node"] for event in events if event["type"] == "step.finished"]
        assert finished == [node["id"] for node in flow["nodes"]]
        total += run["cost_usd"]
    return total


def all_finished(api: Api) -> bool:
    return not api.read("projects/demo/runs/?status=queued,running,waiting&limit=1")["results"]


def test_fifty_runs_outlive_three_kills_at_held_points(begin, peer, models):
    play = models.play
    server = begin(env={"BATON_HTTP_ALLOW": f"{peer.endpoint},{models.endpoint}"})
    ada, rita = server.api("ada"), server.api("rita", "demo", "reviewer")
    stage.publish(
        ada,
        stage.hosted(models.url),
        stage.agent("thinker", "peer/any"),
        stage.agent("closer", "peer/any"),
        stage.tool("look", peer.url, "read"),
        stage.tool("charge", peer.url, "irreversible"),
        stage.tool("post", peer.url, "write", idempotent=True),
        ORDER,
    )
    play.holding = {"think": 0, "close": 1}
    runs = launch_all(ada, "order")
    stage.until(lambda: models.held["think"] == RUNS // 2, 60, "half of the models are asked")
    killed_and_back(server)

    models.release("think")
    stage.until(lambda: len(stage.pending(rita)) == RUNS, 60, "all charges wait for Rita", every_s=0.2)
    peer.hold("/charge", lambda body: body["n"] % 5 == 0)
    for item in stage.pending(rita):
        stage.decide(rita, item, "approve")
    stage.until(lambda: peer.held["/charge"] == RUNS // 5, 60, "ten charges are under way")
    killed_and_back(server)

    peer.release("/charge")
    stage.until(lambda: models.held["close"] >= RUNS // 2 - RUNS // 10, 60, "the last models are asked")
    killed_and_back(server)

    models.release("close")
    stage.until(
        lambda: settle_uncertain(rita, peer, "/charge") == 0 and all_finished(ada),
        60,
        "all runs finish",
        every_s=0.2,
    )
    total = assert_all_sound(ada, runs, ORDER, lambda n: {"text": f"close of {n} is done."})
    assert Counter(body["n"] for body in peer.bodies("/charge")) == Counter(range(RUNS)), "charged once each"
    # Only what was under way at a kill was asked again: one call a run, and none of those that waited for Rita.
    assert all(asked <= 2 for (phase, _), asked in play.asked.items() if phase == "think")
    assert all(asked <= 3 for asked in play.asked.values())
    repeated = Counter(body["n"] for body in peer.bodies("/post"))
    assert set(repeated) == set(range(RUNS)) and max(repeated.values()) <= 2
    keys = {(body["n"], key) for key, body in peer.done["/post"]}
    assert len(keys) == RUNS, "a repeated call keeps its Idempotency-Key"
    spent = ada.read("projects/demo/usage/?by=flow")["total"]["cost_usd"]
    assert round(spent * 1e9) == round(total * 1e9)


def test_fifty_runs_outlive_a_kill_at_any_moment(start, each_database, peer, record_testsuite_property):
    server = start(BatonServer, env=each_database | {"BATON_HTTP_ALLOW": peer.endpoint})
    ada = server.api("ada")
    stage.publish(
        ada,
        stage.scripted(
            {"when": {"agent": "thinker"}, "say": "thought", "after_s": 0.1},
            {"when": {"agent": "closer"}, "say": "closed", "after_s": 0.1},
        ),
        stage.agent("thinker", "script/any"),
        stage.agent("closer", "script/any"),
        stage.tool("look", peer.url, "read"),
        stage.tool("book", peer.url, "write"),
        BOOKING,
    )
    peer.delay_s = 0.1
    after_the_kill, runs = [], {}
    for kill in range(KILLS):
        launched = launch_all(ada, "booking", first=kill * RUNS)
        time.sleep(random.random() * 0.5)
        server.kill9()
        server.restarted()
        ready = time.monotonic()
        stage.until(
            lambda: settle_uncertain(ada, peer, "/book") == 0 and all_finished(ada),
            60,
            "all runs finish",
            every_s=0.1,
        )
        runs |= launched
        after_the_kill.append(round(time.monotonic() - ready, 2))
    record_testsuite_property("seconds from the restart to the last run's end", after_the_kill)
    total = assert_all_sound(ada, runs, BOOKING, lambda n: {"text": "closed"})
    assert Counter(body["n"] for body in peer.bodies("/book")) == Counter(list(runs)), "booked once each"
    assert max(Counter(body["n"] for body in peer.bodies("/look")).values()) <= 2, "a run is killed once"
    spent = ada.read("projects/demo/usage/?by=flow")["total"]["cost_usd"]
    assert round(spent * 1e9) == round(total * 1e9)
