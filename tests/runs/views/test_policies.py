"""The pages of policies: who sees and changes what, forms without script, numbers, and past decisions replayed."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from governance import clock, documents
from governance.models import AuditEntry, Document, Project, User
from runs.models import Event
from tests.runs.views.history import store_run
from tests.runs.views.people import signed_in as client_of
from tests.runs.views.policy_scene import REFUNDS, drafted, published
from tests.runs.views.registry_scene import document, sent_by

LIST = "/projects/demo/policies/"
NEW = f"{LIST}new/"
PAGE = f"{LIST}refunds-over-50/"
SIMULATION = f"{LIST}simulation/"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def project(demo) -> Project:
    return demo


@pytest.fixture
def refunds(project) -> Document:
    return published(project, REFUNDS)


def page_of(username: str, path: str) -> str:
    return client_of(username).get(path).content.decode()


# --- rights ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LIST, NEW, PAGE, SIMULATION])
def test_a_stranger_finds_nothing(refunds, path):
    assert client_of("sam").get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [NEW, PAGE, SIMULATION, f"{PAGE}archival/", f"{PAGE}restoration/", f"{SIMULATION}facts/"],
)
@pytest.mark.parametrize("username", ["ben", "rita"])
def test_only_admins_change_policies(refunds, username, path):
    assert client_of(username).post(path, {}).status_code == 403


@pytest.mark.parametrize("path", [LIST, PAGE, SIMULATION])
def test_every_member_reads_them_without_a_form_that_changes_something(refunds, path):
    answer = client_of("rita").get(path)
    page = answer.content.decode()
    main = page[page.index("<main") : page.index("</main>")]
    assert answer.status_code == 200
    assert 'type="submit"' not in main.replace('<button class="btn btn--sm only-noscript" type="submit">', "")
    assert "Refunds over $50" in main


# --- the list --------------------------------------------------------------------------------------------------


def test_the_list_says_what_each_policy_does(project, refunds):
    drafted(project, REFUNDS, slug="no-mail", name="No mail", effect="deny", when="true")
    page = page_of("ben", LIST)
    row = page[page.index(f'href="{PAGE}"') :].partition("</tr>")[0]
    assert escape('tool.slug == "create-refund" && arguments.amount > 50.0') in row
    assert "Ask for approval" in row
    assert "A tool is called" in row
    assert "v1 live" in row
    other = page[page.index(f'href="{LIST}no-mail/"') :].partition("</tr>")[0]
    assert "Deny" in other
    assert "Not published" in other


def decided(project, run, seq, policies, effect, at):
    data = json.dumps({"call": f"c{seq}", "action": "tool.call", "effect": effect, "policies": policies})
    Event.objects.create(run=run, seq=seq, at=at, type="policy.decided", data=data)


def test_the_list_counts_what_was_decided_in_seven_days(project, refunds):
    ada, now = User.objects.get(username="ada"), clock.now()
    run = store_run(project, ada, now - 3_600_000_000)
    old = store_run(project, ada, now - 9 * 86_400_000_000)
    decided(project, run, 3, ["refunds-over-50@1"], "approve", now - 2_000_000)
    decided(project, run, 4, ["refunds-over-50@2", "other@1"], "approve", now - 1_000_000)
    decided(project, run, 5, [], "allow", now)
    decided(project, run, 6, ["built-in/tool-list"], "deny", now)
    decided(project, old, 3, ["refunds-over-50@1"], "approve", now - 9 * 86_400_000_000)
    page = page_of("ben", LIST)
    row = page[page.index(f'href="{PAGE}"') :].partition("</tr>")[0]
    assert 'data-l="Decided">2<' in row
    numbers = page[page.index('class="grid cols-4"') :].partition("</dl>")[0]
    assert "<dt>Decisions</dt><dd>4</dd>" in numbers
    assert "<dd>25.0%</dd>" in numbers
    assert 'class="warn">2</dd>' in numbers
    assert 'class="blk">1</dd>' in numbers


def test_the_list_asks_as_many_questions_for_twenty_policies_as_for_one(project, refunds):
    ben = client_of("ben")
    ben.get(LIST)
    with CaptureQueriesContext(connection) as few:
        ben.get(LIST)
    for number in range(20):
        published(project, REFUNDS, slug=f"more-{number}", name=f"More {number}")
    with CaptureQueriesContext(connection) as many:
        ben.get(LIST)
    assert len(many) == len(few)


def test_the_list_is_filtered_by_effect_and_name(project, refunds):
    drafted(project, REFUNDS, slug="closed", name="Closed", effect="deny")
    assert PAGE not in page_of("ben", f"{LIST}?effect=deny")
    assert f"{LIST}closed/" in page_of("ben", f"{LIST}?effect=deny")
    assert "Nothing matches" in page_of("ben", f"{LIST}?q=nothing-like-this")


def test_what_people_wrote_is_shown_as_text(project):
    drafted(project, REFUNDS, slug="bad", name=HOSTILE, when=HOSTILE, reason=HOSTILE, effect=HOSTILE)
    for path in (LIST, f"{LIST}bad/", f"{SIMULATION}?policy=bad"):
        for username in ("ada", "ben"):
            page = page_of(username, path)
            assert HOSTILE not in page
            assert escape(HOSTILE) in page


@pytest.mark.parametrize(
    "broken",
    [{"actions": "tool.call"}, {"effect": 7}, {"when": [1]}, {"reviewers": {}}, {"actions": [3, None]}],
)
def test_a_draft_in_the_making_breaks_no_page(project, broken):
    drafted(project, REFUNDS, **broken)
    for path in (
        LIST,
        PAGE,
        f"{SIMULATION}?policy=refunds-over-50",
        f"{PAGE}versions/",
        f"{PAGE}publication/",
    ):
        assert client_of("ada").get(path).status_code == 200


# --- the form --------------------------------------------------------------------------------------------------


def test_a_policy_is_changed_without_script(project, refunds):
    ada = client_of("ada")
    values = sent_by(ada.get(PAGE).content.decode())
    values["document/reason"] = ["Ask first."]
    answer = ada.post(PAGE, values, follow=True)
    assert "Draft saved" in answer.content.decode()
    draft = documents.draft(document(project, "policy", "refunds-over-50"))
    assert draft == {**REFUNDS, "reason": "Ask first."}


def test_who_is_asked_is_not_kept_where_nobody_is_asked(project, refunds):
    ada = client_of("ada")
    values = sent_by(ada.get(PAGE).content.decode())
    values["document/effect"] = ["deny"]
    ada.post(PAGE, values)
    draft = documents.draft(document(project, "policy", "refunds-over-50"))
    assert draft["effect"] == "deny"
    assert not {"reviewers", "four_eyes", "quorum", "due_in_s"} & draft.keys()
    assert "stops publishing" not in ada.get(PAGE).content.decode()


def test_a_condition_that_cannot_be_read_is_told_at_its_field(project, refunds):
    ada = client_of("ada")
    values = sent_by(ada.get(PAGE).content.decode())
    values["document/when"] = ["tool.slug == && 1"]
    page = ada.post(PAGE, values, follow=True).content.decode()
    field = page[page.index('data-pointer="/when"') :].partition('class="field"')[0]
    assert "The condition cannot be read" in field
    assert "at character" in field
    assert "1 problem stops publishing" in page


@pytest.mark.parametrize(
    ("source", "reason", "position"),
    [
        ('tol.slug == "x"', "There is no fact tol", 0),
        ("true && agent.slg != null", "There is no agent.slg", 14),
        ("1 +", "", 3),
    ],
)
def test_a_condition_is_checked_while_it_is_typed(project, source, reason, position):
    answer = client_of("ada").post(f"{SIMULATION}facts/", {"source": source, "kind": "condition", "at": "0"})
    (flaw,) = answer.json()["flaws"]
    assert reason in flaw["reason"]
    assert flaw["position"] == position


def test_facts_are_completed(project):
    answer = client_of("ada").post(
        f"{SIMULATION}facts/", {"source": "tool.ri", "kind": "condition", "at": "7"}
    )
    assert answer.json() == {
        "flaws": [{"reason": "There is no tool.ri: did you mean tool.risk?", "position": 5}],
        "complete": [{"label": "risk", "insert": "risk", "from": 5, "to": 7, "detail": "string", "help": ""}],
    }


# --- new, archived, back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "action"),
    [
        ("downstream-actions", "tool.call"),
        ("payments-over-100", "tool.call"),
        ("customer-commitments", "output.release"),
        ("legal-matters", "output.release"),
    ],
)
def test_a_starting_point_makes_a_draft_that_can_be_published(project, point, action):
    ada = client_of("ada")
    answer = ada.post(NEW, {"starting_point": point})
    assert answer["Location"] == f"{LIST}{point}/"
    made = document(project, "policy", point)
    version, _ = documents.publish(made, None, User.objects.get(username="ada"))
    body = documents.content(version)
    assert (body["effect"], body["actions"]) == ("approve", [action])
    again = ada.post(NEW, {"starting_point": point})
    assert again["Location"] == f"{LIST}{point}-2/"


def test_a_starting_point_that_is_none_is_not_found(project):
    assert client_of("ada").post(NEW, {"starting_point": "x" * 300}).status_code == 404


def test_a_policy_is_begun_from_blank(project):
    ada = client_of("ada")
    wrong = ada.post(NEW, {"new/name": "Mine", "new/effect": "deny"})
    assert wrong.status_code == 422
    answer = ada.post(
        NEW, {"new/name": "Mine", "new/effect": "deny", "new/actions": ["handoff"], "new/actions~shown": "1"}
    )
    assert answer["Location"] == f"{LIST}mine/"
    draft = documents.draft(document(project, "policy", "mine"))
    assert draft == {
        "kind": "policy",
        "slug": "mine",
        "name": "Mine",
        "actions": ["handoff"],
        "effect": "deny",
    }


def test_an_archived_policy_is_listed_and_brought_back(project, refunds):
    ada = client_of("ada")
    assert ada.post(f"{PAGE}archival/")["Location"] == LIST
    page = page_of("ada", LIST)
    assert "1 archived policy" in page
    assert f'action="{PAGE}restoration/"' in page
    assert "restoration" not in page_of("ben", LIST)
    assert ada.post(f"{PAGE}restoration/")["Location"] == PAGE
    assert ada.post(f"{PAGE}restoration/").status_code == 409
    back = document(project, "policy", "refunds-over-50")
    assert (back.archived_at, back.active) == (None, None)
    assert AuditEntry.objects.filter(object="policy/refunds-over-50", action="policy.archive").count() == 1


def test_a_version_is_published_and_rolled_back(project, refunds):
    ada = client_of("ada")
    drafted(project, REFUNDS, reason="Another.")
    page = ada.get(f"{PAGE}publication/").content.decode()
    assert f"{SIMULATION}?policy=refunds-over-50" in page
    assert "in runs under way too" in page
    ada.post(f"{PAGE}publication/", sent_by(page, 'id="publication-form"'))
    assert document(project, "policy", "refunds-over-50").active.number == 2
    asked = ada.get(f"{PAGE}activations/?version=1").content.decode()
    assert "Version 1 decides from now on" in asked
    ada.post(f"{PAGE}activations/", {"version": "1", "live": "2"})
    assert document(project, "policy", "refunds-over-50").active.number == 1


# --- the simulator ---------------------------------------------------------------------------------------------


def test_the_simulator_says_that_nothing_is_stored(project, refunds):
    page = client_of("ada").post(SIMULATION, {"policy": "refunds-over-50", "days": "7"}).content.decode()
    assert "No decision is stored from this time." in page
    assert "<dt>Decisions read</dt><dd>0</dd>" in page


def test_a_draft_that_cannot_be_published_cannot_be_tried(project):
    drafted(project, REFUNDS, when="tool.slug ==")
    answer = client_of("ada").post(SIMULATION, {"policy": "refunds-over-50"})
    assert answer.status_code == 422
    assert "It cannot be tried as it stands." in answer.content.decode()


def test_without_a_policy_there_is_nothing_to_try(project):
    ada = client_of("ada")
    assert "There is no policy to try yet" in ada.get(SIMULATION).content.decode()
    assert ada.post(SIMULATION, {"policy": "nothing"}).status_code == 422


def launch_decision(project, at):
    """A finished run with its launch on record, as the engine writes it."""
    run = store_run(project, User.objects.get(username="ada"), at)
    created = Event.objects.get(run=run, seq=1)
    data = {**json.loads(created.data), "environment": "", "trigger": "api"}
    Event.objects.filter(run=run, seq=1).update(data=json.dumps(data))
    line = {
        "call": "launch",
        "action": "flow.launch",
        "effect": "allow",
        "policies": [],
        "reason": "",
        "facts": {"cost_usd": 0.0},
    }
    Event.objects.create(run=run, seq=2, at=at, type="policy.decided", data=json.dumps(line))
    return run


def test_the_simulator_shows_what_would_have_been_decided_differently(project):
    now = clock.now()
    run = launch_decision(project, now - 60_000_000)
    launch_decision(project, now - 3 * 86_400_000_000)
    drafted(
        project,
        {"kind": "policy", "slug": "closed", "name": "Closed", "effect": "deny", "actions": ["flow.launch"]},
        reason=HOSTILE,
    )
    ada = client_of("ada")
    page = ada.post(
        SIMULATION, {"policy": "closed", "days": "1"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in page
    assert f'href="/runs/{run.public_id}/"' in page
    assert "<dt>Decisions read</dt><dd>1</dd>" in page
    row = page[page.index("<tbody>") : page.index("</tbody>")]
    assert row.index("Allow") < row.index("Deny")
    assert escape(HOSTILE) in row
    week = ada.post(SIMULATION, {"policy": "closed", "days": "7"}).content.decode()
    assert "<dt>Decisions read</dt><dd>2</dd>" in week


def test_a_policy_that_changes_nothing_says_so(project):
    launch_decision(project, clock.now() - 60_000_000)
    drafted(project, {"kind": "policy", "slug": "open", "effect": "allow", "actions": ["flow.launch"]})
    page = client_of("ada").post(SIMULATION, {"policy": "open", "days": "1"}).content.decode()
    assert "Nothing would have been decided differently." in page
    assert "1 stored decision was read." in page
