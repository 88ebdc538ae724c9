"""Publishing: what it changes, what stops it, what it costs, who gets it; and nothing is published unseen."""

import re

import pytest
from django.contrib.messages import get_messages

from governance import documents
from governance.models import User
from tests.runs.views.people import fragment, signed_in
from tests.runs.views.registry_scene import sent_by
from tests.runs.views.test_versions_history import agent, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

AGENT = "/projects/demo/agents/billing-specialist/publication/"
FLOW = "/projects/demo/flows/customer-support/publication/"
FORM = 'id="publication-form"'


@pytest.fixture
def project(demo_with_flows):
    return demo_with_flows


def save(project, kind: str, slug: str, by: str = "ada", **changes) -> dict:
    """A draft that differs from the live version by `changes`."""
    body = {**documents.content(documents.find(project, kind, slug)), **changes}
    documents.save_working_draft(project, kind, slug, body, User.objects.get(username=by))
    return body


def live(project, kind: str, slug: str) -> int:
    return documents.find(project, kind, slug).number


def test_the_page_shows_the_difference_and_who_uses_it_and_its_form_publishes(project):
    save(project, "agent", "billing-specialist", purpose="Other.")
    ada = signed_in("ada")
    page = ada.get(AGENT)
    shown = text_of(page)
    assert "Publish Billing specialist v2" in shown and "Compared with v1" in shown
    assert "1 flow uses this agent." in shown and "Customer support customer-support" in shown
    done = ada.post(AGENT, sent_by(page.content.decode(), FORM))
    assert (done.status_code, done["Location"]) == (302, "/projects/demo/agents/billing-specialist/versions/")
    assert [str(message) for message in get_messages(done.wsgi_request)] == ["Version 2 is live."]
    assert documents.find(project, "agent", "billing-specialist").created_by.username == "ada"
    assert live(project, "agent", "billing-specialist") == 2
    assert "Nothing to publish." in text_of(ada.get(AGENT))


def test_a_version_can_be_published_without_being_live(project):
    save(project, "agent", "billing-specialist", purpose="Other.")
    ada = signed_in("ada")
    sent = sent_by(ada.get(AGENT).content.decode(), FORM) | {"activate": "later"}
    assert ada.post(AGENT, sent).status_code == 302
    assert live(project, "agent", "billing-specialist") == 1
    assert "Publish Billing specialist v2" in text_of(ada.get(AGENT))


def test_a_draft_that_moved_on_is_shown_anew_instead_of_published(project):
    save(project, "agent", "billing-specialist", purpose="Seen.")
    ada = signed_in("ada")
    sent = sent_by(ada.get(AGENT).content.decode(), FORM)
    save(project, "agent", "billing-specialist", by="rita", purpose="Unseen.")
    answer = ada.post(AGENT, sent)
    assert answer.status_code == 409
    assert "This changed while you looked. The draft was last saved by rita." in text_of(answer)
    assert "Unseen." in text_of(answer)
    assert live(project, "agent", "billing-specialist") == 1
    assert ada.post(AGENT, sent_by(answer.content.decode(), FORM)).status_code == 302
    assert documents.content(documents.find(project, "agent", "billing-specialist"))["purpose"] == "Unseen."


def test_another_live_version_than_the_one_compared_with_is_shown_anew_too(project):
    save(project, "agent", "billing-specialist", purpose="Draft.")
    ada = signed_in("ada")
    sent = sent_by(ada.get(AGENT).content.decode(), FORM)
    document = documents.load(project, "agent", "billing-specialist")
    documents.publish(document, agent(project, purpose="Between."), None)
    assert ada.post(AGENT, sent).status_code == 409
    assert live(project, "agent", "billing-specialist") == 2


@pytest.mark.parametrize("sent", [{}, {"revision": "x"}, {"revision": "1"}, {"revision": "1", "live": "01"}])
def test_a_post_that_says_not_what_was_seen_publishes_nothing(project, sent):
    save(project, "agent", "billing-specialist", purpose="Other.")
    assert signed_in("ada").post(AGENT, sent).status_code == 409
    assert live(project, "agent", "billing-specialist") == 1


