"""The list of runs: filters in the address, pages, and rows that change while one looks."""

import re

from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.serving import BatonServer

RUNS = "/projects/demo/runs/"
DELIVERY = {"message": "Where is my smart hub? The order number is 1043."}
REFUND = {
    "message": "I was charged twice for order 1042 (ch_9001 and ch_9002). Please give me one of them back."
}


def rows(page: Page):
    return page.locator("#runs tbody tr")


def test_no_runs_and_no_fitting_runs_say_what_to_do(ada: Page):
    ada.goto(RUNS)
    expect(ada.get_by_role("heading", name="No runs yet")).to_be_visible()
    audit_page(ada)
    ada.goto(f"{RUNS}?status=failed")
    expect(ada.get_by_role("heading", name="No run fits these filters")).to_be_visible()
    ada.get_by_role("region", name="Runs").get_by_role("link", name="Clear filters").click()
    expect(ada).to_have_url(re.compile("/runs/$"))


def test_a_new_run_appears_and_its_status_goes_on_by_itself(server: BatonServer, ada: Page):
    ada.goto(RUNS)
    api = server.api("ada")
    run = api.launch("customer-support", input=REFUND)["id"]
    row = ada.locator(f"#run-{run}")
    expect(row).to_contain_text("I was charged twice for order 1042")
    expect(row).to_contain_text("Waiting for a person")
    api.post(f"runs/{run}/cancellation/")
    expect(row).to_contain_text("Cancelled")
    audit_page(ada)


def test_filters_are_chosen_by_mouse_and_kept_in_the_address(server: BatonServer, ada: Page):
    api = server.api("ada")
    done = api.launch(
        "customer-support", input=DELIVERY, environment="production", labels={"ticket": "88214"}
    )
    api.finished(done["id"])
    ada.goto(RUNS)
    filters = ada.get_by_role("search", name="Filters")
    filters.locator("summary", has_text="Status").click()
    filters.get_by_role("link", name="Succeeded").click()
    expect(ada).to_have_url(re.compile(r"\?status=succeeded$"))
    expect(rows(ada)).to_have_count(1)
    filters.locator("summary", has_text="Environment").click()
    audit_page(ada)
    filters.get_by_role("link", name="production").click()
    expect(ada).to_have_url(re.compile(r"status=succeeded&environment=production"))
    ada.get_by_role("searchbox", name="Search runs").fill("88214")
    ada.keyboard.press("Enter")
    expect(ada).to_have_url(re.compile("q=88214"))
    expect(rows(ada)).to_have_count(1)
    ada.go_back()
    expect(ada).not_to_have_url(re.compile("q="))
    filters.get_by_role("link", name="Clear filters").click()
    expect(rows(ada)).to_have_count(2)


def test_rows_are_walked_by_j_and_k_and_opened_by_enter(ada: Page):
    ada.goto(RUNS)
    links = ada.locator("#runs tbody th a")
    for key, place in (("j", 0), ("j", 1), ("k", 0)):
        ada.keyboard.press(key)
        expect(links.nth(place)).to_be_focused()
    wanted = links.nth(0).get_attribute("href")
    ada.keyboard.press("Enter")
    expect(ada).to_have_url(re.compile(wanted))


def test_an_open_menu_stays_open_when_the_rows_are_drawn_anew(server: BatonServer, ada: Page):
    ada.goto(RUNS)
    menu = ada.locator(".chip-menu", has_text="Flow").first
    menu.locator("summary").click()
    with ada.expect_response(re.compile("/projects/demo/runs/$")):
        pass
    expect(menu.get_by_role("link", name="Customer support")).to_be_visible()


def test_pages_of_many_runs_go_back_and_forth(server: BatonServer, ada: Page):
    api = server.api("ada")
    for _ in range(55):
        api.launch("customer-support", input=DELIVERY)
    ada.goto(RUNS)
    expect(rows(ada)).to_have_count(50)
    ada.get_by_role("link", name="Older").click()
    expect(rows(ada)).to_have_count(7)
    ada.get_by_role("link", name="Newer").click()
    expect(rows(ada)).to_have_count(50)
    expect(ada.get_by_role("link", name="Newer")).to_have_count(0)


def test_a_phone_shows_rows_as_cards_and_menus_within_the_screen(sign_in):
    page = sign_in("ada", viewport={"width": 390, "height": 844})
    page.goto(RUNS)
    page.locator(".chip-menu summary", has_text="Started by").click()
    box = page.get_by_role("link", name="ada", exact=True).bounding_box()
    assert 0 <= box["x"] and box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
