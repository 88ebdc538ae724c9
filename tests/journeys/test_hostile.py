"""Hostile people, peers and documents against a served Baton: nothing breaks, stalls, leaks or happens twice."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.journeys.playhouse import House, end, node

DEEPER = {"v": [[[{"v": "= has(steps.grow) ? steps.grow.output : dyn(1)"}]]]}
GROWING = "start > grow; grow > again; again.more > grow x1000; again.else > done; again.exhausted > done"


@pytest.fixture(autouse=True)
def no_traceback(house: House) -> Iterator[None]:
    before = len(house.server.log())
    yield
    assert "Traceback" not in house.server.log()[before:]


@pytest.fixture(scope="module")
def cookie(house: House) -> str:
    """The session of a signed-in page."""
    signed_in = httpx.get(house.server.sign_in_link, trust_env=False)
    return f"sessionid={signed_in.cookies['sessionid']}"


def growing(output: object) -> list[dict]:
    more = [{"port": "more", "when": "iteration < 300"}]
    return [node("grow", "transform", output=output), node("again", "condition", cases=more), end()]


def test_steps_that_nest_each_others_output_fail_at_the_depth_of_json(house):
    play = house.play(growing(DEEPER), GROWING)
    assert "nested deeper than 64 levels" in play.failed("invalid_output", "grow")["error"]["message"]
    assert play.steps("grow")


def test_a_payload_too_large_to_keep_is_refused_before_a_person_is_asked(house):
    payload = {f"copy{n}": "= input.text" for n in range(16)}
    ask = node("ask", "approval", reviewers=["role:reviewer"], title="Read this", payload=payload)
    drawn = "start > ask; ask.approved > done; ask.rejected > done"
    play = house.play([ask, end(output="over")], drawn, input={"text": "x" * 1_500_000})
    assert "The payload is" in play.failed("invalid_output", "ask")["error"]["message"]


def test_twenty_launches_with_one_key_at_one_moment_are_one_run(house):
    flow = house.flow([end(output="done")])
    with ThreadPoolExecutor(20) as pool:
        runs = list(pool.map(lambda _: house.ada.launch(flow, input={}, key="the-same"), range(20)))
    assert len({run["id"] for run in runs}) == 1
    assert len(house.ada.read(f"projects/demo/runs/?flow={flow}")["results"]) == 1


def test_a_burst_of_launches_is_lost_nowhere(house):
    flow = house.flow([end(output="= input.n")])
    with ThreadPoolExecutor(30) as pool:
        runs = list(pool.map(lambda n: house.ada.launch(flow, input={"n": n}), range(100)))
    assert [house.ada.finished(run["id"])["output"] for run in runs] == list(range(100))


def test_a_schema_whose_references_multiply_is_not_published(house):
    named = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(40)}
    schema = {"$defs": {**named, "d40": {"type": "object"}}, "$ref": "#/$defs/d0"}
    began = time.monotonic()
    document = house.drawn(house.slug("flow"), [end()], input_schema=schema)
    answer = house.ada.post(f"projects/demo/flows/{document['slug']}/versions/", json=document)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/input_schema"
    assert time.monotonic() - began < 5


def test_an_input_with_a_hundred_thousand_faults_is_refused_at_once(house):
    flow = house.flow([end()], input_schema={"type": "array", "items": {"type": "string"}})
    began = time.monotonic()
    answer = house.ada.post("projects/demo/runs/", json={"flow": flow, "input": [1] * 100_000})
    assert answer.status_code == 422
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("origin", ["null", "file://", "http://evil.example", "http://127.0.0.1:1"])
def test_a_session_counts_for_nothing_on_a_socket_from_elsewhere(house, cookie, origin):
    with pytest.raises(InvalidStatus) as refused:
        watch(house, {"Cookie": cookie, "Origin": origin})
    assert refused.value.response.status_code == 403


def test_a_session_watches_from_a_page_of_this_host(house, cookie):
    with watch(house, {"Cookie": cookie, "Origin": house.server.url.rstrip("/")}) as socket:
        assert '"run.created"' in socket.recv(5)


@pytest.mark.parametrize("after", ["9" * 5000, "-1", "1e3", "%D9%A3"])
def test_a_socket_from_an_odd_place_is_refused(house, after):
    with pytest.raises(InvalidStatus) as refused:
        watch(house, {"Authorization": f"Bearer {house.ada.token}"}, f"?after={after}")
    assert refused.value.response.status_code == 403


def watch(house: House, headers: dict, query: str = ""):
    run = house.launch(house.flow([end()])).ended()
    url = f"ws://127.0.0.1:{house.server.port}/ws/runs/{run['id']}/{query}"
    return connect(url, additional_headers=headers, proxy=None)
