"""The adviser and the presets in a real browser: questions to a pattern, a preset to a draft, in all looks."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.browser.watching import ready

ANSWERED = "adviser/?work=kinds&order=known&depend=apart&agree=person&pace=instant"
ANSWERS = {
    "How different": "All alike",
    "known beforehand": "Yes",
    "build on each other": "Yes",
    "Who must agree": "Nobody",
    "How many cases": "Many",
}


@pytest.mark.parametrize("path", [ANSWERED, "agents/new/?preset=planner"])
def test_a_page_is_accessible_in_both_themes_and_widths(ada: Page, path: str):
    ada.goto(f"/projects/demo/{path}")
    audit_page(ada)


def test_five_answers_lead_to_a_pattern_and_to_a_starter_that_shows_it(ada: Page):
    ada.goto("/projects/demo/flows/")
    ada.get_by_role("link", name="Which pattern fits?").click()
    ready(ada)
    for question, answer in ANSWERS.items():
        ada.get_by_role("group", name=question).get_by_label(answer).check()
    ada.get_by_role("button", name="Give advice").click()
    expect(ada.locator("#advice-title")).to_have_text("One agent is enough")
    ada.get_by_role("link", name="Worker and controller").first.click()
    expect(ada.locator("#advice-title")).to_have_text("Worker and controller")
    ada.get_by_role("link", name="Look at Content pipeline").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Content pipeline")


def test_a_preset_becomes_a_draft_with_its_instructions(ada: Page):
    ada.goto("/projects/demo/agents/new/")
    ada.get_by_role("link", name="Fact checker").click()
    ready(ada)
    ada.get_by_label("Model").fill("simulated/small")
    ada.get_by_role("button", name="Create draft").click()
    ada.wait_for_url("**/agents/fact-checker-2/")  # the demo has a fact checker already
    expect(ada.get_by_role("heading", level=1)).to_contain_text("Fact checker")
    expect(ada.get_by_label("System prompt")).to_contain_text("You check a text against sources.")


def test_the_builder_says_what_one_agent_alone_would_lose(ada: Page):
    ada.goto("/projects/demo/flows/content-pipeline/")
    ready(ada)
    ada.locator("#alone summary").click()
    expect(ada.locator("#alone li").first).to_be_visible()
    expect(ada.locator("#alone")).to_contain_text("Alone it would judge itself.")
