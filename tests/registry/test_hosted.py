"""Hosted models: LiteLLM over HTTP against a server that answers, and one that misbehaves in every way."""

import asyncio
import time

import pytest
import pytest_asyncio

from registry.address import Guard
from registry.backends import BackendError, ModelRequest, backend
from registry.backends.hosted import HostedBackend, load, warm
from registry.connections import close_sessions
from registry.prices import price
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-very-secret-key"
TOOL = {
    "type": "function",
    "function": {
        "name": "lookup",
        "description": "Looks up.",
        "parameters": {"type": "object", "properties": {}},
    },
}
PRICES = {"tiny": {"input_usd_per_mtok": 0.25, "output_usd_per_mtok": 2}}


@pytest.fixture(scope="module")
def running():
    with OpenAIServer() as server:
        yield server


@pytest.fixture
def server(running):
    running.reset()
    return running


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def litellm_is_loaded_once():
    await warm()
    yield
    await close_sessions()


def request(server, text="hello", **changes) -> ModelRequest:
    fields = {
        "provider": {"slug": "local", "type": "openai", "api_base": server.url, "prices": PRICES},
        "api_key": KEY,
        "model": "tiny",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}],
        "tools": [],
        "response_schema": None,
        "params": {"max_tokens": 50},
        "timeout_s": 10.0,
        "where": {
            "agent": "writer",
            "node": "write",
            "iteration": 1,
            "turn": 1,
            "attempt": 1,
            "project": "demo",
        },
        "allowed_addresses": Guard(frozenset({server.endpoint})),
    }
    return ModelRequest(**{**fields, **changes})


async def failed(asked: ModelRequest, hosted=None) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await (hosted or backend("openai")).complete(asked, None)
    return caught.value


async def test_an_answer_streams_and_counts_what_the_provider_counted(server):
    server.reset(
        [
            {
                "say": "one two three four five",
                "usage": {"prompt_tokens": 40, "completion_tokens": 8},
                "chunk": 4,
            }
        ]
    )
    pieces = []
    reply = await backend("openai").complete(request(server), pieces.append)
    assert reply.text == "one two three four five" == "".join(pieces)
    assert len(pieces) > 3
    assert (reply.input_tokens, reply.output_tokens, reply.usage_estimated) == (40, 8, False)
    assert reply.cost_nano == 40 * 250 + 8 * 2000
    assert (reply.finish_reason, reply.model, reply.tool_calls) == ("stop", "tiny", [])
    assert server.calls[0]["stream_options"] == {"include_usage": True}
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"


async def test_without_a_count_the_upper_bound_is_taken_and_said(server):
    server.reset([{"say": "fine", "usage": False}])
    asked = request(server)
    reply = await backend("openai").complete(asked, None)
    assert reply.usage_estimated
    assert (reply.input_tokens, reply.output_tokens) == (backend("openai").estimate(asked)[0], 4)


async def test_the_worst_case_is_the_bytes_of_the_request_and_max_tokens(server):
    short, long = request(server, "a"), request(server, "a€")
    assert backend("openai").estimate(short)[1] == 50
    assert backend("openai").estimate(long)[0] - backend("openai").estimate(short)[0] == len("€".encode())


async def test_tool_calls_come_out_as_the_model_gave_them(server):
    calls = [{"tool": "lookup", "arguments": {"id": 7}}, {"tool": "no_such_tool", "arguments": '{"id": oops'}]
    server.reset([{"calls": calls, "chunk": 3}])
    reply = await backend("openai").complete(request(server, tools=[TOOL]), None)
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        ("lookup", '{"id": 7}'),
        ("no_such_tool", '{"id": oops'),
    ]
    assert [call.id for call in reply.tool_calls] == ["call_1", "call_2"]
    assert (reply.text, reply.finish_reason) == (None, "tool_calls")
    assert server.calls[0]["tools"][0]["function"]["name"] == "lookup"


async def test_a_schema_is_sent_as_the_wanted_response(server):
    schema = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["a", "b"]}}}
    reply = await backend("openai").complete(request(server, response_schema=schema), None)
    assert reply.text == '{"kind": "a"}'
    assert server.calls[0]["response_format"]["json_schema"]["schema"] == schema


async def test_a_tool_conversation_is_passed_on_whole(server):
    messages = [
        {"role": "user", "content": "find 7"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "lookup", "arguments": "{}"}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "seven"},
    ]
    server.reset([{"when": {"last_role": "tool", "contains": "seven"}, "say": "It is seven."}])
    reply = await backend("openai").complete(request(server, messages=messages, tools=[TOOL]), None)
    assert reply.text == "It is seven."


