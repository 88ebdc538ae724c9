"""Versions in a browser: compare, publish, roll back, look back; from the keyboard, in both themes, on a phone."""

import re
from copy import deepcopy

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.audit import audit_page

AGENT = "/projects/demo/agents/billing-specialist/"


@pytest.fixture(scope="module")
def history(server):
    """The billing specialist with three versions, the second live, and a draft."""
    api = server.api("ada")
    first = api.get("projects/demo/agents/billing-specialist/").json()["document"]
    second = deepcopy(first) | {
        "instructions": first["instructions"].replace("friendly", "plain and friendly")
    }
    third = deepcopy(second) | {"handles": [*second["handles"], "chargebacks"]}
    for body in (second, third):
        assert api.post("projects/demo/agents/billing-specialist/versions/", json=body).status_code == 201
    api.post("projects/demo/agents/billing-specialist/activations/", json={"version": 2})
    draft = deepcopy(third) | {"params": {**third.get("params", {}), "temperature": 0.9}}
    api.put("projects/demo/agents/billing-specialist/", json=draft)
    return api


def test_two_versions_are_chosen_and_compared(history, ada):
    ada.goto(f"{AGENT}versions/")
    audit_page(ada)
    for box in ada.get_by_role("checkbox").all():
        box.uncheck()
    ada.get_by_role("checkbox", name="Compare v1").check()
    ada.get_by_role("checkbox", name="Compare v3").check()
    ada.get_by_role("button", name="Compare two").click()
    comparison = ada.get_by_role("region", name="v1 to v3")
    expect(comparison.locator("ins", has_text="plain and")).to_be_visible()
    expect(comparison.get_by_role("row", name="Handles not there chargebacks")).to_be_visible()
    audit_page(ada)


def test_what_was_live_is_asked_by_the_form(history, ada):
    ada.goto(f"{AGENT}versions/")
    ada.get_by_role("textbox", name="Moment").fill("2020-01-01T12:00:00")
    ada.get_by_role("button", name="Look").click()
    expect(ada.get_by_role("status").filter(has_text="nothing was live")).to_be_visible()
    audit_page(ada)


def test_a_rollback_shows_what_it_changes_before_the_button(history, ada):
    ada.goto(f"{AGENT}versions/")
    ada.get_by_role("link", name="Roll back to v1").click()
    expect(ada.get_by_role("heading", name="Roll back to version 1")).to_be_visible()
    audit_page(ada)
    ada.get_by_role("button", name="Roll back to version 1").click()
    ada.wait_for_url(f"**{AGENT}versions/")
    expect(ada.get_by_text("Version 1 is live.")).to_be_visible()
    assert history.get("projects/demo/agents/billing-specialist/").json()["active"] == 1


def test_a_draft_is_published_after_a_look_and_not_when_it_moved_on(history, ada):
    ada.goto(f"{AGENT}publication/")
    expect(ada.get_by_role("row", name=re.compile("Temperature .*0.9"))).to_be_visible()
    audit_page(ada)
    document = history.get("projects/demo/agents/billing-specialist/").json()["draft"]
    document["params"]["temperature"] = 1.1
    history.put("projects/demo/agents/billing-specialist/", json=document)
    ada.context.watch.expect("status of 409")
    ada.get_by_role("button", name="Publish v4").click()
    expect(ada.get_by_role("alert").filter(has_text="This changed while you looked.")).to_be_visible()
    expect(ada.get_by_role("row", name=re.compile("Temperature .*1.1"))).to_be_visible()
    ada.get_by_role("button", name="Publish v4").click()
    ada.wait_for_url(f"**{AGENT}versions/")
    shown = history.get("projects/demo/agents/billing-specialist/").json()
    assert (shown["active"], shown["document"]["params"]["temperature"]) == (4, 1.1)


def test_the_dialog_opens_over_the_page_that_asks_for_it_and_publishes(history, ada):
    tool = history.get("projects/demo/tools/create-refund/").json()["document"]
    history.put("projects/demo/tools/create-refund/", json=tool | {"description": "Gives money back."})
    ada.goto("/projects/demo/tools/create-refund/versions/")
    dialog = open_dialog(ada)
    expect(dialog).to_be_visible()
    audit_page(ada)
    ada.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    open_dialog(ada).get_by_role("button", name="Publish v2").click()
    ada.wait_for_url("**/projects/demo/tools/create-refund/versions/")
    assert history.get("projects/demo/tools/create-refund/").json()["active"] == 2


def open_dialog(page: Page) -> Locator:
    """As any page does: htmx puts the answer where it is told, and the dialog opens by itself."""
    page.evaluate(
        """address => {
             const place = document.createElement("div");
             document.body.append(place);
             return htmx.ajax("GET", address, {target: place, swap: "innerHTML"});
           }""",
        "/projects/demo/tools/create-refund/publication/",
    )
    return page.get_by_role("dialog", name="Publish Refund a charge v2")


def test_the_builder_publishes_by_the_same_dialog(history, ada):
    flow = history.get("projects/demo/flows/content-pipeline/").json()["document"]
    history.put("projects/demo/flows/content-pipeline/", json=flow | {"description": "Another one."})
    ada.goto("/projects/demo/flows/content-pipeline/")
    ada.locator("#publish").click()
    dialog = ada.get_by_role("dialog", name="Publish Content pipeline v2")
    expect(dialog.get_by_role("row", name=re.compile("Description"))).to_be_visible()
    dialog.get_by_role("button", name="Publish v2").click()
    ada.wait_for_url("**/projects/demo/flows/content-pipeline/versions/")
    assert history.get("projects/demo/flows/content-pipeline/").json()["active"] == 2
