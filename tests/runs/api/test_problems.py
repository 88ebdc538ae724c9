"""Every refusal under /api/ is a problem, whoever makes it."""

import pytest
from django.db import OperationalError, connection
from django.test import Client


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing/", 404, "not_found"),
        ("POST", "/api/", 404, "not_found"),
        ("GET", "/api/v2/me/", 404, "not_found"),
        ("PUT", "/api/v1/me/", 405, "method_not_allowed"),
        ("OPTIONS", "/api/v1/me/", 405, "method_not_allowed"),
        ("GET", "/api/v1/projects/De%20mo/", 404, "not_found"),
        ("DELETE", "/api/v1/projects/demo/secrets/a%00b/", 404, "not_found"),
        ("DELETE", "/api/v1/projects/demo/members/a%00b/", 404, "not_found"),
        ("GET", "/api/v1/runs/not-an-id/", 404, "not_found"),
        ("GET", "/api/v1/runs/zzzzzzzzzzzzz/", 404, "not_found"),
        ("GET", "/api/v1/runs/0000000000000/", 404, "not_found"),
        ("GET", "/api/v1/projects/demo/widgets/", 404, "not_found"),
        ("GET", "/api/v1/projects/demo/knowledge/", 404, "not_found"),
        ("PUT", "/api/v1/projects/demo/knowledge/faq/", 404, "not_found"),
        ("GET", "/api/v1/projects/demo/agents/none/versions/99999999999999999999/", 404, "not_found"),
        ("GET", "/api/v1/schemas/knowledge/", 404, "not_found"),
    ],
)
def test_a_wrong_address_or_method_is_a_problem(ada, method, path, status, code):
    answer = ada.generic(method, path, "{}" if method in ("PUT", "POST") else "")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    if status == 405:
        assert answer["Allow"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("runs/not-an-id/", "'not-an-id' is no run's id: an id has 13 of the characters 0123456789abc"),
        ("runs/zzzzzzzzzzzzz/steps/", "'zzzzzzzzzzzzz' is no run's id"),
        ("approvals/7/decision/", "'7' is no approval's id"),
        ("projects/De%20mo/runs/", "'De mo' is no slug: a slug has 1 to 64 of the characters a-z, 0-9"),
        ("projects/demo/agents/The_Writer/", "'The_Writer' is no slug"),
        ("projects/demo/widgets/", "There is no such address."),
    ],
)
def test_a_malformed_name_in_an_address_says_what_such_names_look_like(ada, path, said):
    detail = ada.get(path).json()["detail"]
    assert detail.startswith(said) and detail.endswith("/api/docs/ lists them all.")


def test_the_front_door_lists_every_address(ada):
    shown = ada.get("").json()
    assert (shown["openapi"], shown["docs"]) == ("/api/v1/openapi.json", "/api/docs/")
    known = {address["path"]: address["methods"] for address in shown["addresses"]}
    assert known["/api/v1/me/"] == {"GET": "Show who you are and your projects"}
    assert known["/api/v1/projects/{project}/runs/"].keys() == {"GET", "POST"}
    assert Client().get("/api/v1/").json() == shown


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("me/?verbose=1", "The parameter verbose is not known to this address: it takes none."),
        (
            "projects/demo/runs/?stauts=failed",
            "The parameter stauts is not known to this address: it knows limit, cursor, ",
        ),
        ("me/?a%00b=1", "The parameter a\ufffdb is not known to this address: it takes none."),
    ],
)
def test_a_parameter_that_nobody_reads_is_refused(ada, path, said):
    answer = ada.get(path)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["detail"].startswith(said)


def test_a_parameter_is_asked_for_after_who_asks(project):
    assert Client().get("/api/v1/me/?verbose=1").status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_missing_slash_is_hinted_at_and_not_redirected(ada, method):
    answer = ada.generic(method, "/api/v1/projects/demo/runs", "{}")
    assert answer.status_code == 404
    assert "/api/v1/projects/demo/runs/" in answer.json()["detail"]


def test_an_unknown_kind_says_which_there_are(ada):
    assert "agents" in ada.get("projects/demo/knowledge/").json()["detail"]


def test_a_fault_of_ours_shows_no_traceback(ada, project):
    # A broken row is a fault of ours: the database then holds what the engine never writes.
    from runs.models import Run

    run = Run.objects.create(
        project=project,
        flow="f",
        version=1,
        waiting="not json",
        trace_id="",
        root_id=1,
        created_at=1,
    )
    answer = ada.get(f"runs/{run.public_id}/")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "Traceback" not in answer.content.decode()


def locked(execute, sql, params, many, context):
    raise OperationalError("database is locked")


@pytest.mark.parametrize(("method", "path"), [("GET", "me/"), ("POST", "projects/demo/runs/")])
def test_a_database_that_others_hold_is_told_as_busy_and_when_to_try_again(ada, method, path):
    with connection.execute_wrapper(locked):
        answer = ada.generic(method, f"/api/v1/{path}", '{"flow": "f"}')
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json() == {
        "title": "The database is busy",
        "status": 503,
        "detail": "The database is busy with what others write: try again in 5 s.",
        "code": "busy",
        "errors": [],
    }


def test_an_unknown_host_is_a_problem_too(db):
    answer = Client().get("/api/v1/me/", headers={"host": "evil.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=ten", "limit"),
        ("limit=%D9%A1", "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=!!!", "cursor"),
        ("cursor=WyJ4Il0=", "cursor"),
        ("cursor=WzFlOTld", "cursor"),
        ("status=sleeping", "status"),
        ("since=yesterday", "since"),
        ("since=2026-01-01T00:00:00", "since"),
        ("since=0001-01-01T00:00:00Z", "since"),
        ("flow=", "flow"),
        ("user=a%00b", "user"),
        ("reveal=maybe", "reveal"),
    ],
)
def test_a_wrong_parameter_is_named(ada, query, parameter):
    answer = ada.get(f"projects/demo/runs/?{query}")
    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize(
    ("theme", "drawn"), [("dark", True), ("light", True), ("", False), ('"><script>', False)]
)
def test_the_api_docs_follow_the_theme_and_keep_the_strict_policy(db, theme, drawn):
    client = Client()
    client.cookies["theme"] = theme
    page = client.get("/api/docs/")
    assert (f'<html lang="en" data-theme="{theme}">' in page.content.decode()) is drawn
    assert "css/api-docs.css" in page.content.decode()
    policy = page["Content-Security-Policy"].split("; ")  # in no order of its own
    assert {"style-src 'self'", "script-src 'self'", "img-src 'self' data:"} <= set(policy)
    assert "unsafe" not in page["Content-Security-Policy"]
