"""The audit log in a browser: entries open, filters live in the address, the chain is verified, files are saved."""

import re

from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.browser.watching import ready
from tests.serving import BatonServer

LOG = "/projects/demo/audit/"


def test_an_admin_reads_filters_verifies_and_exports(server: BatonServer, ada: Page):
    server.api("ada").patch("projects/demo/", json={"name": "<b>Other</b>"})
    ada.goto(LOG)
    row = ada.locator("tr", has_text="Renamed project").first
    row.locator("summary").click()
    expect(row.locator("ins")).to_have_text("<b>Other</b>")
    audit_page(ada)
    ada.get_by_role("search").get_by_text("Action", exact=True).click()
    ada.get_by_role("link", name="Agents", exact=True).nth(1).click()
    expect(ada).to_have_url(re.compile(r"\?action=agent$"))
    expect(ada.locator("#audit-log")).not_to_contain_text("Renamed project")
    with ada.expect_download() as saved:
        ada.get_by_role("link", name="CSV").click()
    assert saved.value.suggested_filename == "audit-demo.csv"
    ada.get_by_role("button", name="Verify now").click()
    ready(ada)
    expect(ada.locator("#chain")).to_contain_text("Chain verified up to #")
