"""The http tool against a real local server: what goes out, what comes back, and what is refused in between."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.address import Guard
from registry.tools import TOOLS, ToolError
from registry.tools.http.request import render
from tests.registry.http_peer import SECRETS, call, failed


async def test_a_request_goes_out_as_the_document_says(peer):
    await call(
        peer,
        f"{peer.url}/orders/{{{{ arguments.id }}}}?view=full&q={{{{ arguments.q }}}}",
        {"id": "A 7", "q": "x&y=1", "amount": 3.5, "note": "ü"},
        method="POST",
        headers={"Authorization": "Bearer {{ secrets.key }}", "X-Note": "n {{ arguments.amount }}"},
        query={"tag": "{{ arguments.note }}", "count": "= 1 + 1"},
        body={"amount": "= arguments.amount", "note": "Hello {{ arguments.note }}", "fixed": [1, None]},
    )
    asked = peer.asked[0]
    assert (asked.method, asked.raw_path) == (
        "POST",
        "/orders/A%207?view=full&q=x%26y%3D1&tag=%C3%BC&count=2",
    )
    assert asked.headers["Authorization"] == f"Bearer {SECRETS['key']}"
    assert asked.headers["X-Note"] == "n 3.5"
    assert asked.headers["Idempotency-Key"] == "run/call-1"
    assert asked.headers["Content-Type"] == "application/json"
    assert json.loads(peer.bodies[0]) == {"amount": 3.5, "note": "Hello ü", "fixed": [1, None]}


async def test_a_text_body_goes_out_as_text(peer):
    await call(peer, peer.url, {"name": "Ada"}, method="PUT", body="Dear {{ arguments.name }}")
    assert peer.bodies[0] == b"Dear Ada"
    assert peer.asked[0].headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "output"),
    [
        ("/a", {"status": 200, "body": {"path": "/a"}}),
        ("/text", {"status": 200, "body": "café\ufffd"}),
        ("/gzip", {"status": 200, "body": {"packed": True}}),
        ("/status/204", {"status": 204, "body": ""}),
    ],
)
async def test_the_answer_is_json_or_text(peer, path, output):
    assert await call(peer, peer.url + path) == output


async def test_a_secret_that_the_peer_echoes_does_not_come_back(peer):
    output = await call(peer, f"{peer.url}/echo", headers={"Authorization": "{{ secrets.key }}"})
    assert output["body"] == {"got": "[secret]", "nul": "a\ufffdb"}


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (404, False), (408, True), (425, True), (429, True), (500, True)],
)
async def test_an_error_status_fails_and_says_what_to_expect(peer, status, retryable):
    error = await failed(peer, f"{peer.url}/status/{status}")
    assert (error.code, error.status, error.retryable, error.sent) == ("step_failed", status, retryable, True)
    assert error.retry_after_s == 3
    assert f"answered {status}" in error.message


async def test_an_answer_without_a_status_is_no_success_and_leaves_open_what_was_done(peer):
    error = await failed(peer, f"{peer.url}/zero", method="POST", body="x")
    assert (error.code, error.status, error.retryable, error.sent) == ("step_failed", None, True, True)
    assert error.message == "POST 127.0.0.1 answered 000, which is no status."


@pytest.mark.parametrize(
    "evil",
    [
        "../admin",
        "..",
        ".",
        "",
        "a/../../admin",
        "//evil.example",
        "?admin=1",
        "#x",
        "a\r\nHost: evil",
        "%2e%2e",
        "a\\b",
    ]
    + ["@evil.example", ":80", "a;b", "{{ secrets.key }}", "\u2025/", "\ud800", "a/b"],
)
async def test_an_argument_fills_its_place_in_the_path_and_nothing_else(peer, evil):
    try:
        await call(peer, f"{peer.url}/items/{{{{ arguments.id }}}}/view", {"id": evil})
    except ToolError as error:
        assert (error.code, error.sent) == ("invalid_input", False)
        assert peer.asked == []
    else:
        path, _, query = peer.asked[0].raw_path.partition("?")
        assert query == ""
        assert path.startswith("/items/") and path.endswith("/view")
        assert len(path.split("/")) == 4
        assert "%7B%7B" in path or "secret" not in path


@given(st.text(max_size=12))
def test_no_argument_moves_a_request(argument):
    config = {"method": "GET", "url": "https://api.example.com/v1/{{ arguments.a }}/x?q={{ arguments.a }}"}
    try:
        url = render(config, {"a": argument}, {}).url
    except ToolError as error:
        assert error.code in ("invalid_input", "expression_error")
    else:
        assert (url.scheme, url.raw_host, url.port, url.raw_fragment) == ("https", "api.example.com", 443, "")
        assert [part for part in url.raw_path.split("/")][1::2] == ["v1", "x"]
        assert dict(url.query) == {"q": argument}


@pytest.mark.parametrize("evil", ["a\r\nX-Evil: 1", "a\nb", "a\x00"])
async def test_an_argument_cannot_add_a_header(peer, evil):
    error = await failed(peer, peer.url, {"h": evil}, headers={"X-Note": "{{ arguments.h }}"})
    assert (error.code, error.sent) == ("invalid_input", False)
    assert peer.asked == []


@pytest.mark.parametrize(
    ("field", "source"),
    [
        ("headers", {"A": "{{ arguments.gone }}"}),
        ("query", {"a": "= arguments.gone"}),
        ("body", "{{ nobody }}"),
    ],
)
async def test_an_expression_that_fails_is_told(peer, field, source):
    error = await failed(peer, peer.url, **{field: source})
    assert (error.code, error.sent) == ("expression_error", False)


@pytest.mark.parametrize("path", ["/big", "/bomb"])
async def test_an_answer_over_its_size_is_refused(peer, path):
    started = time.monotonic()
    error = await failed(peer, peer.url + path)
    assert (error.code, error.retryable) == ("step_failed", False)
    assert "more than 1,000,000 bytes" in error.message
    assert time.monotonic() - started < 5


async def test_a_document_may_allow_larger_answers(peer):
    assert len((await call(peer, f"{peer.url}/big", max_bytes=3_000_000))["body"]) == 2_000_000


@pytest.mark.parametrize(
    ("path", "retryable"), [("/torn", True), ("/brotli", False), ("/deep", False), ("/hangup", True)]
)
async def test_a_broken_answer_is_an_error(peer, path, retryable):
    error = await failed(peer, peer.url + path)
    assert (error.code, error.retryable, error.sent) == ("step_failed", retryable, True)


async def test_a_slow_answer_ends_with_its_time(peer):
    started = time.monotonic()
    error = await failed(peer, f"{peer.url}/slow", timeout_s=0.2)
    assert time.monotonic() - started < 2
    assert (error.code, error.retryable, error.sent) == ("timeout", True, True)


async def test_a_port_that_nobody_serves_was_sent_nothing(peer):
    error = await failed(peer, "http://127.0.0.1:9/", guard=Guard(frozenset({"127.0.0.1:9"})))
    assert (error.code, error.retryable, error.sent) == ("step_failed", True, False)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST"])
async def test_a_write_is_sent_once(peer, method):
    await call(peer, f"{peer.url}/once", method=method)
    await failed(peer, f"{peer.url}/once", method=method)
    assert len(peer.asked) == 2


async def test_no_cookie_is_kept_and_no_proxy_is_taken_from_the_environment(peer, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    await call(peer, f"{peer.url}/cookie")
    assert (await call(peer, f"{peer.url}/cookie"))["body"] == {"cookie": None}


@pytest.mark.parametrize(
    ("config", "pointers"),
    [
        ({"url": "https://api.example.com/v1/{{ arguments.id }}?q={{ arguments.q }}"}, []),
        ({"url": "https://[2606:4700::1]:8443/"}, []),
        ({"url": "https://{{ arguments.host }}/"}, ["/url"]),
        ({"url": "https://api.{{ arguments.host }}/"}, ["/url"]),
        ({"url": "{{ arguments.url }}"}, ["/url"]),
        ({"url": "https://user:pass@example.com/"}, ["/url"]),
        ({"url": "https://exa mple.com/"}, ["/url"]),
        ({"url": "https://example.com:99999/"}, ["/url"]),
        ({"url": "https:///x"}, ["/url"]),
        ({"url": "ftp://example.com/"}, ["/url"]),
        ({"url": "https://2130706433/"}, ["/url"]),
        ({"url": "https://0x7f.1/"}, ["/url"]),
        ({"url": "https://example.com\\@evil.example/"}, ["/url"]),
        ({"url": "https://bücher.example/"}, ["/url"]),
        ({"url": "https://example.com/a b"}, ["/url"]),
        ({"url": "https://example.com/#top"}, ["/url"]),
        ({"url": "https://example.com/{% if arguments.a %}x{% endif %}"}, ["/url"]),
        ({"url": "https://example.com/{{ arguments. }}"}, ["/url"]),
        ({"url": "https://example.com/{{ input.id }}"}, ["/url"]),
        ({"url": 7}, ["/url"]),
        ({}, ["/url"]),
        ({"method": "BREW"}, ["/method"]),
        ({"headers": {"Host": "evil"}}, ["/headers/Host"]),
        ({"headers": {"Bad/Name": "x"}}, ["/headers/Bad~1Name"]),
        ({"headers": {"X": "{{ steps.a.output }}"}}, ["/headers/X"]),
        ({"body": {"a": ["= 1 +"]}}, ["/body/a/0"]),
        ({"query": {"a": "= input.x"}}, ["/query"]),
        ({"max_bytes": 0}, ["/max_bytes"]),
        ({"max_bytes": 10**9}, ["/max_bytes"]),
    ],
)
def test_what_is_wrong_with_a_document_is_found_at_publishing(config, pointers):
    whole = {} if config == {} else {"method": "GET", "url": "https://example.com/", **config}
    faults = TOOLS["http"].check(whole)
    assert [pointer for pointer, _ in faults] == pointers
    assert all(message for _, message in faults)
