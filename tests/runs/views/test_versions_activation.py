"""Rolling back: a look at what it changes, one button, a line of history."""

import pytest

from governance import documents
from governance.models import Activation, AuditEntry, User
from tests.runs.views.people import signed_in
from tests.runs.views.registry_scene import sent_by
from tests.runs.views.test_versions_history import publish, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

PAGE = "/projects/demo/agents/billing-specialist/activations/"
FORM = f'action="{PAGE}"'


@pytest.fixture
def project(demo_with_flows):
    publish(demo_with_flows, purpose="Two.")
    return demo_with_flows


def live(project) -> int:
    return documents.find(project, "agent", "billing-specialist").number


def test_a_rollback_says_what_it_will_change_and_is_one_button(project):
    ada = signed_in("ada")
    page = ada.get(f"{PAGE}?version=1")
    shown = text_of(page)
    assert "Roll back to version 1" in shown and "New runs use version 1 instead of 2" in shown
    assert "Purpose Two. Answers questions on payments and makes refunds that are due." in shown
    assert "1 flow uses this agent." in shown
    done = ada.post(PAGE, sent_by(page.content.decode(), FORM))
    assert (done.status_code, done["Location"]) == (302, "/projects/demo/agents/billing-specialist/versions/")
    assert live(project) == 1
    made = Activation.objects.filter(document__slug="billing-specialist").latest("id")
    assert (made.version.number, made.by.username) == (1, "ada")
    line = AuditEntry.objects.filter(action="agent.activate").latest("id")
    assert (line.object, line.data) == ("agent/billing-specialist", {"before": 2, "after": 1})
    assert "Rolled back from v2 to v1 ada," in text_of(ada.get(done["Location"]))


def test_going_forward_again_is_called_so(project):
    documents.activate(documents.load(project, "agent", "billing-specialist"), 1, None)
    assert "Make version 2 live" in text_of(signed_in("ada").get(f"{PAGE}?version=2"))


def test_what_is_live_already_needs_no_button(project):
    page = signed_in("ada").get(f"{PAGE}?version=2")
    assert "Version 2 is live already." in text_of(page) and FORM not in page.content.decode()


def test_another_live_version_than_the_one_shown_is_shown_anew(project):
    ada = signed_in("ada")
    sent = sent_by(ada.get(f"{PAGE}?version=1").content.decode(), FORM)
    publish(project, purpose="Three.")
    answer = ada.post(PAGE, sent)
    assert answer.status_code == 409
    assert "This changed while you looked." in text_of(answer) and "instead of 3" in text_of(answer)
    assert live(project) == 3


def test_a_version_that_names_what_is_gone_is_refused_with_its_place(project):
    body = {"kind": "provider", "slug": "other", "type": "scripted"}
    documents.create_and_publish(project, "provider", "other", body, None)
    publish(project, model="other/any")
    publish(project, purpose="Four.")
    documents.archive(documents.load(project, "provider", "other"), User.objects.get(username="ada"))
    ada = signed_in("ada")
    answer = ada.post(PAGE, sent_by(ada.get(f"{PAGE}?version=3").content.decode(), FORM))
    assert answer.status_code == 422
    assert "1 problem stops this. model There is no provider 'other' in this project" in text_of(answer)
    assert live(project) == 4


@pytest.mark.parametrize("version", ["", "9", "0", "x", "-1", "1.0", "9" * 30])
def test_a_version_that_is_not_there_is_not_found(project, version):
    ada = signed_in("ada")
    assert ada.get(PAGE, {"version": version}).status_code == 404
    assert ada.post(PAGE, {"version": version, "live": "2"}).status_code == 404


@pytest.mark.parametrize(("username", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
def test_who_may_not_edit_activates_nothing(project, username, status):
    person = signed_in(username)
    assert person.get(f"{PAGE}?version=1").status_code == status
    assert person.post(PAGE, {"version": "1", "live": "2"}).status_code == status
    assert live(project) == 2