async def test_a_million_characters_arrive_whole(server):
    server.reset([{"say": "x" * 1_000_000, "chunk": 20_000}])
    reply = await backend("openai").complete(request(server), None)
    assert len(reply.text) == 1_000_000


async def test_an_endless_answer_is_refused(server):
    server.reset([{"say": "x" * 4_100_000, "chunk": 100_000}])
    error = await failed(request(server))
    assert (error.code, error.retryable) == ("invalid_output", False)
    assert "4,000,000 characters" in error.message
    assert error.output_tokens > 0


async def test_half_a_character_and_a_nul_become_storable(server):
    server.reset([{"say": "a\x00b\ud800c"}])
    reply = await backend("openai").complete(request(server), None)
    assert reply.text == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("status", "retryable", "by_peer"),
    [(400, False, True), (401, False, True), (403, False, True), (404, False, True), (408, True, False)]
    + [(422, False, True), (429, True, True), (500, True, False), (502, True, False), (503, True, False)],
)
async def test_an_error_status_is_told_with_what_to_expect(server, status, retryable, by_peer):
    server.reset([{"status": status, "message": f"No, {KEY} is not welcome"}])
    error = await failed(request(server))
    assert (error.retryable, error.refused_by_peer, error.retry_after_s) == (retryable, by_peer, None)
    assert error.status == status
    assert error.code == "provider_error"
    assert "local/tiny" in error.message
    assert KEY not in error.message
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0.5", 0.5, 0.5),
        ("Wed, 01 Jan 2020 00:00:00 GMT", 0, 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3600, 3600),
    ],
)
async def test_the_wait_that_a_provider_asks_for_is_known(server, header, least, most):
    server.reset([{"status": 429, "retry_after": header}])
    error = await failed(request(server))
    assert least <= error.retry_after_s <= most


async def test_twice_500_and_then_an_answer_takes_three_attempts_of_the_caller(server):
    server.reset([{"status": 500, "times": 2}, {"say": "at last"}])
    assert (await failed(request(server))).status == 500
    assert (await failed(request(server))).status == 500
    assert (await backend("openai").complete(request(server), None)).text == "at last"
    assert len(server.calls) == 3


@pytest.mark.parametrize("how", ["cut", "soft_cut", "malformed", "html"])
async def test_a_broken_answer_is_an_error_and_not_half_an_answer(server, how):
    server.reset([{"say": "The first half. The second half.", "behave": how}])
    error = await failed(request(server))
    assert (error.code, error.status, error.retryable) == ("provider_error", None, True)
    assert "broke off" in error.message
    if how != "html":
        assert error.input_tokens > 0
        assert error.cost_nano > 0


async def test_a_hang_ends_with_the_deadline_and_the_connection(server):
    server.reset([{"behave": "hang"}])
    started = time.monotonic()
    error = await failed(request(server, timeout_s=0.3))
    assert time.monotonic() - started < 2
    assert (error.code, error.retryable, error.input_tokens) == ("timeout", True, 0)
    assert await eventually(lambda: server.hung_up == 1)


async def test_silence_in_the_middle_ends_before_the_deadline(server):
    server.reset([{"say": "The first half. The second half.", "behave": "stall"}])
    started = time.monotonic()
    error = await failed(request(server, timeout_s=30), HostedBackend(idle_s=0.2))
    assert time.monotonic() - started < 5
    assert (error.code, error.retryable) == ("timeout", True)
    assert "silent" in error.message


