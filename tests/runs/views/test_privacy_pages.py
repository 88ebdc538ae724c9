"""The pages of privacy rules: who sees and changes what, the table, forms without script, the box to try a text in."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from governance import documents
from governance.models import AuditEntry, Document, Project, User
from tests.runs.views.people import signed_in as client_of
from tests.runs.views.policy_scene import DEFAULT, drafted, published
from tests.runs.views.registry_scene import document, sent_by

LIST = "/projects/demo/privacy/"
NEW = f"{LIST}new/"
PAGE = f"{LIST}default/"
TRY = f"{LIST}scan/"
CARD = "4111 1111 1111 1111"
TEXT = f"Write to lena@example.com or lena@example.com, card {CARD}."
HOSTILE = '<img src=x onerror="alert(1)">'


@pytest.fixture
def project(demo) -> Project:
    return demo


@pytest.fixture
def rules(project) -> Document:
    return published(project, DEFAULT)


def page_of(username: str, path: str) -> str:
    return client_of(username).get(path).content.decode()


def tried(username: str = "ada", **values: str) -> str:
    return tried_by(client_of(username), **values)


def tried_by(client: Client, **values: str) -> str:
    answer = client.post(TRY, {"text": TEXT, **values}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return answer.content.decode()


# --- rights ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LIST, NEW, PAGE, TRY])
def test_a_stranger_finds_nothing(rules, path):
    assert client_of("sam").get(path).status_code == 404
    assert client_of("sam").post(path, {"text": TEXT}).status_code in (404, 405)


@pytest.mark.parametrize("path", [NEW, PAGE, f"{PAGE}archival/"])
@pytest.mark.parametrize("username", ["ben", "rita"])
def test_only_admins_change_privacy_rules(rules, username, path):
    assert client_of(username).post(path, {}).status_code == 403


def test_every_member_reads_them_and_tries_a_text(rules):
    page = page_of("ben", PAGE)
    assert "House rules" in page
    assert 'id="document-form"' not in page
    assert "&lt;EMAIL_ADDRESS_1&gt;" in tried("ben")


def test_a_draft_is_tried_by_those_who_may_change_it_alone(project, rules):
    drafted(project, DEFAULT, rules=[{"entities": ["EMAIL_ADDRESS"], "where": ["log"], "action": "mask"}])
    assert "House rules (draft)" in page_of("ada", TRY)
    assert "House rules (draft)" not in page_of("ben", TRY)
    assert "[EMAIL_ADDRESS]" in tried("ada", rules="default:draft")
    assert "&lt;EMAIL_ADDRESS_1&gt; or" in tried("ben", rules="default:draft").partition("After mask")[0]


# --- the list and the page -------------------------------------------------------------------------------------


def test_the_table_says_what_happens_to_what_where(rules):
    for path in (LIST, PAGE):
        page = page_of("ben", path)
        table = page[page.index("<tbody>") : page.index("</tbody>")]
        mail, card = table.split("</tr>")[:2]
        assert "E-mail address" in mail
        assert mail.count("Tokenize") == 2
        assert "Card number" in card
        assert card.count("Block") == 1
        assert card.count("no rule") == 1


def test_without_default_rules_the_list_says_that_nothing_is_scanned(project):
    assert "Nothing is scanned." in page_of("ben", LIST)
    published(project, DEFAULT, slug="strict")
    page = page_of("ben", LIST)
    assert "No live rules are called “default”." in page
    published(project, DEFAULT)
    assert "No live rules are called “default”." not in page_of("ben", LIST)


def test_the_page_names_the_agents_that_use_it(demo_with_flows):
    project = demo_with_flows
    published(project, DEFAULT)
    strict = published(project, DEFAULT, slug="strict")
    agent = document(project, "agent", "billing-specialist")
    body = {**documents.content(agent.active), "privacy": "strict"}
    documents.publish(agent, body, User.objects.get(username="ada"))
    page = page_of("ben", f"{LIST}{strict.slug}/")
    assert 'href="/projects/demo/agents/billing-specialist/"' in page
    assert "named by 1 agent" in page_of("ben", LIST)
    assert "No live agent names it." in page_of("ben", PAGE)


def test_without_a_model_the_pages_say_that_names_are_not_found(rules, monkeypatch):
    monkeypatch.delenv("BATON_SPACY_MODEL", raising=False)
    for path in (LIST, PAGE):
        assert "Names and addresses are not found without a model." in page_of("ben", path)


def test_the_list_asks_as_many_questions_for_many_as_for_one(project, rules):
    ben = client_of("ben")
    ben.get(LIST)
    with CaptureQueriesContext(connection) as few:
        ben.get(LIST)
    for number in range(10):
        published(project, DEFAULT, slug=f"more-{number}")
    with CaptureQueriesContext(connection) as many:
        ben.get(LIST)
    assert len(many) == len(few)


@pytest.mark.parametrize(
    "broken",
    [
        {"rules": 3},
        {
            "rules": [
                {"entities": "EMAIL_ADDRESS"},
                None,
                {"entities": [[]], "where": ["log"], "action": "mask"},
            ]
        },
        {"rules": [{"entities": ["NO_SUCH"], "where": ["nowhere"], "action": "vanish"}], "name": HOSTILE},
        {"description": {"a": HOSTILE}},
    ],
)
def test_a_draft_in_the_making_breaks_no_page(project, broken):
    drafted(project, DEFAULT, **broken)
    for username in ("ada", "ben"):
        for path in (LIST, PAGE, TRY, f"{PAGE}versions/"):
            answer = client_of(username).get(path)
            assert answer.status_code == 200
            assert HOSTILE not in answer.content.decode()


# --- the form --------------------------------------------------------------------------------------------------


def test_rules_are_changed_without_script(project, rules):
    ada = client_of("ada")
    values = sent_by(ada.get(PAGE).content.decode())
    values["document/rules/1/action"] = ["mask"]
    values["document/rules/1/where"] = ["log", "memory"]
    ada.post(PAGE, values)
    draft = documents.draft(document(project, "privacy", "default"))
    assert draft == {
        **DEFAULT,
        "rules": [
            DEFAULT["rules"][0],
            {"entities": ["CREDIT_CARD"], "where": ["log", "memory"], "action": "mask"},
        ],
    }


def test_an_untouched_form_changes_nothing(project, rules):
    ada = client_of("ada")
    ada.post(PAGE, sent_by(ada.get(PAGE).content.decode()))
    assert documents.draft(document(project, "privacy", "default")) == DEFAULT


def test_new_rules_begin_with_what_most_need_and_can_be_published(project):
    ada = client_of("ada")
    assert ada.post(NEW, {"new/name": "Default"})["Location"] == PAGE
    version, _ = documents.publish(document(project, "privacy", "default"), None, None)
    assert [rule["action"] for rule in documents.content(version)["rules"]] == ["tokenize", "block"]


def test_a_version_is_published_and_rolled_back(project, rules):
    ada = client_of("ada")
    drafted(project, DEFAULT, rules=DEFAULT["rules"][:1])
    page = ada.get(f"{PAGE}publication/").content.decode()
    assert "in runs under way too" in page
    ada.post(f"{PAGE}publication/", sent_by(page, 'id="publication-form"'))
    assert document(project, "privacy", "default").active.number == 2
    ada.post(f"{PAGE}activations/", {"version": "1", "live": "2"})
    assert document(project, "privacy", "default").active.number == 1


# --- the box ---------------------------------------------------------------------------------------------------


def test_the_box_shows_what_each_rule_does_and_what_is_left(rules):
    page = tried(where="model_input")
    assert "3 findings" in page
    assert ">lena@example.com<small>EMAIL_ADDRESS</small></mark>" in page
    assert "House rules (v1), rule 1: Tokenize" in page
    assert "House rules (v1), rule 2: Block" in page
    assert "This text is blocked." in page
    left, masked, tokenized = (part.partition("</pre>")[0] for part in page.split("<pre")[1:])
    assert "&lt;EMAIL_ADDRESS_1&gt; or &lt;EMAIL_ADDRESS_1&gt;, card [CREDIT_CARD]." in left
    assert "[EMAIL_ADDRESS] or [EMAIL_ADDRESS], card [CREDIT_CARD]." in masked
    assert "&lt;EMAIL_ADDRESS_1&gt; or &lt;EMAIL_ADDRESS_1&gt;, card &lt;CREDIT_CARD_1&gt;." in tokenized


def test_what_no_rule_names_at_a_place_stays(rules):
    page = tried(where="run_input")
    assert "No rule speaks of it." in page
    left = page.split("<pre")[1].partition("</pre>")[0]
    assert f"&lt;EMAIL_ADDRESS_1&gt;, card {CARD}." in left


def test_the_box_works_without_script(rules):
    answer = client_of("ada").post(TRY, {"text": TEXT, "rules": "default", "where": "log"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<h1>" in page
    assert "3 findings" in page
    assert f"{TEXT}</textarea>" in page


def test_a_text_is_shown_as_text(rules):
    page = tried(text=f"{HOSTILE} lena@example.com {HOSTILE} <EMAIL_ADDRESS_1>")
    assert HOSTILE not in page
    assert escape(HOSTILE) in page
    assert "<script" not in page


def test_nothing_that_is_tried_is_stored(rules):
    written, ada = AuditEntry.objects.count(), client_of("ada")
    with CaptureQueriesContext(connection) as queries:
        tried_by(ada)
    said = [query["sql"] for query in queries]
    assert [sql for sql in said if not sql.startswith("SELECT")] == []
    assert [sql for sql in said if "lena@example.com" in sql or CARD in sql] == []
    assert AuditEntry.objects.count() == written


@pytest.mark.parametrize(
    "values", [{"text": ""}, {"rules": "nothing", "where": "nowhere"}, {"text": "\0 \ud7ff"}]
)
def test_odd_input_breaks_nothing(rules, values):
    tried(**values)


def test_a_text_that_is_too_long_is_told(rules):
    answer = client_of("ada").post(TRY, {"text": "a " * 10_001})
    assert answer.status_code == 422
    assert "The text has 20,002 characters; the box takes 20,000." in answer.content.decode()