def test_problems_stop_it_and_lead_to_where_they_are_mended(project):
    nodes = documents.content(documents.find(project, "flow", "customer-support"))["nodes"]
    broken = [
        {**node, "config": {**node["config"], "agent": "nobody"}} if node["id"] == "billing" else node
        for node in nodes
    ]
    save(project, "flow", "customer-support", nodes=broken)
    ada = signed_in("ada")
    page = ada.get(FLOW)
    assert (
        "1 problem stops this. Billing specialist There is no agent nobody with an active version"
        in text_of(page)
    )
    assert '/projects/demo/flows/customer-support/?node=billing"' in page.content.decode()
    assert re.search(r'form="publication-form" disabled', page.content.decode())
    sent = sent_by(page.content.decode(), FORM)
    assert ada.post(FLOW, sent).status_code == 422
    assert live(project, "flow", "customer-support") == 1


def test_a_draft_that_does_not_fit_its_schema_is_stopped_at_its_fields(project):
    save(project, "agent", "billing-specialist", model=7, colour="red")
    ada = signed_in("ada")
    page = ada.get(AGENT)
    assert "2 problems stop this." in text_of(page)
    assert '/projects/demo/agents/billing-specialist/#fdocument/model"' in page.content.decode()
    assert ada.post(AGENT, sent_by(page.content.decode(), FORM)).status_code == 422
    assert live(project, "agent", "billing-specialist") == 1


def test_warnings_stop_nothing(project):
    save(project, "agent", "billing-specialist", output_schema={})
    ada = signed_in("ada")
    page = ada.get(AGENT)
    assert "1 warning, which stops nothing" in text_of(page)
    assert ada.post(AGENT, sent_by(page.content.decode(), FORM)).status_code == 302


def test_a_flow_says_what_a_run_costs_before_and_after(project):
    body = documents.content(documents.find(project, "flow", "customer-support"))
    save(project, "flow", "customer-support", limits={**body["limits"], "max_cost_usd": 0.75})
    shown = text_of(signed_in("ada").get(FLOW))
    assert re.search(r"About \$0\.\d+ a run, as before \$0\.75 at most \(was \$0\.50\)", shown)


def test_who_is_pinned_to_a_version_stays_with_it(project):
    body = documents.content(documents.find(project, "flow", "customer-support"))
    nodes = [
        {**node, "config": {**node["config"], "agent": "billing-specialist@1"}}
        if node["id"] == "billing"
        else node
        for node in body["nodes"]
    ]
    pinned = {**body, "slug": "pinned", "nodes": nodes}
    documents.create_and_publish(project, "flow", "pinned", pinned, None)
    save(project, "agent", "billing-specialist", purpose="Other.")
    shown = text_of(signed_in("ada").get(AGENT))
    assert "2 flows use this agent." in shown
    assert "Customer support pinned stays with v1" in shown


def test_a_first_version_is_published_the_same_way(project):
    ada, body = signed_in("ada"), agent(project, slug="fresh", name="Fresh")
    documents.save_draft(project, "agent", "fresh", body, None)
    page = ada.get("/projects/demo/agents/fresh/publication/")
    assert "Publish Fresh v1" in text_of(page) and "The first version" in text_of(page)
    sent = sent_by(page.content.decode(), FORM)
    assert ada.post("/projects/demo/agents/fresh/publication/", sent).status_code == 302
    assert live(project, "agent", "fresh") == 1


def test_without_a_draft_there_is_nothing_to_publish(project):
    ada = signed_in("ada")
    assert "There is no draft." in text_of(ada.get(AGENT))
    answer = ada.post(AGENT, {"revision": "0", "live": "1"})
    assert answer.status_code == 422
    assert live(project, "agent", "billing-specialist") == 1


def test_readers_look_and_do_not_publish(project):
    save(project, "agent", "billing-specialist", purpose="Other.")
    ben = signed_in("ben")
    page = ben.get(AGENT)
    assert page.status_code == 200 and FORM not in page.content.decode()
    assert ben.post(AGENT, {"revision": "1", "live": "1"}).status_code == 403
    assert live(project, "agent", "billing-specialist") == 1


def test_htmx_gets_the_dialog_alone(project):
    save(project, "agent", "billing-specialist", purpose="Other.")
    part = fragment(signed_in("ada"), AGENT).content.decode()
    assert part.startswith("<dialog") and part.rstrip().endswith("</dialog>")
    assert FORM in part and "<html" not in part
