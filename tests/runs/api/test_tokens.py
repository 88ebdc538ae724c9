"""Signing in: tokens, links, sessions."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance import tokens
from governance.models import ApiToken, SignInLink, User
from tests.runs.api.conftest import Caller

pytestmark = pytest.mark.both_databases


def later(hours: float) -> str:
    return (timezone.now() + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def test_a_token_is_shown_once_and_kept_hashed(ada):
    made = ada.post("tokens/", {"name": "build"}).json()
    assert Caller(made["token"]).get("me/").json()["user"]["username"] == "ada"
    listed = ada.get("tokens/").json()["results"]
    assert "build" in [row["name"] for row in listed]
    assert made["token"] not in str(listed)
    assert not ApiToken.objects.filter(digest=made["token"]).exists()


def test_a_token_says_when_it_was_used_last_right_to_the_minute(ada):
    made = ada.post("tokens/", {"name": "build"}).json()
    assert made["last_used_at"] is None

    def shown() -> str | None:
        rows = ada.get("tokens/").json()["results"]
        return next(row["last_used_at"] for row in rows if row["id"] == made["id"])

    assert shown() is None
    build = Caller(made["token"])
    build.get("me/")
    first = shown()
    assert first is not None
    build.get("me/")
    assert shown() == first
    ApiToken.objects.filter(name="build").update(last_used_at=timezone.now() - timedelta(seconds=61))
    build.get("me/")
    assert shown() > first
    assert build.get("me/").status_code == 200


def test_a_deleted_token_opens_nothing(ada):
    made = ada.post("tokens/", {"name": "build"}).json()
    assert ada.delete(f"tokens/{made['id']}/").status_code == 204
    assert Caller(made["token"]).get("me/").status_code == 401
    assert ada.delete(f"tokens/{made['id']}/").status_code == 404


def test_nobody_deletes_the_token_of_another(ada, ben):
    made = ada.post("tokens/", {"name": "build"}).json()
    assert ben.delete(f"tokens/{made['id']}/").status_code == 404


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Bearer nonsense", "Bearer \xff\xfe", "Basic YWRhOng=", "bearer "]
)
def test_a_wrong_token_is_refused(project, header):
    answer = Caller().get("me/", HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_an_expired_token_and_one_of_an_inactive_person_are_refused(ada, project):
    made = ada.post("tokens/", {"name": "short", "expires_at": later(1)}).json()
    short = Caller(made["token"])
    assert short.get("me/").status_code == 200
    ApiToken.objects.filter(name="short").update(expiry=timezone.now())
    assert short.get("me/").status_code == 401
    User.objects.filter(username="ada").update(is_active=False)
    assert ada.get("me/").status_code == 401


@pytest.mark.parametrize("expires_at", ["yesterday", "2020-01-01T00:00:00Z", "2030-01-01T00:00:00", ""])
def test_a_token_ends_in_the_future(ada, expires_at):
    answer = ada.post("tokens/", {"name": "x", "expires_at": expires_at})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/expires_at")


def test_a_bound_or_ending_token_makes_none_that_opens_more(caller, project):
    bound = caller("ada", project=project)
    assert bound.post("tokens/", {"name": "x"}).status_code == 403
    assert bound.post("tokens/", {"name": "x", "project": "demo"}).json()["project"] == "demo"
    ending = Caller(
        tokens.create(User.objects.get(username="ada"), "e", None, timezone.now() + timedelta(hours=1))[1]
    )
    assert ending.post("tokens/", {"name": "x", "expires_at": later(2)}).status_code == 422
    assert ending.post("tokens/", {"name": "x"}).json()["expires_at"] is not None


def test_making_tokens_has_a_limit(ada):
    answers = [ada.post("tokens/", {"name": "x"}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [201] * 30 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert answers[-1]["Content-Type"] == "application/problem+json"


def test_a_session_needs_its_csrf_token_to_write(project):
    browser = Caller()
    browser.handler.enforce_csrf_checks = True
    browser.get(f"/sign-in/{SignInLink.create_for(User.objects.get(username='ada'))}/")
    assert browser.get("me/").json()["user"]["username"] == "ada"
    refused = browser.patch("projects/demo/", {"name": "Other"})
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
    browser.get("/account/")
    token = browser.cookies["csrftoken"].value
    assert browser.patch("projects/demo/", {"name": "Other"}, HTTP_X_CSRFTOKEN=token).status_code == 200
    assert browser.generic("POST", "/sign-out/", "").status_code == 403
    form = {"content_type": "application/x-www-form-urlencoded"}
    assert browser.generic("POST", "/sign-out/", f"csrfmiddlewaretoken={token}", **form).status_code == 302
    assert browser.get("me/").status_code == 401


def test_a_link_signs_in_once(project):
    link = f"/sign-in/{SignInLink.create_for(User.objects.get(username='ben'))}/"
    assert Caller().head(link).status_code == 200
    browser = Caller()
    answer = browser.get(link)
    assert (answer.status_code, answer["Location"]) == (302, "/projects/demo/welcome/")
    assert "ben" in browser.get("/account/").content.decode()
    again = Caller().get(link)
    assert again.status_code == 404
    assert "manage.py link" in again.content.decode()


@pytest.mark.parametrize("case", ["expired", "inactive", "unknown"])
def test_a_link_that_is_not_valid_signs_nobody_in(project, case):
    secret = SignInLink.create_for(User.objects.get(username="ben"))
    if case == "expired":
        SignInLink.objects.update(expires_at=timezone.now())
    if case == "inactive":
        User.objects.update(is_active=False)
    browser = Caller()
    assert browser.get(f"/sign-in/{'x' if case == 'unknown' else secret}/").status_code == 404
    assert browser.get("me/").status_code == 401


def test_trying_links_has_a_limit_that_a_forged_header_does_not_move(db):
    statuses = [
        Caller().get("/sign-in/x/", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}").status_code
        for number in range(31)
    ]
    assert statuses == [404] * 30 + [429]
