"""The gallery in a browser: three starters are looked at, added, launched and read, from graph to answer."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.watching import ready

GALLERY = "/projects/demo/gallery/"


def test_the_gallery_is_read_level_by_level(ada: Page):
    ada.goto(GALLERY)
    heads = ada.locator("#starters > section > header h2")
    expect(heads).to_have_text(
        [
            "Level 1: One step at a time",
            "Level 2: Rules and people decide",
            "Level 3: Side by side",
            "Level 4: A supervisor leads",
            "Level 5: Equals at a table",
        ]
    )
    ada.get_by_label("Search the gallery").fill("early exit")
    expect(ada.locator("#starters article")).to_have_count(1)
    ada.get_by_role("link", name="Code review", exact=True).click()
    expect(ada.get_by_role("heading", name="What it teaches")).to_be_visible()
    expect(ada.get_by_text("the first look is 0.97 sure that it is trivial")).to_be_visible()
    ada.get_by_text("Risky", exact=True).click()
    expect(ada.get_by_label("Risky: diff")).to_contain_text("+def find(name, seen=[]):")


def test_reviewers_work_side_by_side_and_become_one_comment(ada: Page):
    launched(ada, "code-review", "Risky")
    expect(node(ada, "done")).to_have_attribute("data-status", "succeeded")
    for reviewer in ("static", "security", "logic", "reviews"):
        expect(node(ada, reviewer)).to_have_attribute("data-status", "succeeded")
    expect(node(ada, "waved")).to_have_attribute("data-status", "skipped")
    ada.locator('tr[aria-level="1"]').click()
    answer = ada.locator("#run-detail")
    expect(answer).to_contain_text("request_changes")
    expect(answer).to_contain_text("A name with a quote reads the whole table")
    expect(answer).to_contain_text("The first customer found is left out")


def test_a_month_waits_for_a_person_with_what_does_not_match(ada: Page):
    launched(ada, "monthly-close", "Large difference")
    title = "Close 2026-08 with a difference of 2670 EUR and 3 entries without a partner?"
    expect(ada.get_by_text(title).first).to_be_visible()
    expect(node(ada, "approve")).to_have_attribute("data-status", "waiting")
    ada.get_by_role("link", name="Review it").click()
    expect(ada.locator("#main")).to_contain_text("INV-811")


def test_a_debate_is_read_as_a_transcript(ada: Page):
    launched(ada, "research-debate", "Persuaded")
    expect(node(ada, "agreed")).to_have_attribute("data-status", "succeeded")
    node(ada, "debate").locator(".node__head").click()
    said = ada.locator("#run-detail .talk > li")
    expect(said).to_have_count(6)
    expect(said.nth(0)).to_contain_text("Evidence reviewer")
    expect(said.filter(has_text="Changed")).to_have_count(2)


def node(page: Page, name: str) -> Locator:
    return page.locator(f'.node[data-node-id="{name}"]')


def test_two_agents_are_started_with_and_the_verdict_is_in_the_trace(ada: Page):
    ada.goto("/projects/demo/flows/new/")
    ada.get_by_role("button", name="Create a flow with two agents").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Worker and controller, builder")
    ada.goto("/projects/demo/flows/worker-and-controller/launch/")
    ada.locator("[name='input/text']").fill("Announce the new opening hours.")
    ada.locator("#main").get_by_role("button", name="Launch run").click()
    ada.wait_for_url("**/runs/*/")
    expect(node(ada, "accepted")).to_have_attribute("data-status", "succeeded")
    expect(node(ada, "rejected")).to_have_attribute("data-status", "skipped")
    verdicts = ada.locator("main tr").filter(has_text="The verdict")
    expect(verdicts).to_contain_text(["refine", "accept"])


def launched(page: Page, starter: str, sample: str) -> None:
    """Adds the starter by its page and launches one of its samples; the run's page is open then."""
    page.goto(f"{GALLERY}{starter}/")
    page.get_by_role("button", name="Use this flow").click()
    page.wait_for_url("**/launch/")
    page.get_by_role("link", name=sample, exact=True).click()
    page.wait_for_url("**/launch/?sample=*")
    ready(page)
    page.locator("#main").get_by_role("button", name="Launch run").click()
    page.wait_for_url("**/runs/*/")
