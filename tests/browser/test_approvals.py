"""The inbox in a browser: by keys at a desk, by touch on a phone, changed and approved, and in every look."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.browser.watching import ready
from tests.serving import BatonServer

INBOX = "/projects/demo/approvals/"
SCHEMA = {
    "type": "object",
    "required": ["invoice", "amount"],
    "properties": {
        "invoice": {"type": "string"},
        "amount": {"type": "number", "maximum": 10000},
        "note": {"type": "string"},
    },
}


@pytest.fixture
def ask(server: BatonServer) -> Callable[..., dict]:
    """`ask("Post it?")` launches a run that waits for a reviewer, and returns it."""
    api = server.api("ada")

    def launched(title: str, **config) -> dict:
        slug = f"post-{uuid.uuid4().hex[:6]}"
        payload = {"invoice": "INV-20931", "amount": 7420.0, "note": "<b>one</b> pallet more"}
        asked = {
            "reviewers": ["role:reviewer"],
            "title": title,
            "payload": payload,
            "due_in_s": 3600,
            **config,
        }
        nodes = [
            {"id": "start", "type": "start"},
            {"id": "check", "type": "approval", "config": asked},
            {"id": "paid", "type": "end", "config": {"output": "= steps.check.output.payload.amount"}},
            {"id": "refused", "type": "end", "config": {"output": "refused"}},
        ]
        edges = [
            {"from": "start", "to": "check"},
            {"from": "check", "port": "approved", "to": "paid"},
            {"from": "check", "port": "rejected", "to": "refused"},
        ]
        flow = {"kind": "flow", "slug": slug, "name": "Invoices", "nodes": nodes, "edges": edges}
        answer = api.post(f"projects/demo/flows/{slug}/versions/", json=flow)
        assert answer.status_code == 201, answer.text
        return api.waiting(api.launch(slug, input={})["id"])

    return launched


def row(page: Page, run: dict):
    return page.locator(f"#item-{run['waiting'][0]['id']} a")


def test_the_inbox_is_worked_through_by_keys(server: BatonServer, sign_in, ask):
    first, second = ask("Post the first one", due_in_s=600), ask("Post the second one", due_in_s=700)
    rita = sign_in("rita")
    rita.goto(INBOX)
    ready(rita)
    rita.keyboard.press("j")
    expect(row(rita, first)).to_be_focused()
    rita.keyboard.press("Enter")
    heading = rita.get_by_role("heading", name="Post the first one")
    expect(heading).to_be_focused()
    expect(rita).to_have_url(re.compile(f"{first['waiting'][0]['id']}/$"))
    expect(row(rita, first)).to_have_attribute("aria-current", "true")
    rita.keyboard.press("r")
    reason = rita.get_by_label("Why not")
    expect(reason).to_be_focused()
    rita.keyboard.type("area: not our order")  # letters are letters while one types
    rita.keyboard.press("Tab")
    rita.keyboard.press("Enter")
    expect(rita.locator("[data-announcer]")).to_have_text("Rejected. The run is told.")
    expect(row(rita, first)).to_have_count(0)
    expect(row(rita, second)).to_be_focused()
    rita.keyboard.press("Enter")
    expect(rita.get_by_role("heading", name="Post the second one")).to_be_focused()
    rita.keyboard.press("a")
    expect(rita.get_by_text("Approved. The run goes on.").first).to_be_visible()
    api = server.api("ada")
    assert api.finished(first["id"])["output"] == "refused"
    assert api.finished(second["id"])["output"] == 7420
    rita.keyboard.press("?")
    expect(rita.get_by_role("dialog").get_by_text("Edit and approve, answer")).to_be_visible()


def test_what_is_new_appears_by_itself_and_is_said(sign_in, ask):
    rita = sign_in("rita")
    rita.goto(INBOX)
    ready(rita)
    run = ask("Post what came later")
    expect(row(rita, run)).to_be_visible()
    expect(rita.locator("[data-announcer]")).to_have_text(re.compile("items? in this list"))
    row(rita, run).click()
    rita.get_by_role("button", name="Approve", exact=True).click()
    expect(row(rita, run)).to_have_count(0)


def test_it_is_changed_and_approved_and_the_difference_stays(server: BatonServer, sign_in, ask, long_mode):
    run = ask("Post with a change", editable=True, schema=SCHEMA)
    rita = sign_in("rita")
    rita.goto(f"{INBOX}{run['waiting'][0]['id']}/")
    ready(rita)
    rita.keyboard.press("e")
    expect(rita.get_by_label("Invoice")).to_be_focused()
    rita.get_by_label("Amount").fill("20000")
    rita.context.watch.expect("status of 422")
    rita.get_by_role("button", name="Approve with changes").click()
    amount = rita.get_by_label("Amount")
    expect(amount).to_have_attribute("aria-invalid", "true")
    expect(amount).to_have_value("20000")
    if long_mode:
        audit_page(rita)
    amount.fill("6720.5")
    rita.get_by_role("button", name="Approve with changes").click()
    expect(rita.get_by_role("heading", name="As rita approved it")).to_be_visible()
    changed = rita.get_by_role("row", name=re.compile("^amount"))
    expect(changed.locator("del")).to_have_text("7420.0")
    expect(changed.locator("ins")).to_have_text("6720.5")
    audit_page(rita)
    assert server.api("ada").finished(run["id"])["output"] == 6720.5


def test_somebody_was_quicker_and_nothing_typed_is_lost(server: BatonServer, sign_in, ask):
    run = ask("Post what two look at", editable=True, schema=SCHEMA)
    item = run["waiting"][0]["id"]
    rita = sign_in("rita")
    rita.goto(f"{INBOX}{item}/?do=edit")
    ready(rita)
    rita.get_by_label("Amount").fill("12")
    api = server.api("ada")
    seen = api.read(f"approvals/{item}/")
    body = {"decision": "reject", "reason": "Twice.", "fingerprint": seen["fingerprint"]}
    assert api.post(f"approvals/{item}/decision/", json=body).status_code == 201
    rita.context.watch.expect("status of 409")
    rita.get_by_role("button", name="Approve with changes").click()
    told = rita.get_by_role("alert").filter(has_text="Not decided.")
    expect(told).to_be_focused()
    expect(told).to_contain_text("This approval is rejected already.")
    expect(told).to_contain_text("12")
    expect(rita.get_by_text("Twice.")).to_be_visible()


def test_on_a_phone_it_is_decided_by_touch(server: BatonServer, sign_in, ask):
    run = ask("Post from the train")
    phone = sign_in("rita", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone.goto(INBOX)
    ready(phone)
    audit_page(phone)
    row(phone, run).tap()
    approve = phone.get_by_role("button", name="Approve", exact=True)
    expect(approve).to_be_in_viewport()
    for control in (
        approve,
        phone.get_by_role("link", name="Reject"),
        phone.get_by_role("link", name="All items"),
    ):
        assert control.bounding_box()["height"] >= 44
    approve.tap()
    expect(phone.get_by_text("Approved. The run goes on.").first).to_be_visible()
    phone.get_by_role("link", name="All items").tap()
    expect(row(phone, run)).to_have_count(0)
    assert server.api("ada").finished(run["id"])["output"] == 7420


def test_without_script_the_same_is_done_by_plain_forms(server: BatonServer, sign_in, ask):
    run = ask("Post without script")
    plain = sign_in("rita", java_script_enabled=False)
    plain.goto(INBOX)
    row(plain, run).click()
    plain.get_by_role("link", name="Reject").click()
    plain.get_by_label("Why not").fill("Not ours.")
    plain.get_by_role("button", name="Reject").click()
    expect(plain.get_by_text("Rejected. The run is told.")).to_be_visible()
    assert server.api("ada").finished(run["id"])["output"] == "refused"
