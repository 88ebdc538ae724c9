"""The newcomer's path: from an empty data folder to a prompt changed, published and rolled back, with other hosts shut.

Counted as a person would count: each click, each filled field and each key is an action; looking is none.
"""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.watching import Watch, ready
from tests.serving import BatonServer

MOST_ACTIONS = 25
MOST_S = 300
PROMPT = "You answer billing questions for a shop. Thank the customer first, then answer in two sentences."


class Newcomer:
    """A person at a browser, who counts."""

    def __init__(self, page: Page):
        self.page = page
        self.actions = 0

    def open(self, address: str) -> None:
        self.actions += 1
        self.page.goto(address)

    def click(self, what: Locator) -> None:
        self.actions += 1
        what.click()

    def fill(self, what: Locator, text: str) -> None:
        self.actions += 1
        what.fill(text)

    def press(self, keys: str) -> None:
        self.actions += 1
        ready(self.page)
        self.page.keyboard.press(keys)

    def link(self, name: str | re.Pattern, within: str = "body") -> Locator:
        return self.page.locator(within).get_by_role("link", name=name, exact=isinstance(name, str))

    def button(self, name: str | re.Pattern, within: str = "body") -> Locator:
        return self.page.locator(within).get_by_role("button", name=name, exact=isinstance(name, str))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BatonServer]:
    """The first start on an empty folder; nothing is prepared."""
    data = tmp_path / "data"
    data.mkdir()
    running = BatonServer(data, tmp_path / "server.log").wait_until_ready()
    yield running
    running.sweep()


@pytest.fixture
def newcomer(browser, server: BatonServer) -> Iterator[Newcomer]:
    """A browser that reaches this Baton and nothing else."""
    context: BrowserContext = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(30_000)
    context.route(lambda url: not url.startswith(server.url), lambda route: route.abort())
    watch = Watch(context, server.url)
    yield Newcomer(context.new_page())
    context.close()
    assert watch.wrong == []


def test_a_newcomer_runs_approves_changes_publishes_and_rolls_back(server: BatonServer, newcomer: Newcomer):
    began = time.monotonic()
    look_around(server, newcomer)
    run_and_approve(newcomer)
    change_a_prompt(newcomer)
    run_again(newcomer)
    roll_back(newcomer)
    assert newcomer.actions <= MOST_ACTIONS
    assert time.monotonic() - began < MOST_S


def look_around(server: BatonServer, newcomer: Newcomer) -> None:
    newcomer.open(server.sign_in_link)
    expect(newcomer.page.get_by_role("heading", name="Welcome to Baton")).to_be_visible()
    newcomer.click(newcomer.link("Open the flow"))
    expect(newcomer.page.locator("flow-canvas .node", has_text="Which specialist?")).to_be_visible()


def run_and_approve(newcomer: Newcomer) -> None:
    page = newcomer.page
    newcomer.click(page.locator("summary[aria-label=More]"))
    newcomer.click(newcomer.link("Launch the live version"))
    newcomer.click(newcomer.link("Refund"))
    newcomer.click(newcomer.button("Launch run", "main"))
    expect(page).to_have_url(re.compile("/runs/[0-9a-z]{13}/"))
    expect(page.locator(".run__head")).to_contain_text("Waiting")
    expect(page.locator("#run-detail h2")).to_have_text("Billing specialist")  # what waits comes by itself
    newcomer.click(newcomer.button(re.compile("^Approve"), "#run-detail"))
    expect(page.locator("#confirm")).to_contain_text("create-refund: amount $49.00, charge ch_9002")
    newcomer.click(newcomer.button("Approve", "#confirm"))
    expect(page.locator(".run__head .status").first).to_have_text("Succeeded")


def change_a_prompt(newcomer: Newcomer) -> None:
    page = newcomer.page
    newcomer.click(newcomer.link("Agents", ".side"))
    newcomer.click(newcomer.link("Billing specialist", "main"))
    newcomer.fill(page.get_by_label("System prompt"), PROMPT)
    newcomer.click(newcomer.button("Save draft", "#document-form"))
    newcomer.click(newcomer.link(re.compile("^Publish")))
    added = page.locator(".diff tr.add, .diff ins", has_text="Thank the customer first").first
    expect(added).to_be_visible()
    newcomer.click(newcomer.button("Publish v2"))
    expect(page.get_by_text("v2 live").first).to_be_visible()


def run_again(newcomer: Newcomer) -> None:
    page = newcomer.page
    newcomer.press("Control+k")
    newcomer.fill(page.get_by_role("combobox", name="Search or run a command"), "run customer support")
    expect(page.get_by_role("option", name="Run Customer support…")).to_have_attribute(
        "aria-selected", "true"
    )
    newcomer.press("Enter")
    newcomer.click(newcomer.link("Refund"))
    newcomer.click(newcomer.button("Launch run", "main"))
    # The charge was given back a moment ago: the same request needs no approval and moves no money.
    expect(page.locator(".run__head .status").first).to_have_text("Succeeded")
    newcomer.click(page.locator("flow-canvas[data-ready] .node", has_text="Billing specialist").first)
    expect(page.locator("#run-detail")).to_contain_text("Billing specialist v2")
    expect(page.locator("#run-detail")).to_contain_text(PROMPT)


def roll_back(newcomer: Newcomer) -> None:
    page = newcomer.page
    newcomer.click(newcomer.link("Agents", ".side"))
    newcomer.click(newcomer.link("Billing specialist", "main"))
    newcomer.click(newcomer.link(re.compile("^Versions"), "main"))
    newcomer.click(newcomer.link(re.compile("Roll back to v1")))
    newcomer.click(newcomer.button(re.compile("^Roll back")))
    expect(page.get_by_text("v1 live").first).to_be_visible()
