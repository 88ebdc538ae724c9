"""What a body may be: JSON as RFC 8259 means it, within bounds."""

import pytest

LIMIT = 2_000_000


def put_secret(caller, raw: bytes, **extra):
    return caller.generic("PUT", "projects/demo/secrets/key/", raw, **extra)


@pytest.mark.parametrize(
    ("raw", "status", "said"),
    [
        (b"", 400, "empty"),
        (b"   \n", 400, "empty"),
        (b"{", 400, "line 1, column 2"),
        (b'{"value": NaN}', 400, "NaN is no JSON number"),
        (b'{"value": -Infinity}', 400, "-Infinity is no JSON number"),
        (b'{"value": "\xff"}', 400, "not UTF-8"),
        (b'\xef\xbb\xbf{"value": "x"}', 400, "not JSON"),
        (b'{"value": "a", "value": "b"}', 422, "occurs twice"),
        (b'{"value": 1e999}', 422, "too large for a double"),
        (b'{"value": "a\\u0000b"}', 422, "/value"),
        (b'{"value": "\\ud800"}', 422, "/value"),
        (b'{"value": "x", "\\udfff": 1}', 422, "surrogate"),
        (b"[" * 65 + b"]" * 65, 422, "64 levels"),
        (b"[" * 50_000 + b"]" * 50_000, 422, "64 levels"),
        (b'{"value": "x", "more": 1}', 422, "more"),
        (b"{}", 422, "value"),
        (b'{"value": 7}', 422, "/value"),
        (b"[]", 422, "object"),
        (b'{"value": "x"}', 201, ""),
    ],
)
def test_a_body_is_refused_with_its_reason(ada, raw, status, said):
    answer = put_secret(ada, raw)
    assert answer.status_code == status, answer.content
    if status >= 400:
        problem = answer.json()
        assert answer["Content-Type"] == "application/problem+json"
        assert said in problem["detail"]
        assert problem.keys() >= {"title", "detail", "code", "errors"}


def test_a_refused_field_is_pointed_at(ada):
    answer = ada.post("projects/demo/members/", {"user": "ben", "roles": ["viewer", "king"]})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/roles/1"]


def test_other_media_types_are_refused(ada):
    answer = put_secret(ada, b"value=x", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("length", [LIMIT + 1, 10 * LIMIT])
def test_a_body_over_two_megabytes_is_refused(ada, length):
    answer = put_secret(ada, b'"' + b"x" * (length - 2) + b'"')
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_of_two_megabytes_is_read(ada):
    answer = put_secret(ada, b'{"value":"' + b"x" * (LIMIT - 12) + b'"}')
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/value"


def test_an_integer_beyond_64_bit_becomes_a_double():
    from runs.api.parsing import parse

    value = parse(b"[9223372036854775807, -9223372036854775808, 9223372036854775808, 1]")
    assert value == [9223372036854775807, -9223372036854775808, 9.223372036854775808e18, 1]
    assert [type(item) for item in value] == [int, int, float, int]


def test_answers_are_json_alone(ada):
    answer = ada.get("me/", headers={"accept": "text/html"})
    assert (answer.status_code, answer["Content-Type"]) == (406, "application/problem+json")
    assert ada.get("me/?format=html").json()["errors"][0]["parameter"] == "format"


@pytest.mark.parametrize("announced", [True, False])
async def test_a_large_body_is_refused_before_it_is_read_whole(announced):
    from django.core.asgi import get_asgi_application

    from runs.api.bodies import LimitedBodies

    chunk, asked, sent = b"x" * 100_000, [], []

    async def receive():
        asked.append(len(chunk))
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/tokens/", "query_string": b"", "scheme": "http",
        "http_version": "1.1", "headers": [*headers, (b"content-length", b"50000000")] if announced else headers,
    }  # fmt: skip
    await LimitedBodies(get_asgi_application())(scope, receive, send)
    assert sent[0]["status"] == 413
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]
    assert sum(asked) <= LIMIT + len(chunk)
    assert bool(asked) is not announced
