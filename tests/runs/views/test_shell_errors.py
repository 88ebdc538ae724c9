"""What is answered where no page can be: in the design language, also without a database."""

import re

import pytest
from django.db import OperationalError, connection
from django.test import Client

from runs.views import errors
from tests.runs.views.people import fragment, signed_in


def said(answer) -> str:
    return re.sub(r'CSRFToken": "[^"]+"', "", answer.content.decode())


def test_a_wrong_address_is_a_page_in_the_language(demo):
    answer = signed_in("ada").get("/projects/demo/nothing/")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "<h1>Nothing is here</h1>" in page
    assert "css/app.css" in page


def test_strangers_and_nobody_read_the_same_of_what_is_not_theirs(demo):
    sam = signed_in("sam")
    there, nowhere = sam.get("/projects/demo/"), sam.get("/projects/omed/")
    assert (there.status_code, nowhere.status_code) == (404, 404)
    assert said(there).replace("demo", "omed") == said(nowhere)


def test_a_refusal_to_htmx_is_a_note_and_no_page(demo):
    answer = fragment(signed_in("sam"), "/projects/demo/")
    assert answer.status_code == 404
    assert answer.content.decode().lstrip().startswith('<div class="note" data-status="failed" role="alert">')


def test_the_page_of_a_fault_needs_no_database(rf, demo):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("the disk is full")

    request = rf.get("/projects/demo/", HTTP_COOKIE="theme=dark")
    with connection.execute_wrapper(refuse):
        answer = errors.broken(request)
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "<h1>Something went wrong on our side</h1>" in page
    assert 'data-theme="dark"' in page
    assert "disk" not in page


def test_a_view_that_breaks_answers_with_that_page(demo):
    def refuse(execute, sql, params, many, context):
        raise OperationalError("the disk is full")

    ada = signed_in("ada")
    with connection.execute_wrapper(refuse):
        answer = ada.get("/projects/demo/")
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.content.decode()


def locked(execute, sql, params, many, context):
    raise OperationalError("database is locked")


@pytest.mark.parametrize("of_page", ["", "true"])
def test_a_database_that_others_hold_is_told_as_busy_and_when_to_try_again(demo, of_page):
    ada = signed_in("ada")
    with connection.execute_wrapper(locked):
        answer = ada.get("/projects/demo/", headers={"HX-Request": of_page})
    said = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "Baton is busy" in said
    assert "Try again in a few seconds." in said
    assert ("<html" in said) is (of_page == "")


def test_what_stands_before_the_views_is_told_as_busy_too(rf):
    try:
        raise OperationalError("database is locked")
    except OperationalError:
        answers = [errors.broken(rf.get(path)) for path in ("/projects/demo/", "/api/v1/me/")]
    assert [(answer.status_code, answer["Retry-After"]) for answer in answers] == [(503, "5"), (503, "5")]
    assert answers[1]["Content-Type"] == "application/problem+json"


def test_a_form_without_its_token_is_refused_with_a_page(db):
    answer = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "ada"})
    assert answer.status_code == 403
    assert "load it again" in answer.content.decode()


@pytest.mark.parametrize(
    "address", ["/projects/UPPER/", "/projects/demo/runs", "/runs/short/", "/account/tokens/x/deletion/"]
)
def test_addresses_that_cannot_be_are_pages_too(demo, address):
    answer = signed_in("ada").get(address)
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/projects/demo/", "/projects/demo/runs/", "/nothing/", "/sign-in/"])
def test_what_one_person_sees_stays_in_no_cache(demo, path):
    assert "no-store" in signed_in("ada").get(path)["Cache-Control"]
    assert "no-store" in Client().get(path)["Cache-Control"]


def test_a_refusal_of_a_strange_host_carries_the_policy_too_and_no_log_line(demo, capfd):
    answer = Client().get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert capfd.readouterr().err == ""


def test_a_form_that_is_too_large_is_told_so(demo):
    answer = Client().post("/sign-in/", {"username": "x" * 2_100_000})
    assert answer.status_code == 413
    assert "2 MB" in answer.content.decode()
