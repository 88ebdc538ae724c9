"""A supervisor and a team on the run page, watched while they work, and their members in the builder."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.api import Api
from tests.browser.audit import audit_page
from tests.journeys import stage
from tests.serving import BatonServer

EVIL = "<img src=x onerror=\"document.title='hacked'\">No."


def delegating(agent: str, task: str) -> dict:
    return {"tool": "delegate", "arguments": {"agent": agent, "task": task, "reason": f"{agent} can."}}


SCRIPT = [
    {
        "when": {"agent": "lead", "turn": 1},
        "say": "First the facts.",
        "calls": [delegating("yes", "Find facts")],
    },
    {"when": {"agent": "lead"}, "say": "All is known."},
    {"when": {"agent": "yes", "node": "crew"}, "say": "Facts.", "after_s": 1},
    {"when": {"agent": "yes"}, "json": {"vote": "a", "reason": "Surely."}, "after_s": 1},
    {"when": {"agent": "no"}, "json": {"vote": "b", "reason": EVIL}, "after_s": 2},
]
CREW = {
    "id": "crew",
    "type": "supervisor",
    "config": {"agent": "lead", "workers": ["yes", "no"], "text": "Go"},
}
VOTE = {"participants": ["yes", "no"], "protocol": "vote", "options": ["a", "b"], "text": "Which?"}


@pytest.fixture(scope="module")
def api(server: BatonServer) -> Api:
    found = server.api("ada")
    crewed = stage.chain("crewed", CREW, {"id": "team", "type": "team", "config": VOTE})
    crewed["edges"].append({"from": "team", "port": "no_consensus", "to": "done"})
    agents = [stage.agent(slug, "script/any") for slug in ("lead", "yes", "no")]
    stage.publish(found, stage.scripted(*SCRIPT), *agents, crewed)
    return found


def test_turns_are_seen_as_they_are_taken_and_called_by_who_takes_them(ada: Page, api: Api):
    page, run = ada, api.launch("crewed", input={})["id"]
    page.goto(f"/runs/{run}/")
    page.locator("table[role=treegrid] tr", has_text=re.compile("^crew")).click()
    row = page.locator("table[role=treegrid] tr[aria-level='3'] th b")
    expect(row.first).to_have_text("Yes")
    assignment = page.locator("#run-detail .turn")
    expect(assignment).to_contain_text("Find facts")
    expect(assignment).to_contain_text("Facts.")
    expect(page.locator("#run-detail")).to_contain_text("All is known.")
    page.locator("table[role=treegrid] tr", has_text=re.compile("^team")).click()
    expect(page.locator(".talk > li")).to_have_count(2)
    expect(page.locator("#run-detail")).to_contain_text("A tie: a and b have 1 each.")
    expect(page.locator(".talk")).to_contain_text(EVIL)
    expect(page.locator("[data-log]")).to_contain_text("Lead hands over to Yes")
    assert "hacked" not in page.title()
    audit_page(page)


def test_a_turn_opens_from_its_assignment_and_says_why(ada: Page, api: Api):
    page, run = ada, api.launch("crewed", input={})["id"]
    api.finished(run)
    page.goto(f"/runs/{run}/steps/crew/1/")
    page.locator("#run-detail .turn a", has_text="yes").click()
    expect(page).to_have_url(re.compile(r"/steps/crew/1/0/"))
    expect(page.locator("#run-detail")).to_contain_text("Task in round 1")
    expect(page.locator("#run-detail")).to_contain_text("Which worker gets the task")


def test_the_protocol_of_a_team_changes_its_form(ada: Page, api: Api):
    page = ada
    page.goto("/projects/demo/flows/crewed/?node=team")
    expect(page.locator("[data-node-id=team] .node__members li")).to_have_text(["Yes", "No"])
    expect(page.get_by_label("Quorum")).to_be_visible()
    page.get_by_label("Protocol").select_option("moderated")
    expect(page.locator("#reference-moderator")).to_be_visible()
    expect(page.get_by_label("Max turns")).to_be_visible()
    expect(page.locator("[data-node-id=team] .node__members")).to_contain_text("at most 12 messages")
    audit_page(page)
