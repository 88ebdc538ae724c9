"""Agents, tools and providers in a real browser: edit, try out, test, publish; by hand, by keyboard, on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.browser.watching import ready

PAGES = [
    "agents/",
    "agents/?q=nothing-like-this",
    "agents/new/",
    "agents/billing-specialist/",
    "agents/billing-specialist/trial/",
    "tools/",
    "tools/create-refund/",
    "tools/create-refund/test/",
    "providers/",
    "providers/simulated/",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_in_both_themes_and_widths(ada: Page, path: str):
    ada.goto(f"/projects/demo/{path}")
    audit_page(ada)


@pytest.mark.parametrize(
    "path", ["agents/billing-specialist/", "tools/create-refund/", "providers/simulated/"]
)
def test_what_a_reader_sees_is_accessible_too(sign_in, path: str):
    page = sign_in("ben")
    page.goto(f"/projects/demo/{path}")
    expect(page.locator("main form")).to_have_count(0)
    audit_page(page)


def test_the_list_is_filtered_while_one_types_and_the_address_says_so(ada: Page):
    ada.goto("/projects/demo/agents/")
    ada.get_by_role("searchbox", name="Search agents").fill("refund")
    rows = ada.locator("#agents tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Billing specialist")
    expect(ada).to_have_url(re.compile(r"/projects/demo/agents/\?q=refund$"))
    ada.get_by_role("link", name="Billing specialist").click()
    ada.go_back()
    expect(ada.get_by_role("searchbox", name="Search agents")).to_have_value("refund")
    expect(ada.locator("#agents tbody tr")).to_have_count(1)


def test_a_new_agent_is_made_edited_and_its_draft_tried(ada: Page):
    ada.goto("/projects/demo/agents/")
    ada.get_by_role("link", name="New agent").click()
    expect(ada.get_by_label("Model")).to_have_value(re.compile(r"^simulated/"))
    name, slug = ada.get_by_label("Name", exact=True), ada.get_by_label("Slug")
    name.fill("Héllo you")
    expect(slug).to_have_value("hello-you")
    slug.fill("own")
    name.fill("Greeter")
    expect(slug).to_have_value("own")
    slug.fill("")
    name.fill("Greeter")
    expect(slug).to_have_value("greeter")
    ada.get_by_label("Model").fill("simulated/small")
    ada.get_by_role("button", name="Create draft").click()
    expect(ada.get_by_role("heading", level=1)).to_have_text("Greeter")
    ada.get_by_label("System prompt").fill("You greet {{ run.user }}.")
    ada.get_by_label("Work out a total").check()
    handles = ada.locator('fieldset[data-pointer="/handles"]')
    handles.get_by_role("button", name="Add").click()
    handles.get_by_role("textbox").fill("greetings")
    ada.get_by_label("Tool calls per step").fill("0")
    ada.locator("main").get_by_role("button", name="Save draft").click()
    expect(ada.locator("#toasts")).to_contain_text("Draft saved")
    expect(ada.get_by_label("Work out a total")).to_be_checked()
    expect(handles.get_by_role("textbox")).to_have_value("greetings")
    ada.get_by_role("link", name="Playground").click()
    ada.get_by_label("Message").fill("Hello there")
    ada.get_by_role("button", name="Run", exact=True).click()
    trial = ada.locator("#trial")
    expect(trial.get_by_text("Succeeded")).to_be_visible()
    expect(trial).to_contain_text("You greet ada.")
    expect(trial).to_contain_text("Greeter draft")
    expect(trial.locator(".msg--out").first).to_contain_text("Hello there")
    expect(trial).to_contain_text("model.call")


def test_the_names_of_a_run_are_completed_in_the_instructions(ada: Page):
    ada.goto("/projects/demo/agents/editor/")
    prompt = ada.get_by_label("System prompt")
    prompt.fill("For {{ run.us")
    expect(ada.get_by_role("option", name="user")).to_be_visible()
    prompt.press("ArrowDown")
    prompt.press("Enter")
    expect(prompt).to_have_value("For {{ run.user")
    prompt.press_sequentially(" }")
    expect(ada.locator("expression-field [role=status]")).not_to_be_empty()


def test_what_was_typed_stays_where_a_field_is_wrong(ada: Page):
    ada.context.watch.expect("status of 422")
    ada.goto("/projects/demo/agents/editor/")
    ada.get_by_role("combobox", name="Model", exact=True).fill("no provider")
    ada.get_by_role("textbox", name="Purpose").fill("Typed before the mistake")
    ada.locator("main").get_by_role("button", name="Save draft").click()
    expect(ada.get_by_role("alert").filter(has_text="Not saved.")).to_be_visible()
    expect(ada.get_by_role("textbox", name="Purpose")).to_have_value("Typed before the mistake")
    model = ada.get_by_role("combobox", name="Model", exact=True)
    expect(model).to_have_value("no provider")
    expect(model).to_have_attribute("aria-invalid", "true")
    expect(ada.locator(".field", has=model)).to_contain_text("such as openai/gpt-5-mini")


def test_a_live_agent_is_tried_and_waits_where_a_person_is_asked(ada: Page):
    ada.goto("/projects/demo/agents/billing-specialist/trial/")
    ada.get_by_label("Message").fill("I was charged twice: ch_9001 and ch_9002, order 1042")
    ada.get_by_role("button", name="Run", exact=True).click()
    trial = ada.locator("#trial")
    expect(trial).to_contain_text("It waits for a person.")
    second = trial.locator("details").filter(has_text="Call 1").first
    second.locator("summary").click()
    expect(second).to_have_attribute("open", "")
    ada.wait_for_timeout(3_000)  # it is asked again meanwhile, and nothing is new
    expect(second).to_have_attribute("open", "")
    audit_page(ada)


def test_a_tool_is_called_from_its_console(ada: Page):
    ada.goto("/projects/demo/tools/quote-total/test/")
    ada.get_by_label("Expression").fill("3 * 49")
    ada.get_by_role("button", name="Call Work out a total").click()
    console = ada.locator("#tool-console")
    expect(console).to_contain_text("Answered in")
    expect(console.locator("pre")).to_contain_text('"result": 147')
    assert ada.url.endswith("/test/")


def test_a_field_that_was_pulled_larger_stays_so_and_breaks_no_policy(ada: Page):
    ada.context.watch.expect("status of 422")
    ada.goto("/projects/demo/tools/create-refund/test/")
    ready(ada)
    field = ada.locator("#tool-console textarea[id]").first
    field.evaluate("element => { element.style.height = '200px'; element.dataset.old = ''; }")
    ada.get_by_role("button", name="Call Refund a charge").click()
    expect(ada.locator("#tool-console")).to_contain_text("Not called")
    expect(field).not_to_have_attribute("data-old", "")
    expect(field).to_have_css("height", "200px")
    ada.wait_for_timeout(300)  # what a swap leaves to do later is done: the console stays empty of errors


def test_an_irreversible_tool_is_not_called_by_accident(ada: Page):
    ada.context.watch.expect("status of 422")
    ada.goto("/projects/demo/tools/create-refund/test/")
    ada.get_by_label("Charge").fill("ch_9001")
    ada.get_by_label("Amount").fill("5")
    ada.get_by_label("Reason").fill("twice")
    ada.get_by_role("button", name="Call Refund a charge").click()
    console = ada.locator("#tool-console")
    expect(console).to_contain_text("Not called: confirm first that it may take effect.")
    console.get_by_label("Call it anyway, with these arguments").check()
    ada.get_by_role("button", name="Call Refund a charge").click()
    expect(console).to_contain_text("a test cannot wait for one")


def test_a_provider_is_added_published_and_tested(ada: Page):
    ada.goto("/projects/demo/providers/new/")
    ada.get_by_label("Name", exact=True).fill("Away")
    ada.get_by_label("Type").fill("openai")
    ada.get_by_role("button", name="Create draft").click()
    ada.get_by_label("Address").fill("http://127.0.0.1:9/v1")
    ada.get_by_label("API key").fill("sk-browser-secret")
    prices = ada.locator('fieldset[data-pointer="/prices"]')
    prices.get_by_role("button", name="Add").click()
    prices.get_by_role("textbox", name="Model").fill("gpt-x")
    prices.get_by_role("spinbutton", name="Input").fill("1.5")
    prices.get_by_role("spinbutton", name="Output").fill("6")
    ada.locator("main").get_by_role("button", name="Save draft").click()
    expect(ada.locator("main")).to_contain_text("Stored, never shown")
    expect(prices.get_by_role("textbox", name="Model")).to_have_value("gpt-x")
    assert "sk-browser-secret" not in ada.content()
    expect(ada.locator("#provider-test")).to_contain_text("Publish the provider first.")


def test_a_simulated_provider_answers_a_test(ada: Page):
    ada.goto("/projects/demo/providers/simulated/")
    test = ada.locator("#provider-test")
    expect(test.get_by_label("Model")).to_have_value("small")
    test.get_by_role("button", name="Test").click()
    expect(test).to_contain_text("Answered in")


def test_everything_works_without_script(sign_in, open_context, server):
    state = sign_in("ada").context.storage_state()
    page = open_context(java_script_enabled=False, storage_state=state).new_page()
    page.goto("/projects/demo/agents/?q=")
    page.get_by_role("searchbox", name="Search agents").fill("writer")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Writer", exact=True).click()
    handles = page.locator('fieldset[data-pointer="/handles"] .rows__row').last
    handles.get_by_role("textbox").fill("essays")
    page.get_by_role("textbox", name="Purpose").fill("Writes without script.")
    page.locator("main").get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("textbox", name="Purpose")).to_have_value("Writes without script.")
    expect(page.locator('input[value="essays"]')).to_have_count(1)
    page.goto("/projects/demo/tools/quote-total/test/")
    page.get_by_label("Expression").fill("1 + 1")
    page.get_by_role("button", name="Call Work out a total").click()
    expect(page.locator("#tool-console pre")).to_contain_text('"result": 2')
    page.goto("/projects/demo/agents/editor/trial/")
    page.get_by_label("Message").fill("Hello")
    page.get_by_role("button", name="Run", exact=True).click()
    for _ in range(50):
        if page.locator("#trial", has_text="What the model saw").count():
            break
        page.wait_for_timeout(100)
        page.reload()
    expect(page.locator("#trial")).to_contain_text("What the model saw")