async def test_a_cancelled_call_hangs_up(server):
    server.reset([{"say": "never", "hold": "here"}])
    task = asyncio.create_task(backend("openai").complete(request(server), None))
    assert await eventually(lambda: server.held["here"] == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await eventually(lambda: server.hung_up == 1)


async def test_a_held_call_goes_on_when_released(server):
    server.reset([{"say": "now", "hold": "gate"}])
    task = asyncio.create_task(backend("openai").complete(request(server), None))
    assert await eventually(lambda: server.held["gate"] == 1)
    server.release("gate")
    assert (await task).text == "now"


async def test_a_private_api_base_is_refused_before_a_byte_is_sent(server):
    error = await failed(request(server, allowed_addresses=Guard()))
    assert (error.code, error.retryable) == ("address_refused", False)
    assert f"BATON_HTTP_ALLOW={server.endpoint}" in error.message
    assert server.calls == []


async def test_a_redirect_to_a_private_address_is_refused(server):
    with OpenAIServer() as inner:
        server.reset([{"redirect": f"{inner.url}/chat/completions"}])
        error = await failed(request(server))
        assert (error.code, error.retryable) == ("address_refused", False)
        assert inner.calls == []


@pytest.mark.parametrize(
    ("kind", "host"),
    [
        ("openai", "api.openai.com"),
        ("anthropic", "api.anthropic.com"),
        ("gemini", "generativelanguage.googleapis.com"),
        ("mistral", "api.mistral.ai"),
        ("ollama_chat", "localhost"),
    ],
)
async def test_the_guard_sees_the_addresses_that_litellm_chooses(server, kind, host):
    asked_for = []

    async def lookup(name, port):
        asked_for.append(name)
        return ["10.0.0.1"]

    provider = {"slug": "p", "type": kind}
    error = await failed(request(server, provider=provider, allowed_addresses=Guard(lookup=lookup)))
    assert (error.code, asked_for) == ("address_refused", [host])


async def test_a_name_is_looked_up_once_a_call(server):
    asked_for = []

    async def lookup(host, port):
        asked_for.append(host)
        return ["127.0.0.1"]

    guard = Guard(frozenset({f"models.example:{server.port}"}), lookup=lookup)
    provider = {"slug": "local", "type": "openai", "api_base": f"http://models.example:{server.port}/v1"}
    await backend("openai").complete(request(server, provider=provider, allowed_addresses=guard), None)
    assert asked_for == ["models.example"]


async def test_a_name_that_leads_to_a_private_address_is_refused(server):
    async def lookup(host, port):
        return ["127.0.0.1"]

    provider = {"slug": "local", "type": "openai", "api_base": f"http://models.example:{server.port}/v1"}
    error = await failed(request(server, provider=provider, allowed_addresses=Guard(lookup=lookup)))
    assert error.code == "address_refused"
    assert server.calls == []


async def test_a_provider_that_nobody_serves_can_be_tried_again(server):
    provider = {"slug": "gone", "type": "openai", "api_base": "http://127.0.0.1:9/v1"}
    error = await failed(
        request(server, provider=provider, allowed_addresses=Guard(frozenset({"127.0.0.1:9"})))
    )
    assert (error.code, error.status, error.retryable) == ("provider_error", None, True)
    assert "could not be reached" in error.message


async def test_an_unknown_provider_type_is_told_and_not_tried_again(server):
    provider = {"slug": "odd", "type": "no-such-provider", "api_base": server.url}
    error = await failed(request(server, provider=provider))
    assert (error.code, error.retryable) == ("provider_error", False)
    assert server.calls == []


async def test_a_model_without_a_price_is_unpriced_and_not_free(server):
    reply = await backend("openai").complete(request(server, model="unheard-of"), None)
    assert reply.cost_nano is None


async def test_a_key_of_the_environment_never_reaches_a_provider(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-operator")
    await backend("openai").complete(request(server, api_key=None), None)
    assert "operator" not in server.headers[0].get("Authorization", "")


async def test_a_hundred_calls_at_once_all_end(server):
    server.reset([{"say": "ok", "delay_s": 0.05}])
    replies = await asyncio.gather(
        *(backend("openai").complete(request(server, str(n)), None) for n in range(100))
    )
    assert [reply.text for reply in replies] == ["ok"] * 100


async def test_a_temperature_that_a_model_does_not_take_is_left_out(server):
    params = {"max_tokens": 50, "temperature": 0.2}
    await backend("openai").complete(request(server, params=params), None)
    await backend("openai").complete(request(server, params=params, model="gpt-5-mini"), None)
    assert [call.get("temperature") for call in server.calls] == [0.2, None]
    assert (server.calls[0]["max_tokens"], server.calls[1]["max_completion_tokens"]) == (50, 50)


@pytest.mark.parametrize(
    ("kind", "model"),
    [("openai", "gpt-4o"), ("gemini", "gemini-2.5-pro"), ("anthropic", "claude-sonnet-4-5")],
)
@pytest.mark.parametrize("tokens", [(1234, 567), (250_000, 1000)])
async def test_the_price_table_is_read_as_litellm_reads_it(kind, model, tokens):
    entry, exit_ = load().cost_per_token(model, *tokens, custom_llm_provider=kind)
    assert price({"type": kind}, model).cost_nano(*tokens) == pytest.approx((entry + exit_) * 1e9, abs=1)


async def test_a_request_never_shows_its_key():
    asked = ModelRequest({}, KEY, "m", [], [], None, {}, 1.0, {}, Guard())
    assert KEY not in repr(asked)


async def eventually(condition, within_s: float = 3.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    return condition()
