"""Signing in by password and by link, and what stops people who guess."""

import pytest
from django.test import Client
from django.utils import timezone

from governance import lockout
from governance.models import SignInLink, SignInTries, User

pytestmark = pytest.mark.both_databases

GOOD = "correct horse battery"


@pytest.fixture
def ada(demo) -> User:
    found = User.objects.get(username="ada")
    found.set_password(GOOD)
    found.save()
    return found


def tries(client: Client, password: str, username: str = "ada", **more):
    return client.post("/sign-in/", {"username": username, "password": password, **more})


def test_a_password_signs_in_and_goes_on_to_where_one_wanted_to(ada):
    answer = tries(Client(), GOOD, next="/projects/demo/runs/?status=failed")
    assert (answer.status_code, answer["Location"]) == (302, "/projects/demo/runs/?status=failed")


@pytest.mark.parametrize("next", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_nobody_is_sent_to_another_host(ada, next):
    assert tries(Client(), GOOD, next=next)["Location"] == "/projects/demo/welcome/"


def test_who_signs_in_for_the_first_time_is_shown_around_once(ada):
    assert tries(Client(), GOOD)["Location"] == "/projects/demo/welcome/"
    assert tries(Client(), GOOD)["Location"] == "/"


def test_an_unknown_name_a_wrong_password_and_a_closed_account_sound_alike(ada):
    User.objects.filter(username="ben").update(is_active=False, password=ada.password)
    said = [
        tries(Client(), password, username).content.decode()
        for username, password in (("ada", "wrong"), ("nobody", "wrong"), ("ben", GOOD))
    ]
    assert all("This username and this password do not belong together." in page for page in said)
    assert len({page.replace("nobody", "ada").replace("ben", "ada").split("<form")[0] for page in said}) == 1


def test_five_wrong_tries_lock_the_account_from_this_address_for_fifteen_minutes(ada):
    client = Client()
    assert [tries(client, "wrong").status_code for _ in range(5)] == [422] * 5
    locked = tries(client, GOOD)
    assert locked.status_code == 429
    assert 890 <= int(locked["Retry-After"]) <= 900
    assert "try again in 15 minutes" in locked.content.decode()
    assert tries(client, GOOD, " ada ").status_code == 429
    assert (
        Client(REMOTE_ADDR="10.0.0.9").post("/sign-in/", {"username": "ada", "password": GOOD}).status_code
        == 302
    )


def test_a_locked_name_that_nobody_has_looks_the_same(ada):
    client = Client()
    for _ in range(5):
        tries(client, "wrong", "nobody")
    assert tries(client, "wrong", "nobody").status_code == 429
    assert tries(client, "wrong", "NOBODY").status_code == 429


def test_the_lock_ends_by_itself(ada):
    client = Client()
    for _ in range(6):
        tries(client, "wrong")
    SignInTries.objects.update(last_at=timezone.now() - lockout.LOCKED_FOR)
    assert tries(client, GOOD).status_code == 302


def test_a_right_password_takes_the_count_back(ada):
    client = Client()
    for _ in range(2):
        for _ in range(4):
            assert tries(client, "wrong").status_code == 422
        assert tries(client, GOOD).status_code == 302
    assert SignInTries.objects.count() == 0


def test_what_was_typed_is_not_kept(ada):
    tries(Client(), "wrong", "hunter2, my password")
    assert "hunter2" not in str(list(SignInTries.objects.values()))


def test_a_link_opens_a_locked_account(ada):
    client = Client()
    for _ in range(6):
        tries(client, "wrong")
    assert client.get(f"/sign-in/{SignInLink.create_for(ada)}/").status_code == 302


def test_a_preview_does_not_use_up_a_link(ada):
    link = f"/sign-in/{SignInLink.create_for(ada)}/"
    preview = Client().head(link)
    assert (preview.status_code, preview.content, "sessionid" in preview.cookies) == (200, b"", False)
    assert Client().get(link).status_code == 302
    again = Client().get(link)
    assert again.status_code == 404
    assert "This link is used up or not valid" in again.content.decode()
    assert 'href="/sign-in/"' in again.content.decode()


def test_an_empty_form_says_what_is_missing_and_counts_for_nothing(ada):
    page = tries(Client(), "").content.decode()
    assert "This field is required." in page
    assert SignInTries.objects.count() == 0


def test_signing_out_ends_the_session(ada):
    client = Client()
    client.force_login(ada)
    assert client.post("/sign-out/")["Location"] == "/sign-in/"
    assert client.get("/account/")["Location"] == "/sign-in/?next=%2Faccount%2F"


def test_a_part_of_a_page_sends_its_page_to_the_sign_in(ada):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/projects/demo/runs/?q=x"}
    answer = Client().get("/projects/demo/runs/", headers=headers)
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/sign-in/?next=%2Fprojects%2Fdemo%2Fruns%2F%3Fq%3Dx"


def test_who_is_signed_in_needs_no_sign_in_page(ada):
    client = Client()
    client.force_login(ada)
    assert client.get("/sign-in/?next=/account/")["Location"] == "/account/"


def test_a_link_asks_who_is_signed_in_before_it_signs_in_somebody_else(ada):
    ben = Client()
    ben.force_login(User.objects.get(username="ben"))
    address = f"/sign-in/{SignInLink.create_for(ada)}/"
    asked = ben.get(address)
    assert asked.status_code == 200
    assert "You are signed in as ben" in asked.content.decode()
    assert ben.get("/account/").context["request"].user.username == "ben"

    assert ben.post(address).status_code == 302
    assert ben.get("/account/").context["request"].user.username == "ada"
