"""One's own account: who one is, the password, API tokens, how pages look."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance import ids
from governance.models import ApiToken, AuditEntry, SignInLink, User
from tests.runs.views.people import signed_in

GOOD, BETTER = "correct horse battery", "staple stands correct"


def user(name: str = "ada") -> User:
    return User.objects.get(username=name)


def test_name_and_address_are_saved_and_recorded(demo):
    ada = signed_in("ada")
    answer = ada.post("/account/profile/", {"profile-name": "Ada L.", "profile-email": "ada@example.com"})
    assert answer["Location"] == "/account/"
    assert (user().name, user().email) == ("Ada L.", "ada@example.com")
    assert "Name and e-mail saved." in ada.get("/account/").content.decode()
    line = AuditEntry.objects.get(action="user.change")
    assert line.data["after"] == {"name": "Ada L.", "email": "ada@example.com"}


def test_a_wrong_address_is_shown_with_what_is_wrong(demo):
    answer = signed_in("ada").post("/account/profile/", {"profile-name": "A", "profile-email": "nowhere"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="nowhere"' in page
    assert "Enter a valid email address." in page


def test_who_came_by_a_link_sets_a_first_password(demo):
    ada = signed_in("ada")
    assert "Set a password" in ada.get("/account/").content.decode()
    form = {"password-new_password1": GOOD, "password-new_password2": GOOD}
    assert ada.post("/account/password/", form)["Location"] == "/account/"
    assert user().check_password(GOOD)
    assert ada.get("/account/").status_code == 200


def test_a_new_password_needs_the_old_one_and_ends_every_other_session(demo):
    ada = user()
    ada.set_password(GOOD)
    ada.save()
    here, elsewhere, link = signed_in("ada"), signed_in("ada"), SignInLink.create_for(ada)
    form = {"password-new_password1": BETTER, "password-new_password2": BETTER}
    wrong = here.post("/account/password/", {"password-old_password": "wrong", **form})
    assert wrong.status_code == 422
    assert user().check_password(GOOD)
    assert here.post("/account/password/", {"password-old_password": GOOD, **form}).status_code == 302
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
    assert Client().get(f"/sign-in/{link}/").status_code == 404


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", "at least 8 characters"), ("password1", "too common"), ("adalovelace1815", "too similar")],
)
def test_a_weak_password_is_refused_with_the_reason(demo, password, sentence):
    User.objects.filter(username="ada").update(email="adalovelace1815@example.com")
    form = {"password-new_password1": password, "password-new_password2": password}
    answer = signed_in("ada").post("/account/password/", form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not user().has_usable_password()


def test_a_token_is_shown_once_and_opens_its_project_alone(demo):
    ada = signed_in("ada")
    form = {"token-name": "ci-tests", "token-project": "demo", "token-lifetime": "30", "token-day": ""}
    answer = ada.post("/account/tokens/", form)
    token = ApiToken.objects.get()
    text = answer.content.decode().split('id="new-token"')[1].split('value="')[1].split('"')[0]
    assert answer.status_code == 201
    assert (token.name, token.project) == ("ci-tests", demo)
    assert timedelta(days=29) < token.expiry - timezone.now() <= timedelta(days=30)
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {text}"}).status_code == 200
    assert text not in ada.get("/account/").content.decode()


def test_a_token_may_end_on_a_day(demo):
    ada, last = signed_in("ada"), timezone.now().date() + timedelta(days=3)
    form = {"token-name": "t", "token-project": "", "token-lifetime": "date", "token-day": last.isoformat()}
    assert ada.post("/account/tokens/", form).status_code == 201
    token = ApiToken.objects.get()
    assert (token.expiry.date(), token.project) == (last, None)


@pytest.mark.parametrize(
    ("day", "sentence"),
    [("", "Name the last day"), ("2020-01-01", "This day is over"), ("soon", "Enter a valid date.")],
)
def test_a_day_that_cannot_be_is_refused(demo, day, sentence):
    form = {"token-name": "t", "token-project": "", "token-lifetime": "date", "token-day": day}
    answer = signed_in("ada").post("/account/tokens/", form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert ApiToken.objects.count() == 0


def test_a_token_for_a_foreign_project_is_not_made(demo):
    form = {"token-name": "t", "token-project": "elsewhere", "token-lifetime": "", "token-day": ""}
    assert signed_in("ada").post("/account/tokens/", form).status_code == 422
    assert ApiToken.objects.count() == 0


def test_a_revoked_token_is_refused_and_nobody_revokes_another_persons(demo):
    ada = signed_in("ada")
    ada.post("/account/tokens/", {"token-name": "ci", "token-project": "demo", "token-lifetime": ""})
    address = f"/account/tokens/{ids.encode(ApiToken.objects.get().id)}/deletion/"
    assert signed_in("ben").post(address).status_code == 404
    assert ApiToken.objects.count() == 1
    assert "Revoke ci of your account?" in ada.post(address).content.decode()
    assert ada.post(address, {"confirmed": "yes"}).status_code == 302
    assert ApiToken.objects.count() == 0
    assert ada.post(address).status_code == 404


def test_a_hostile_token_name_is_text(demo):
    ada = signed_in("ada")
    form = {"token-name": '"><script>x</script>', "token-project": "demo", "token-lifetime": ""}
    page = ada.post("/account/tokens/", form).content.decode()
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


def test_theme_and_shortcuts_are_kept_by_the_browser(demo):
    ada = signed_in("ada")
    answer = ada.post("/account/appearance/", {"appearance-theme": "dark"})
    assert (answer.cookies["theme"].value, answer.cookies["shortcuts"].value) == ("dark", "off")
    page = ada.get("/projects/demo/").content.decode()
    assert '<html lang="en" data-theme="dark" data-shortcuts="off">' in page


def test_the_account_needs_somebody(db):
    for address in ("profile", "password", "tokens", "appearance"):
        assert Client().post(f"/account/{address}/")["Location"].startswith("/sign-in/")
