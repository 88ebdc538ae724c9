"""The scripted backend: which entry answers, how it fails, what it costs, and how fast it is."""

import time

import pytest

from registry.address import Guard
from registry.backends import BackendError, ModelRequest, backend

WHERE = {"agent": "writer", "node": "write", "iteration": 1, "turn": 1, "attempt": 1, "project": "demo"}


def request(script, text="Please refund order 7", where=None, messages=None, **changes) -> ModelRequest:
    fields = {
        "provider": {"slug": "play", "type": "scripted", "script": script},
        "api_key": None,
        "model": "actor",
        "messages": messages
        or [{"role": "system", "content": "Rules: shout"}, {"role": "user", "content": text}],
        "tools": [],
        "response_schema": None,
        "params": {"max_tokens": 100},
        "timeout_s": 5.0,
        "where": {**WHERE, **(where or {})},
        "allowed_addresses": Guard(),
    }
    return ModelRequest(**{**fields, **changes})


async def said(script, **changes):
    return (await backend("scripted").complete(request(script, **changes), None)).text


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({}, True),
        ({"agent": "writer"}, True),
        ({"agent": "reader"}, False),
        ({"node": "write", "iteration": 1, "turn": 1}, True),
        ({"node": "write", "iteration": 2}, False),
        ({"turn": 2}, False),
        ({"contains": "refund"}, True),
        ({"contains": "shout"}, False),
        ({"agent": "writer", "contains": "invoice"}, False),
    ],
)
async def test_an_entry_answers_when_all_of_its_when_holds(when, holds):
    assert await said([{"when": when, "say": "entry"}]) == ("entry" if holds else "Please refund order 7")


async def test_the_first_entry_that_holds_answers():
    script = [{"when": {"turn": 2}, "say": "second turn"}, {"say": "first"}, {"say": "never"}]
    assert await said(script) == "first"
    assert await said(script, where={"turn": 2}) == "second turn"


async def test_without_an_entry_it_says_the_last_user_message():
    messages = [
        {"role": "user", "content": "one"},
        {"role": "user", "content": [{"type": "text", "text": "two"}]},
        {"role": "assistant", "content": "three"},
    ]
    assert await said([], messages=messages) == "two"
    assert await said([], messages=[{"role": "system", "content": "x"}]) == ""


async def test_what_a_tool_answered_can_be_matched():
    messages = [
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "tool_call_id": "c", "content": "denied by policy"},
    ]
    assert await said([{"when": {"contains": "denied"}, "say": "then not"}], messages=messages) == "then not"


async def test_json_is_said_as_json():
    assert await said([{"json": {"score": 0.5, "tags": ["ä"]}}]) == '{"score":0.5,"tags":["ä"]}'


async def test_calls_come_with_ids_of_their_turn():
    script = [{"say": "Looking.", "calls": [{"tool": "find", "arguments": {"id": 7}}, {"tool": "now"}]}]
    reply = await backend("scripted").complete(request(script, where={"turn": 3}), None)
    assert [(call.id, call.name, call.arguments) for call in reply.tool_calls] == [
        ("call_3_1", "find", '{"id":7}'),
        ("call_3_2", "now", "{}"),
    ]
    assert (reply.text, reply.finish_reason) == ("Looking.", "tool_calls")


@pytest.mark.parametrize("text", ["", " ", "one", "  one two\nthree  four five six ", "äöü " * 50])
async def test_the_deltas_are_the_text(text):
    pieces = []
    reply = await backend("scripted").complete(request([{"say": text}]), pieces.append)
    assert "".join(pieces) == text == reply.text


@pytest.mark.parametrize(
    ("status", "retryable", "by_peer"),
    [(401, False, True), (408, True, False), (429, True, True), (500, True, False)],
)
async def test_a_scripted_failure_is_like_a_real_one(status, retryable, by_peer):
    with pytest.raises(BackendError) as caught:
        await said([{"say": "ok", "fail": {"status": status, "attempts": 2}}])
    error = caught.value
    assert (error.code, error.status, error.retryable) == ("provider_error", status, retryable)
    assert error.refused_by_peer is by_peer


async def test_a_failure_ends_after_its_attempts():
    script = [{"say": "ok", "fail": {"status": 500, "attempts": 2}}]
    with pytest.raises(BackendError):
        await said(script, where={"attempt": 2})
    assert await said(script, where={"attempt": 3}) == "ok"


async def test_an_answer_later_than_the_deadline_is_a_timeout():
    started = time.monotonic()
    with pytest.raises(BackendError) as caught:
        await said([{"say": "late", "after_s": 30}], timeout_s=0.05)
    assert time.monotonic() - started < 1
    assert (caught.value.code, caught.value.retryable) == ("timeout", True)


async def test_an_answer_comes_after_its_time():
    started = time.monotonic()
    assert await said([{"say": "soon", "after_s": 0.05}]) == "soon"
    assert time.monotonic() - started >= 0.05


@pytest.mark.parametrize(
    ("entry", "tokens", "estimated"),
    [
        ({"say": "ok", "tokens": {"input": 1000, "output": 200}}, (1000, 200), False),
        ({"say": "12345678"}, (9, 2), True),
    ],
)
async def test_tokens_are_as_stated_or_one_for_four_characters(entry, tokens, estimated):
    reply = await backend("scripted").complete(request([entry]), None)
    assert (reply.input_tokens, reply.output_tokens, reply.usage_estimated) == (*tokens, estimated)
    assert reply.cost_nano is None


async def test_a_price_makes_it_cost():
    asked = request([{"say": "ok", "tokens": {"input": 1000, "output": 200}}])
    asked.provider["prices"] = {"actor": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 5}}
    assert (await backend("scripted").complete(asked, None)).cost_nano == 1000 * 1000 + 200 * 5000


async def test_a_call_never_uses_more_than_its_estimate():
    asked = request([{"say": "x" * 4000, "tokens": {"input": 9000}}])
    most = backend("scripted").estimate(asked)
    reply = await backend("scripted").complete(asked, None)
    assert most == (9000, 1000) == (reply.input_tokens, reply.output_tokens)


async def test_a_call_takes_microseconds():
    asked = request([{"when": {"agent": f"other-{n}"}, "say": "no"} for n in range(20)] + [{"say": "yes"}])
    started = time.perf_counter()
    for _ in range(1000):
        await backend("scripted").complete(asked, None)
    assert time.perf_counter() - started < 0.5
