"""A project's home: what runs, waits and costs, and that it goes on by itself."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.serving import BatonServer

HOME = "/projects/demo/"
REFUND = {
    "message": "I was charged twice for order 1042 (ch_9001 and ch_9002). Please give me one of them back."
}


def figure(page: Page, label: str):
    return page.locator(".kpi", has_text=label).locator(".kpi__value")


def test_an_empty_project_shows_the_first_steps_and_then_its_first_run_by_itself(
    server: BatonServer, ada: Page
):
    ada.goto(HOME)
    expect(ada.get_by_role("heading", name="No runs yet")).to_be_visible()
    audit_page(ada)
    run = server.api("ada").launch("customer-support", input=REFUND)["id"]
    expect(ada.get_by_role("row", name=re.compile("I was charged twice"))).to_be_visible()
    expect(figure(ada, "Runs today")).to_have_text("1")
    item = server.api("ada").waiting(run)["waiting"][0]["id"]
    expect(figure(ada, "Waiting for you")).not_to_have_text("0")
    link = ada.get_by_role("region", name="Waiting for you").get_by_role("list").get_by_role("link").first
    expect(link).to_have_attribute("href", f"/projects/demo/approvals/{item}/")
    expect(ada.get_by_role("img", name=re.compile("Runs per hour today: 1 runs"))).to_be_visible()
    audit_page(ada)


def test_what_waits_is_shown_to_who_can_decide_it(sign_in):
    ben = sign_in("ben")
    ben.goto(HOME)
    expect(ben.get_by_role("region", name="Waiting for you")).to_contain_text("Nothing waits for you")
    expect(ben.get_by_role("link", name="Run a flow")).to_have_count(0)


def test_the_period_stands_in_the_address_and_outlives_a_refresh(ada: Page):
    ada.goto(HOME)
    ada.get_by_role("link", name="7 days").click()
    expect(ada).to_have_url(re.compile(r"\?period=7d$"))
    expect(ada.get_by_role("heading", name="Runs per day")).to_be_visible()
    with ada.expect_response(re.compile(r"/projects/demo/\?period=7d$")) as answer:
        pass
    assert answer.value.request.headers["hx-request"] == "true"
    expect(ada.get_by_role("heading", name="Runs per day")).to_be_visible()


def test_a_refresh_keeps_the_focus_and_the_words_for_times(ada: Page):
    ada.goto(HOME)
    row = ada.get_by_role("row", name=re.compile("I was charged twice"))
    row.get_by_role("link").focus()
    expect(row.locator("time").first).to_contain_text("ago")
    with ada.expect_response(re.compile(r"/projects/demo/\?period=today$")):
        pass
    ada.wait_for_timeout(200)
    expect(row.get_by_role("link")).to_be_focused()
    expect(row.locator("time").first).to_contain_text("ago")


def test_a_hidden_tab_asks_nothing_and_asks_at_once_when_it_is_seen(ada: Page):
    ada.clock.install()
    ada.goto(HOME)
    asked = []
    ada.on("request", lambda request: asked.append(request) if "period=" in request.url else None)
    ada.evaluate("() => Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    ada.clock.run_for(30_000)
    assert asked == []
    with ada.expect_response(re.compile("period=today$")):
        ada.evaluate(
            "() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')) }"
        )
    assert len(asked) == 1


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_runs_as_cards(sign_in, width):
    page = sign_in("ada", viewport={"width": width, "height": 844})
    page.goto(HOME)
    row = page.get_by_role("row", name=re.compile("I was charged twice"))
    assert row.bounding_box()["height"] > 60
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
