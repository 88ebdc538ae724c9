"""Changes that are not saved yet: the browser asks before they are left, and Publish saves them first."""

from playwright.sync_api import Dialog, Page, expect

from tests.browser.audit import audit_page

AGENT = "/projects/demo/agents/technical-specialist/"


def test_publish_saves_what_was_typed_first(ada: Page):
    ada.goto(AGENT)
    ada.get_by_label("System prompt").fill("Typed and not saved.")
    ada.get_by_role("link", name="Publish").click()
    expect(ada.locator("main")).to_contain_text("Typed and not saved.")
    expect(ada.locator("main")).not_to_contain_text("There is no draft.")


def test_leaving_with_changes_asks_and_an_untouched_form_does_not(ada: Page):
    asked: list[str] = []
    name = ada.locator("#document-form").locator('[name="document/name"]')

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    ada.on("dialog", stay)
    for path in (AGENT, "/projects/demo/tools/create-refund/", "/projects/demo/providers/simulated/"):
        asked.clear()
        ada.goto(path)
        name.click()
        ada.get_by_role("link", name="Home", exact=True).click()
        expect(name).to_have_count(0)
        assert asked == [], path
        ada.goto(path)
        name.fill("Changed")
        ada.get_by_role("link", name="Home", exact=True).click()
        expect(name).to_have_value("Changed")
        assert asked == ["beforeunload"], path
        ada.locator("main").get_by_role("button", name="Save draft").click()
        expect(ada.locator("#toasts")).to_contain_text("Draft saved")
        assert asked == ["beforeunload"], path


def test_who_is_told_that_nothing_was_saved_gets_to_the_field_by_keyboard(ada: Page):
    ada.context.watch.expect("status of 422")
    ada.goto("/projects/demo/agents/editor/")
    ada.get_by_role("combobox", name="Model", exact=True).fill("no provider")
    ada.locator("main").get_by_role("button", name="Save draft").click()
    expect(ada.get_by_role("alert").filter(has_text="Not saved.")).to_be_focused()
    audit_page(ada)
    ada.locator("#faults").focus()
    ada.keyboard.press("Tab")
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("combobox", name="Model", exact=True)).to_be_focused()
