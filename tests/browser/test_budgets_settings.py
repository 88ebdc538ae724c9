"""Budgets and the settings of a project in a real browser: by hand, without script, on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.browser.watching import ready
from tests.environment import scaled
from tests.journeys import stage

DEMO = "/projects/demo"
BUDGETS, SETTINGS = f"{DEMO}/budgets/", f"{DEMO}/settings/"
PAGES = [
    "budgets/",
    "budgets/agents-day/",
    "settings/members/",
    "settings/secrets/",
    "settings/groups/leads/",
    "settings/groups/",
    "settings/",
    "settings/tokens/",
    "budgets/new/",
]
READ = ["settings/members/", "budgets/agents-day/", "settings/", "settings/secrets/"]
MESSAGE = {"message": "The app crashes when I print."}


@pytest.fixture(scope="module")
def budgets(server) -> None:
    """A day of the project that is used up, one an agent that has room, and a draft."""
    api = server.api("ada")
    for slug, said in {
        "agents-day": {"subject": "agent", "limit_usd": 4, "on_exceed": "degrade", "warn_at": 0.8},
        "people-day": {"subject": "user", "limit_usd": 30},
    }.items():
        body = {"kind": "budget", "slug": slug, "period": "day", **said}
        assert api.post(f"projects/demo/budgets/{slug}/versions/", json=body).status_code == 201
    draft = {"kind": "budget", "slug": "idea", "subject": "project", "limit_usd": 1, "period": "month"}
    assert api.put("projects/demo/budgets/idea/", json=draft).status_code == 201
    assert api.put("projects/demo/groups/leads/", json={"members": ["rita"]}).status_code == 201
    assert api.put("projects/demo/secrets/crm-key/", json={"value": "v"}).status_code == 201


@pytest.mark.usefixtures("budgets")
@pytest.mark.parametrize("path", PAGES[: scaled(5, len(PAGES))])
def test_a_page_is_accessible_in_both_themes_and_widths(ada: Page, path: str):
    ada.goto(f"{DEMO}/{path}")
    audit_page(ada)


@pytest.mark.usefixtures("budgets")
@pytest.mark.parametrize("path", READ[: scaled(1, len(READ))])
def test_what_a_reader_sees_is_accessible_and_offers_no_change(sign_in, path: str):
    page = sign_in("ben")
    page.goto(f"{DEMO}/{path}")
    expect(page.locator("main form[method=post]")).to_have_count(0)
    audit_page(page)


def test_a_run_that_waits_for_a_budget_goes_on_when_the_limit_is_raised(ada: Page, server):
    ada.goto(f"{BUDGETS}new/")
    ada.get_by_label("Name", exact=True).fill("Whole project")
    ada.get_by_label("On", exact=True).select_option(label="Project")
    ada.get_by_label("Limit").fill("0.0000001")
    ada.get_by_label("For", exact=True).select_option(label="A day")
    ada.get_by_text("The run waits").click()
    ada.get_by_role("button", name="Create draft").click()
    expect(ada.locator("#standing")).to_contain_text("It limits nothing yet")
    ada.goto(f"{BUDGETS}whole-project/publication/")
    ready(ada)
    ada.locator("main").get_by_role("button", name=re.compile("Publish")).click()
    expect(ada.locator("#toasts")).to_contain_text("Version 1 is live.")
    body = {"flow": "customer-support", "input": MESSAGE}
    run = server.api("ada").post("projects/demo/runs/", json=body).json()["id"]
    waiting = ada.locator("#standing").get_by_role("link", name=run)
    until_there(ada, f"{BUDGETS}whole-project/", waiting)
    audit_page(ada)
    ada.goto(BUDGETS)
    expect(ada.locator(".note").filter(has_text="Whole project")).to_contain_text("1 run waits:")
    ada.locator(".note").filter(has_text="Whole project").get_by_role("link", name="Raise limit").click()
    ready(ada)
    ada.get_by_label("Limit in US dollars").fill("50")
    ada.get_by_role("button", name="Set limit").click()
    expect(ada.locator("#toasts")).to_contain_text("1 run that waited for it goes on within 5 seconds")
    expect(ada.get_by_role("spinbutton", name="Limit", exact=True)).to_have_value("50")
    until_gone(ada, f"{BUDGETS}whole-project/", waiting)
    ada.goto(f"/runs/{run}/")
    expect(ada.locator("main")).to_contain_text("Which specialist?")


def test_a_dead_model_is_shown_at_home_and_called_again_by_a_click(ada: Page, server):
    api = server.api("ada")
    dead, node = "dead-model", {"id": "write", "type": "agent", "config": {"agent": "stuck", "text": "Go."}}
    stage.publish(
        api, stage.scripted({"fail": {"status": 503}}, slug=dead), stage.agent("stuck", f"{dead}/any")
    )
    stage.publish(api, stage.chain("sticks", node))
    for _ in range(6):
        run = api.finished(api.launch("sticks", input={})["id"])
    assert run["error"]["code"] == "breaker_open"
    ada.goto(f"{DEMO}/")
    expect(ada.locator("main")).to_contain_text("2 kept failing and are left alone:")
    ada.get_by_role("link", name="Open breakers").click()
    row = ada.get_by_role("row").filter(has=ada.get_by_role("link", name=dead, exact=True))
    expect(row).to_contain_text("It answered 503.")
    expect(row.get_by_role("link", name=run["id"])).to_have_count(1)
    audit_page(ada)
    ready(ada)
    row.get_by_role("button", name="Close now").click()
    expect(ada.locator("#toasts")).to_contain_text(
        f"Calls to the provider {dead} go out again within a second."
    )
    expect(ada.get_by_role("region", name="Lately closed")).to_contain_text("by ada")
    ada.get_by_role("button", name="Close now agent stuck").click()
    expect(ada.locator("main")).to_contain_text("Nothing is left alone")
    ada.wait_for_timeout(1_000)
    assert api.finished(api.launch("sticks", input={})["id"])["error"]["code"] == "provider_error"


def until_there(page: Page, address: str, what) -> None:
    for _ in range(60):
        page.goto(address)
        if what.count():
            return
        page.wait_for_timeout(250)
    expect(what).to_have_count(1)


def until_gone(page: Page, address: str, what) -> None:
    for _ in range(60):
        page.goto(address)
        if not what.count():
            return
        page.wait_for_timeout(250)
    expect(what).to_have_count(0)


def test_a_member_is_added_changed_and_removed_on_a_phone_without_script(sign_in, open_context):
    state = sign_in("ada").context.storage_state()
    small = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}
    page = open_context(storage_state=state, **small).new_page()
    page.goto(f"{SETTINGS}members/")
    page.get_by_label("Username").fill("sam")
    page.get_by_role("group", name="Roles").get_by_label("operator").check()
    page.locator("main").get_by_role("button", name="Add member").click()
    row = page.get_by_role("row").filter(has_text="sam")
    expect(page.locator("table").first).to_contain_text("sam")
    page.get_by_role("link", name="Change sam").click()
    page.get_by_label("operator").uncheck()
    page.get_by_role("button", name="Save roles").click()
    expect(row).not_to_contain_text("operator")
    page.get_by_role("link", name="Change sam").click()
    page.get_by_text("Remove from the project").click()
    page.get_by_role("button", name="Remove sam").click()
    expect(page.get_by_role("link", name="Change sam")).to_have_count(0)


def test_the_last_admin_who_steps_down_is_told_why_not(sign_in):
    page = sign_in("ada")
    page.context.watch.expect("status of 409")
    page.goto(f"{SETTINGS}members/")
    page.get_by_role("link", name="Change admin").click()
    page.get_by_text("Remove from the project").click()
    page.get_by_role("button", name="Remove admin").click()
    expect(page.locator("#toasts")).to_contain_text("admin is no member any more.")
    page.get_by_role("link", name="Change ada").click()
    page.get_by_text("Remove from the project").click()
    page.get_by_role("button", name="Remove ada").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "is the last admin of this project: make another one first."
    )


def test_a_token_is_shown_once_copied_and_revoked_after_a_question(ada: Page):
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ada.goto(f"{SETTINGS}tokens/")
    ready(ada)
    ada.get_by_label("Name").fill("zendesk")
    ada.get_by_role("button", name="Create token").click()
    shown = ada.get_by_role("textbox", name="New token").input_value()
    assert len(shown) > 40
    ready(ada)
    ada.get_by_role("button", name="Copy", exact=True).click()
    until_copied(ada, shown)
    audit_page(ada)
    ada.goto(f"{SETTINGS}tokens/")
    assert shown not in ada.content()
    ready(ada)
    ada.get_by_role("button", name="Revoke zendesk").click()
    expect(ada.get_by_role("dialog")).to_contain_text("Whatever uses this token is refused from now on.")
    ada.get_by_role("button", name="Revoke token").click()
    expect(ada.locator("#toasts")).to_contain_text("Token zendesk revoked.")


def until_copied(page: Page, text: str) -> None:
    """The browser writes to the clipboard in its own time."""
    for _ in range(100):
        if page.evaluate("navigator.clipboard.readText()") == text:
            return
        page.wait_for_timeout(50)
    assert page.evaluate("navigator.clipboard.readText()") == text


def test_a_secret_is_stored_without_being_shown_and_deleted_after_a_question(ada: Page):
    ada.goto(f"{SETTINGS}secrets/")
    ready(ada)
    ada.get_by_label("Name").fill("browser-key")
    ada.get_by_label("Value").fill("planted-in-the-browser")
    ada.get_by_role("button", name="Store secret").click()
    expect(ada.locator("main")).to_contain_text("browser-key")
    assert "planted-in-the-browser" not in ada.content()
    ready(ada)
    ada.get_by_role("button", name="Delete browser-key").click()
    expect(ada.get_by_role("dialog")).to_contain_text("Nothing that is live uses it.")
    ada.get_by_role("button", name="Delete secret").click()
    expect(ada.locator("#toasts")).to_contain_text("The secret “browser-key” is deleted.")
