"""Policies and privacy rules in a real browser: draft, simulate, publish, try a text; without script, in all looks."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.browser.watching import ready

RULES = [
    {
        "entities": ["EMAIL_ADDRESS", "CREDIT_CARD"],
        "where": ["run_input", "model_input"],
        "action": "tokenize",
    },
    {"entities": ["API_KEY"], "where": ["run_input"], "action": "block"},
]
CLOSED = {"kind": "policy", "slug": "closed", "effect": "deny", "actions": ["flow.launch"], "name": "Closed"}
TEXT = "Write to lena@example.com <b>now</b>, card 4111 1111 1111 1111."


@pytest.fixture(scope="module", autouse=True)
def stored(server) -> None:
    """A draft that denies launches, live privacy rules, and a run that was launched."""
    api = server.api("ada")
    privacy = {"kind": "privacy", "slug": "default", "name": "House rules", "rules": RULES}
    assert api.post("projects/demo/privacy/default/versions/", json=privacy).status_code == 201
    assert api.put("projects/demo/policies/closed/", json=CLOSED).status_code == 201
    given = {"flow": "customer-support", "input": {"message": "Where is my parcel?"}}
    assert api.post("projects/demo/runs/", json=given).status_code == 201


@pytest.mark.parametrize("path", ["policies/", "policies/new/", "policies/closed/", "privacy/default/"])
def test_a_page_is_accessible_in_both_themes_and_widths(ada: Page, path: str):
    ada.goto(f"/projects/demo/{path}")
    audit_page(ada)


@pytest.mark.parametrize("path", ["policies/closed/", "privacy/default/"])
def test_what_a_reader_sees_is_accessible_too(sign_in, path: str):
    page = sign_in("ben")
    page.goto(f"/projects/demo/{path}")
    expect(page.locator("#document-form")).to_have_count(0)
    audit_page(page)


def test_a_ready_policy_is_drafted_changed_and_published(ada: Page):
    ada.goto("/projects/demo/policies/")
    ada.get_by_role("link", name="New policy").click()
    ada.get_by_role("button", name="Draft it Payments over $100").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Payments over $100")
    ready(ada)
    condition = ada.get_by_label("Condition")
    condition.fill("tool.ri")
    ada.get_by_role("option", name="risk").click()
    expect(condition).to_have_value("tool.risk")
    condition.press_sequentially(' != "read" && tol.x')
    expect(ada.locator(".expression__note")).to_have_text(
        "Character 24: There is no fact tol: did you mean tool?"
    )
    condition.fill('tool.risk == "irreversible"')
    asked = ada.get_by_role("region", name="Who is asked")
    expect(asked).to_be_visible()
    ada.locator("label", has_text="Deny").click()
    expect(asked).to_be_hidden()
    ada.locator("main").get_by_role("button", name="Save draft").click()
    expect(ada.locator("#toasts")).to_contain_text("Draft saved")
    ada.get_by_role("banner").get_by_role("link", name="Publish").click()
    ada.get_by_role("main").get_by_role("button", name="Publish").click()
    expect(ada.locator("main")).to_contain_text("v1 live")


def test_a_draft_is_replayed_over_past_decisions(ada: Page):
    ada.goto("/projects/demo/policies/closed/")
    ada.get_by_role("link", name="Simulation").click()
    ready(ada)
    ada.get_by_role("button", name="Replay").click()
    flips = ada.get_by_role("region", name="Decided differently")
    expect(flips).to_contain_text("A flow is launched")
    expect(flips.get_by_role("row").nth(1)).to_contain_text("Deny")
    audit_page(ada)
    flips.get_by_role("link").first.click()
    expect(ada.locator("h1")).to_contain_text("parcel")


def test_a_text_is_tried_while_one_types(ada: Page):
    ada.goto("/projects/demo/privacy/")
    ready(ada)
    posted: list[str] = []
    ada.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    ada.get_by_label("Text").fill(TEXT)
    tried = ada.locator("#tried")
    expect(tried.locator("mark")).to_have_text(
        ["lena@example.comEMAIL_ADDRESS", "4111 1111 1111 1111CREDIT_CARD"]
    )
    expect(tried.locator("pre").first).to_have_text(
        "Write to <EMAIL_ADDRESS_1> <b>now</b>, card <CREDIT_CARD_1>."
    )
    ada.get_by_label("Where").select_option("run_output")
    expect(tried.locator("pre").first).to_have_text(TEXT)
    assert ada.url.endswith("/privacy/")
    ada.get_by_label("Text").fill("Nobody")
    ada.get_by_role("button", name="Try", exact=True).click()
    expect(tried.locator("pre").first).to_have_text("Nobody")
    ada.wait_for_timeout(500)
    assert len(posted) == 3
    audit_page(ada)


def test_everything_works_without_script(sign_in, open_context):
    state = sign_in("ada").context.storage_state()
    page = open_context(java_script_enabled=False, storage_state=state).new_page()
    page.goto("/projects/demo/policies/new/")
    page.get_by_role("button", name="Draft it Downstream actions").click()
    page.locator("label", has_text="Deny").click()
    expect(page.locator("section#asked")).to_be_hidden()
    page.locator("main").get_by_role("button", name="Save draft").click()
    expect(page.locator(".page-head")).to_contain_text("Deny")
    page.goto("/projects/demo/policies/simulation/?policy=closed")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("region", name="Decided differently")).to_contain_text("Deny")
    page.goto("/projects/demo/privacy/")
    page.get_by_label("Text").fill(TEXT)
    page.get_by_role("button", name="Try").click()
    expect(page.locator("#tried mark")).to_have_count(2)
    page.goto("/projects/demo/privacy/default/")
    blank = page.locator('fieldset[data-pointer="/rules"] .rows__row').last
    blank.get_by_label("IBAN").check()
    blank.get_by_label("Logs").check()
    blank.get_by_label("What happens").select_option("mask")
    page.locator("main").get_by_role("button", name="Save draft").click()
    expect(page.locator(".matrix")).to_contain_text("IBAN")
