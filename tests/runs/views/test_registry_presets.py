"""New agents from presets: the page offers them, and what is posted becomes a draft that can be published."""

import pytest

from governance import documents
from registry.presets import ORDER, preset
from tests.runs.views.people import signed_in
from tests.runs.views.registry_scene import sent_by

PAGE = "/projects/demo/agents/new/"


@pytest.fixture
def ada(demo):
    model = {"kind": "provider", "slug": "sim", "type": "scripted"}
    documents.create_and_publish(demo, "provider", "sim", model, None)
    return signed_in("ada")


def draft(project, slug: str) -> dict:
    return documents.draft(documents.load(project, "agent", slug))


def test_the_page_offers_every_preset_and_starts_blank(ada):
    page = ada.get(PAGE).content.decode()
    for slug in ORDER:
        assert f'href="?preset={slug}"' in page
    sent = sent_by(page, 'aria-labelledby="agent-title"')
    assert (sent["new/name"], sent["new/purpose"]) == ([""], [""])


@pytest.mark.parametrize("slug", ORDER)
def test_each_preset_makes_a_draft_that_publishes(ada, demo, slug):
    page = ada.get(f"{PAGE}?preset={slug}").content.decode()
    sent = sent_by(page, 'aria-labelledby="agent-title"') | {
        "new/slug": "mine",
        "new/model": "sim/any",
    }
    answer = ada.post(f"{PAGE}?preset={slug}", sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/projects/demo/agents/mine/")
    assert draft(demo, "mine") == preset(slug).document("mine", "sim/any")
    version, is_new = documents.publish(documents.load(demo, "agent", "mine"), None, None)
    assert (version.number, is_new) == (1, True)


def test_a_second_agent_of_one_preset_is_offered_a_slug_that_is_free(ada, demo):
    def offered():
        page = ada.get(f"{PAGE}?preset=fact-checker").content.decode()
        return sent_by(page, 'aria-labelledby="agent-title"') | {"new/model": "sim/any"}

    for slug, expected in (
        ("fact-checker", "fact-checker"),
        ("fact-checker-2", "fact-checker-2"),
        ("fact-checker-3", "fact-checker-3"),
    ):
        sent = offered()
        assert sent["new/slug"] == [slug]
        assert ada.post(f"{PAGE}?preset=fact-checker", sent).headers["Location"].endswith(f"/{expected}/")


@pytest.mark.parametrize(
    ("types", "proposed", "said"),
    [
        ({}, "", "such as openai/gpt-5-mini"),
        ({"sham": "scripted"}, "sham/small", "Proposed: a simulated model."),
        ({"sham": "scripted", "zeta": "openai"}, "zeta/small", "Proposed: the first model of this project"),
    ],
)
def test_a_new_agent_is_offered_a_model_that_the_project_can_use(demo, ada, types, proposed, said):
    prices = {"small": {"input_usd_per_mtok": 1, "output_usd_per_mtok": 1}}
    for slug, kind in types.items():
        body = {"kind": "provider", "slug": slug, "type": kind, "prices": prices}
        documents.create_and_publish(demo, "provider", slug, body, None)
    for address in (PAGE, f"{PAGE}?preset=router"):
        page = ada.get(address).content.decode()
        assert sent_by(page, 'aria-labelledby="agent-title"')["new/model"] == [proposed]
        assert said in page
    refused = ada.post(PAGE, {"new/name": "Own", "new/model": ""}).content.decode()
    assert sent_by(refused, 'aria-labelledby="agent-title"')["new/model"] == [""]


def test_what_is_written_on_the_page_takes_the_place_of_the_presets_words(ada, demo):
    fields = {"new/name": "Post room", "new/purpose": "Sorts our mail.", "new/model": "sim/any"}
    assert ada.post(f"{PAGE}?preset=router", fields).status_code == 302
    made = draft(demo, "post-room")
    assert (made["name"], made["purpose"]) == ("Post room", "Sorts our mail.")
    assert made["instructions"] == preset("router").fields["instructions"]


def test_a_preset_that_there_is_not_is_a_blank_agent(ada, demo):
    assert ada.post(f"{PAGE}?preset=../x", {"new/name": "Own", "new/model": "a/b"}).status_code == 302
    assert draft(demo, "own") == {"kind": "agent", "slug": "own", "name": "Own", "model": "a/b"}


def test_a_missing_model_is_told_and_the_preset_stays_chosen(ada):
    answer = ada.post(f"{PAGE}?preset=router", {"new/name": "Router"})
    assert answer.status_code == 422
    assert "From the preset Router" in answer.content.decode()
