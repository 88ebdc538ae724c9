"""A hosted provider at the one door: what it says of its usage is bounded, and the key it was given stays unsaid."""

import orjson
import pytest
import pytest_asyncio

from governance import documents, secrets
from governance.port import Limit
from registry import gateway, lookups
from registry.backends.hosted import warm
from registry.calls import CallFailed, ModelAsk
from registry.connections import close_sessions
from tests.openai_server import OpenAIServer
from tests.registry.desk import MemoryDesk
from tests.registry.scene import agent

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-planted/key-4711"
PRICES = {"m": {"input_usd_per_mtok": 10, "output_usd_per_mtok": 30}}
LIMITS = (Limit("run:7", 200_000_000),)
HELLO = [{"role": "user", "content": "Hello"}]
BYTES = len('[[{"role":"user","content":"Hello"}],[],null]')
WORST_USD = (BYTES * 10 + 100 * 30) / 1_000_000


@pytest.fixture(scope="module")
def running():
    with OpenAIServer() as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def litellm_is_loaded_once():
    await warm()
    yield
    await close_sessions()


@pytest.fixture
def server(running, project, settings):
    """The provider `peer`, priced, and `free`, without a price; both were given the key."""
    settings.HTTP_ALLOW = frozenset({running.endpoint})
    secrets.put(project, "peer", KEY, None)
    for slug, prices in (("peer", PRICES), ("free", {"m": {"unpriced": True}})):
        body = {"kind": "provider", "slug": slug, "type": "openai", "api_base": running.url, "secret": "peer"}
        documents.create_and_publish(project, "provider", slug, {**body, "prices": prices}, None)
    lookups.forget()
    running.reset()
    return running


@pytest.fixture
def desk(project) -> MemoryDesk:
    return MemoryDesk(project_id=project.pk)


def ask(**changes) -> ModelAsk:
    fields = {"agent": agent(), "model": "peer/m", "messages": HELLO, "params": {"max_tokens": 100}}
    return ModelAsk(**{**fields, **changes})


def used(prompt: int, completion: int) -> dict:
    return {"prompt_tokens": prompt, "completion_tokens": completion}


def notes(desk: MemoryDesk) -> list[dict]:
    return [note for note in desk.of("note") if note["kind"] == "usage_capped"]


@pytest.mark.parametrize("limits", [LIMITS, ()], ids=["under a limit", "without a limit"])
async def test_a_usage_beyond_reason_counts_as_the_worst_case_and_the_journal_says_so(server, desk, limits):
    server.reset([{"say": "Hi", "usage": used(1_000_000_000, 1_000_000_000)}])
    assert (await gateway.model_call(desk, ask(limits=limits))).text == "Hi"
    (called,) = desk.of("model.called")
    assert called["tokens"] == {"input": BYTES, "output": 100}
    assert called["cost_usd"] == pytest.approx(WORST_USD)
    assert notes(desk) == [
        {
            "kind": "usage_capped",
            "call": "work.1/a1",
            "reported": {
                "tokens": {"input": 1_000_000_000, "output": 1_000_000_000},
                "cost_usd": 40_000,
            },
            "counted": {"tokens": called["tokens"], "cost_usd": called["cost_usd"]},
        }
    ]
    assert [line["amount_usd"] for line in desk.of("budget.reserved")] == [called["cost_usd"]] * len(limits)
    assert [line["cost_usd"] for line in desk.of("budget.settled")] == [called["cost_usd"]] * len(limits)
    assert desk.store.settled[0].cost == round(WORST_USD * 1_000_000_000)
    assert desk.store.held == {}


async def test_a_little_more_than_max_tokens_is_counted_as_reported(server, desk):
    server.reset([{"say": "Hi", "usage": used(8, 110)}])  # it thought a little longer than it may speak
    await gateway.model_call(desk, ask(limits=LIMITS))
    (called,) = desk.of("model.called")
    assert called["tokens"] == {"input": 8, "output": 110}
    assert called["cost_usd"] == pytest.approx(0.00338)
    assert notes(desk) == []


@pytest.mark.parametrize("usage", [used(-9, -9), used(8, 0), used(0, 3), used(8, -1)])
async def test_a_usage_that_cannot_be_is_estimated_and_never_free(server, desk, usage):
    server.reset([{"say": "Hi there", "usage": usage}])
    await gateway.model_call(desk, ask(limits=LIMITS))
    (called,) = desk.of("model.called")
    assert called["tokens"] == {"input": BYTES, "output": 8}
    assert called["cost_usd"] == pytest.approx((BYTES * 10 + 8 * 30) / 1_000_000)
    assert notes(desk) == []


async def test_an_estimate_is_bounded_too_and_is_nobodys_report(server, desk):
    server.reset([{"say": "x" * 5_000, "chunk": 500, "usage": False}])
    await gateway.model_call(desk, ask(limits=LIMITS))
    (called,) = desk.of("model.called")
    assert (called["tokens"], called["cost_usd"]) == (
        {"input": BYTES, "output": 100},
        pytest.approx(WORST_USD),
    )
    assert notes(desk) == []


async def test_tokens_without_a_price_are_bounded_as_well(server, desk):
    server.reset([{"say": "Hi", "usage": used(1_000_000_000, 5)}])
    await gateway.model_call(desk, ask(model="free/m"))
    (called,) = desk.of("model.called")
    assert (called["tokens"], called["unpriced"]) == ({"input": BYTES, "output": 5}, True)
    assert notes(desk)[0]["reported"]["cost_usd"] is None


async def test_a_broken_answer_is_not_booked_above_its_worst_case(server, desk):
    server.reset([{"say": "x" * 20_000, "chunk": 1_000, "behave": "cut"}])
    with pytest.raises(CallFailed, match="broke off"):
        await gateway.model_call(desk, ask(limits=LIMITS))
    (called,) = desk.of("model.called")
    assert called["cost_usd"] == pytest.approx(WORST_USD)
    assert desk.store.spent["run:7"] == round(WORST_USD * 1_000_000_000)


@pytest.mark.parametrize("chunk", [1, 5, 64])
async def test_a_key_that_the_provider_says_is_neither_shown_nor_stored(server, desk, chunk):
    arguments = {"note": f"{KEY} and more"}
    calls = [{"tool": "charge", "arguments": arguments}]
    server.reset([{"say": f"I was called with {KEY}, thanks.", "calls": calls, "chunk": chunk}])
    reply = await gateway.model_call(desk, ask())
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert reply.text == "I was called with [secret], thanks." == "".join(desk.deltas)
    assert [orjson.loads(call.arguments) for call in reply.tool_calls] == [{"note": "[secret] and more"}]
    assert "planted" not in orjson.dumps([desk.lines, desk.store.parts, desk.deltas]).decode()
