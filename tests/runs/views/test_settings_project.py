"""A project's name and limit, the tokens that open it, its secrets: who may, what is shown, what never is."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance import ids, people, secrets, tokens
from governance.models import ApiToken, AuditEntry, Project, Secret, User
from tests.runs.views.people import signed_in

SETTINGS = "/projects/demo/settings/"
TOKENS, SECRETS = f"{SETTINGS}tokens/", f"{SETTINGS}secrets/"
YES = {"confirmed": "yes"}


def user(name: str) -> User:
    return User.objects.get(username=name)


def saved(project: Project) -> tuple[str, int | None]:
    project.refresh_from_db()
    return project.name, project.max_running_runs


def test_name_and_limit_are_saved_and_recorded(demo):
    ada = signed_in("ada")
    assert ada.post(SETTINGS, {"name": "Support", "max_running_runs": "25"})["Location"] == SETTINGS
    assert saved(demo) == ("Support", 25)
    assert ada.post(SETTINGS, {"name": "Support", "max_running_runs": ""}).status_code == 302
    assert saved(demo) == ("Support", None)
    acts = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))[-3:]
    assert acts == ["project.rename", "project.limit_runs", "project.limit_runs"]


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"name": "", "max_running_runs": ""}, "This field is required."),
        ({"name": "Demo", "max_running_runs": "0"}, "greater than or equal to 1"),
        ({"name": "Demo", "max_running_runs": "many"}, "Enter a whole number."),
        ({"name": "Demo", "max_running_runs": "1000001"}, "less than or equal to 1000000"),
        ({"name": "x" * 201, "max_running_runs": ""}, "at most 200 characters"),
        ({"name": "a\0b", "max_running_runs": ""}, "Null characters are not allowed."),
    ],
)
def test_settings_that_cannot_be_are_refused_at_their_field(demo, sent, sentence):
    answer = signed_in("ada").post(SETTINGS, sent)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert saved(demo) == ("Demo", None)


def test_no_field_changes_more_than_the_form_shows(demo):
    signed_in("ada").post(SETTINGS, {"name": "Demo", "max_running_runs": "3", "slug": "other", "id": "77"})
    assert Project.objects.get(slug="demo").pk == demo.pk
    assert saved(demo) == ("Demo", 3)


@pytest.mark.parametrize(("username", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
def test_only_admins_change_settings_and_secrets(demo, username, status):
    secrets.put(demo, "crm", "kept", None)
    client = signed_in(username)
    for address, sent in [
        (SETTINGS, {"name": "Mine"}),
        (SECRETS, {"secret-name": "crm", "secret-value": "mine"}),
        (f"{SECRETS}deletion/", {"name": "crm"}),
    ]:
        assert client.post(address, sent).status_code == status, address
    assert saved(demo) == ("Demo", None)
    assert secrets.reveal(demo, "crm") == "kept"


def test_a_member_reads_settings_without_a_form(demo):
    page = signed_in("ben").get(SETTINGS).content.decode().partition("<main")[2].partition("</main>")[0]
    assert "no limit" in page
    assert "<form" not in page


def test_a_hostile_project_name_is_text(demo):
    ada = signed_in("ada")
    ada.post(SETTINGS, {"name": "</title><script>x()</script>", "max_running_runs": ""})
    page = ada.get(SETTINGS).content.decode()
    assert "<script>x()" not in page
    assert "&lt;script&gt;x()" in page


def made(client: Client, **sent: str):
    form = {"token-name": "ci", "token-project": "demo", "token-lifetime": "30", "token-day": "", **sent}
    return client.post(TOKENS, form)


def test_a_token_is_shown_once_and_opens_this_project(demo):
    ben = signed_in("ben")
    answer = made(ben)
    text = answer.content.decode().split('id="new-token"')[1].split('value="')[1].split('"')[0]
    token = ApiToken.objects.get()
    assert answer.status_code == 201
    assert (token.user.username, token.project) == ("ben", demo)
    assert timedelta(days=29) < token.expiry - timezone.now() <= timedelta(days=30)
    bearer = {"Authorization": f"Bearer {text}"}
    assert Client().get("/api/v1/projects/demo/", headers=bearer).json()["roles"] == ["viewer"]
    assert text not in ben.get(TOKENS).content.decode()


def test_a_token_for_all_of_ones_projects_is_not_bound(demo):
    assert made(signed_in("ada"), **{"token-project": "", "token-lifetime": ""}).status_code == 201
    token = ApiToken.objects.get()
    assert (token.project, token.expiry) == (None, None)


@pytest.mark.parametrize(
    "sent",
    [{"token-project": "elsewhere"}, {"token-name": ""}, {"token-lifetime": "-5"}, {"token-name": "a\0"}],
)
def test_a_token_that_cannot_be_is_not_made(demo, sent):
    assert made(signed_in("ada"), **sent).status_code == 422
    assert ApiToken.objects.count() == 0


def test_a_token_of_a_project_that_is_not_the_pages_is_not_offered(demo):
    people.create_project("second", "Second", user("ada"))
    assert made(signed_in("ada"), **{"token-project": "second"}).status_code == 422
    assert 'value="second"' not in signed_in("ada").get(TOKENS).content.decode().partition("<main")[2]


def test_admins_see_whose_tokens_open_the_project_and_others_their_own(demo):
    for name in ("ada", "ben", "sam"):
        tokens.create(user(name), f"of-{name}", None if name == "sam" else demo)
    tokens.create(user("rita"), "of-rita-everywhere")
    expired, _text = tokens.create(user("rita"), "expired", demo)
    ApiToken.objects.filter(id=expired.id).update(expiry=timezone.now() - timedelta(minutes=1))
    seen = signed_in("ada").get(TOKENS).content.decode()
    assert [name for name in ("of-ada", "of-ben", "of-rita-everywhere") if name not in seen] == []
    assert "theirs to revoke" in seen
    assert "of-sam" not in seen
    assert "expired" not in seen
    mine = signed_in("ben").get(TOKENS).content.decode()
    assert ("of-ben" in mine, "of-ada" in mine, "of-rita" in mine) == (True, False, False)


def test_an_admin_revokes_what_opens_this_project_alone(demo):
    bound, text = tokens.create(user("ben"), "ci", demo)
    everywhere, _ = tokens.create(user("ben"), "everywhere")
    foreign, _ = tokens.create(user("sam"), "theirs", Project.objects.get(slug="elsewhere"))
    ada = signed_in("ada")
    answers = {
        token.name: ada.post(f"{TOKENS}{ids.encode(token.id)}/deletion/", YES).status_code
        for token in (bound, everywhere, foreign)
    }
    assert answers == {"ci": 302, "everywhere": 404, "theirs": 404}
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {text}"}).status_code == 401
    assert AuditEntry.objects.get(action="token.delete").actor == "ada"


def test_what_cannot_be_taken_back_is_asked_once_more_without_script(demo):
    secrets.put(demo, "crm", "v", None)
    token, _ = tokens.create(user("ada"), "ci", demo)
    ada = signed_in("ada")
    address = f"{TOKENS}{ids.encode(token.id)}/deletion/"
    for asked, sent in (
        (ada.get(address), {}),
        (ada.post(address), {}),
        (ada.post(f"{SECRETS}deletion/", {"name": "crm"}), {"name": "crm"}),
    ):
        page = asked.content.decode()
        assert asked.status_code == 200
        assert {name: value for name, value in hidden_fields(page) if name != "csrfmiddlewaretoken"} == {
            **sent,
            **YES,
        }
    assert (ApiToken.objects.count(), Secret.objects.count()) == (1, 1)
    assert signed_in("rita").get(address).status_code == 404


def hidden_fields(page: str) -> list[tuple[str, str]]:
    form = page.partition("<main")[2].partition("</main>")[0]
    return re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)


def test_a_member_revokes_their_own_token_only(demo):
    own, _ = tokens.create(user("ben"), "own", demo)
    other, _ = tokens.create(user("rita"), "other", demo)
    ben = signed_in("ben")
    assert ben.post(f"{TOKENS}{ids.encode(other.id)}/deletion/").status_code == 404
    assert ben.post(f"{TOKENS}{ids.encode(own.id)}/deletion/", YES).status_code == 302
    assert "Token own revoked." in ben.get(TOKENS).content.decode()
    assert [token.name for token in ApiToken.objects.all()] == ["other"]
    assert signed_in("sam").post(f"{TOKENS}{ids.encode(other.id)}/deletion/").status_code == 404


def test_a_hostile_token_name_is_text(demo):
    ada = signed_in("ada")
    page = made(ada, **{"token-name": '"><script>x</script>'}).content.decode()
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page


@pytest.mark.parametrize("place", ["?after=x", "?before=" + "0" * 13, "?after=%00", "?before=-1"])
def test_an_address_that_names_no_place_shows_a_page(demo, place):
    tokens.create(user("ada"), "ci", demo)
    assert signed_in("ada").get(TOKENS + place).status_code == 200


def test_a_secret_is_stored_replaced_and_never_shown(demo):
    ada = signed_in("ada")
    for value in ("first value", "second value"):
        answer = ada.post(SECRETS, {"secret-name": "crm-key", "secret-value": value})
        assert answer["Location"] == SECRETS
        page = ada.get(SECRETS).content.decode()
        assert "crm-key" in page
        assert value not in page
    assert secrets.reveal(demo, "crm-key") == "second value"
    assert "second value" not in str(list(AuditEntry.objects.values_list("data", flat=True)))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("has space", "a-planted-value", "A secret&#x27;s name has up to 100 letters"),
        ("", "a-planted-value", "This field is required."),
        ("crm", "", "This field is required."),
        ("crm", "a-planted-value" * 1000, "at most 10000 characters"),
    ],
)
def test_a_secret_that_cannot_be_is_refused_and_its_value_is_not_sent_back(demo, name, value, sentence):
    answer = signed_in("ada").post(SECRETS, {"secret-name": name, "secret-value": value})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "a-planted-value" not in answer.content.decode()
    assert Secret.objects.count() == 0


def test_secrets_say_what_uses_them_and_what_is_not_set(demo_with_flows):
    ada = signed_in("ada")
    api = Client()
    api.force_login(user("ada"))
    body = {"kind": "provider", "slug": "away", "type": "openai", "secret": "away-key"}
    answer = api.post("/api/v1/projects/demo/providers/away/versions/", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    row = row_of(ada, "away-key")
    assert "Not set" in row
    assert "/projects/demo/providers/away/" in row
    assert "Delete" not in row
    ada.post(SECRETS, {"secret-name": "away-key", "secret-value": "v"})
    assert "Stored" in row_of(ada, "away-key")


def row_of(client: Client, name: str) -> str:
    page = client.get(SECRETS).content.decode()
    return next(row for row in page.split("<tr>") if f">{name}</th>" in row)


def test_a_secret_is_deleted_once(demo):
    secrets.put(demo, "crm", "v", None)
    ada = signed_in("ada")
    assert ada.post(f"{SECRETS}deletion/", {"name": "crm", **YES})["Location"] == SECRETS
    assert Secret.objects.count() == 0
    assert ada.post(f"{SECRETS}deletion/", {"name": "crm", **YES}).status_code == 404


def test_more_tokens_and_secrets_ask_no_more_questions(demo):
    ada = signed_in("ada")
    tokens.create(user("ada"), "first", demo)
    secrets.put(demo, "first", "v", None)
    before = [questions(ada, address) for address in (TOKENS, SECRETS)]
    for number in range(20):
        tokens.create(user("rita"), f"t{number}", demo)
        secrets.put(demo, f"s{number}", "v", None)
    assert [questions(ada, address) for address in (TOKENS, SECRETS)] == before


def questions(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)
