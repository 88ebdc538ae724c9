"""The shell: the frame around every page, the palette, shortcuts, dialogs, toasts, and what it says when it fails."""

import re

from playwright.sync_api import Page, expect

from tests.browser.audit import audit_page
from tests.browser.watching import ready

HOME, RUNS, ACCOUNT = "/projects/demo/", "/projects/demo/runs/", "/account/"


def option(page: Page, name: str):
    return page.locator("#palette").get_by_role("option", name=name)


def chosen(page: Page) -> str:
    """What the combobox says is active."""
    active = page.locator("#palette input").get_attribute("aria-activedescendant")
    return page.locator(f"#{active}").inner_text()


def test_the_frame_names_the_project_and_where_one_is(ada):
    ada.goto(RUNS)
    expect(ada).to_have_title("Runs · Baton")
    crumbs = ada.get_by_role("navigation", name="Breadcrumb")
    expect(crumbs.get_by_role("link", name="Demo")).to_have_attribute("href", HOME)
    expect(crumbs.locator("[aria-current=page]")).to_have_text("Runs")
    main = ada.get_by_role("navigation", name="Main", exact=True)
    expect(main.get_by_role("link", name="Runs")).to_have_attribute("aria-current", "page")


def test_a_keyboard_reaches_the_content_first(ada):
    ada.keyboard.press("Tab")
    skip = ada.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    ada.keyboard.press("Enter")
    expect(ada.locator("#main")).to_be_focused()


def test_the_project_switcher_lists_ones_own_projects_alone(server, sign_in):
    server.token("mona", "annex", "admin")
    server.token("mona", "demo", "viewer")
    mona = sign_in("mona")
    mona.goto(HOME)
    mona.get_by_role("button", name="Switch project").click()
    menu = mona.locator("#projects")
    expect(menu.get_by_role("link")).to_have_text(["annex", "Demo"])
    menu.get_by_role("link", name="annex").click()
    expect(mona).to_have_url(re.compile("/projects/annex/$"))
    mona.goto(HOME)
    mona.goto("/")
    expect(mona).to_have_url(re.compile("/projects/demo/$"))


def test_the_palette_finds_moves_and_opens_by_keyboard(ada):
    ada.keyboard.press("Control+k")
    field = ada.get_by_role("combobox", name="Search or run a command")
    expect(field).to_be_focused()
    expect(option(ada, "Home")).to_be_visible()
    audit_page(ada)
    field.fill("specialist")
    expect(option(ada, "Billing specialist")).to_be_visible()
    expect(ada.locator("#palette [role=status]")).to_have_text("4 results")
    first = chosen(ada)
    ada.keyboard.press("ArrowDown")
    assert chosen(ada) != first
    ada.keyboard.press("ArrowUp")
    assert chosen(ada) == first
    ada.keyboard.press("ArrowUp")
    assert chosen(ada) != first
    field.fill("billing spec")
    expect(option(ada, "Billing specialist")).to_have_attribute("aria-selected", "true")
    ada.keyboard.press("Enter")
    expect(ada).to_have_url(re.compile("/agents/billing-specialist/$"))


def test_the_palette_opens_the_launch_form(ada):
    ada.get_by_role("link", name="Run a flow").click()
    expect(ada.get_by_role("combobox", name="Search or run a command")).to_have_value("> run")
    ada.keyboard.type(" support")
    expect(option(ada, "Run Customer support…")).to_have_attribute("aria-selected", "true")
    expect(ada.locator("#palette [role=group]")).to_have_count(1)
    ada.keyboard.press("Enter")
    expect(ada).to_have_url(re.compile("/flows/customer-support/launch/$"))


def test_the_palette_runs_commands_and_closes(ada):
    ada.keyboard.press("Control+k")
    ada.keyboard.type("switch theme")
    expect(option(ada, "Switch theme")).to_have_attribute("aria-selected", "true")
    ada.keyboard.press("Enter")
    expect(ada.locator("html")).to_have_attribute("data-theme", "light")
    expect(ada.locator("#palette")).to_be_hidden()
    ada.keyboard.press("Control+k")
    ada.keyboard.type("nothing is called so")
    expect(ada.locator("#palette")).to_contain_text("Nothing is called “nothing is called so” here.")
    ada.keyboard.press("Escape")
    expect(ada.locator("#palette")).to_be_hidden()


def test_the_theme_is_kept_and_drawn_by_the_server(ada):
    toggle = ada.get_by_role("button", name=re.compile("^Theme: "))
    for theme in ("light", "dark"):
        toggle.first.click()
        expect(ada.locator("html")).to_have_attribute("data-theme", theme)
    assert 'data-theme="dark"' in ada.request.get(RUNS).text()
    ada.reload()
    expect(ada.get_by_role("button", name="Theme: dark").first).to_be_visible()


def test_letters_lead_to_pages_and_show_their_help(ada):
    ada.keyboard.press("?")
    help_ = ada.get_by_role("dialog", name="Keyboard shortcuts")
    expect(help_).to_be_visible()
    audit_page(ada)
    ada.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    for key, address in (("r", "runs"), ("f", "flows"), ("a", "agents"), ("t", "tools"), ("p", "providers")):
        ada.keyboard.press("g")
        ada.keyboard.press(key)
        expect(ada).to_have_url(re.compile(f"/projects/demo/{address}/$"))
        ready(ada)
    ada.keyboard.press("g")
    ada.keyboard.press("h")
    expect(ada).to_have_url(re.compile("/projects/demo/$"))
    ready(ada)
    ada.keyboard.press("Shift+T")
    expect(ada.locator("html")).to_have_attribute("data-theme", "light")


def test_letters_do_nothing_while_one_types_and_where_they_are_switched_off(ada):
    ada.goto(RUNS)
    ada.keyboard.press("/")
    field = ada.get_by_role("searchbox", name="Search runs")
    expect(field).to_be_focused()
    ada.keyboard.type("g h?")
    expect(field).to_have_value("g h?")
    expect(ada).to_have_url(re.compile("/runs/$"))
    ada.goto(ACCOUNT)
    ada.get_by_label("Single letters are shortcuts").uncheck()
    ada.get_by_role("button", name="Save appearance").click()
    expect(ada.locator(".toast")).to_contain_text("Appearance saved.")
    ada.locator("h1").click()
    ada.keyboard.press("?")
    ada.keyboard.press("g")
    ada.keyboard.press("r")
    expect(ada).to_have_url(re.compile("/account/$"))
    expect(ada.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    ada.keyboard.press("Control+k")
    expect(ada.locator("#palette")).to_be_visible()


def test_the_menu_of_the_person_leads_to_the_account_and_out(sign_in, sessions):
    rita = sign_in("rita")
    rita.get_by_role("button", name="Your menu:").click()
    menu = rita.locator("#me-menu")
    expect(menu.get_by_role("link", name="Account")).to_be_visible()
    audit_page(rita)
    menu.get_by_role("button", name="Sign out").click()
    expect(rita.get_by_role("heading", name="Sign in")).to_be_visible()
    rita.goto(HOME)
    expect(rita).to_have_url(re.compile("/sign-in/"))
    del sessions["rita"]


def test_a_phone_has_a_bottom_bar_and_a_drawer(sign_in):
    ada = sign_in("ada", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    expect(ada.locator(".side")).to_be_hidden()
    bar = ada.get_by_role("navigation", name="Main, mobile")
    bar.get_by_role("link", name="Runs").click()
    expect(ada).to_have_url(re.compile("/runs/$"))
    for opener in (bar.get_by_role("link", name="More"), ada.get_by_role("button", name="Open navigation")):
        opener.click()
        drawer = ada.get_by_role("dialog", name="Navigation")
        expect(drawer).to_be_visible()
        ada.keyboard.press("Escape")
        expect(drawer).to_be_hidden()
        expect(opener).to_be_focused()
    ada.get_by_role("button", name="Open navigation").click()
    audit_page(ada)
    drawer.get_by_role("link", name="Agents").click()
    expect(ada).to_have_url(re.compile("/agents/$"))


def test_toasts_leave_but_stay_while_one_points_at_them(ada):
    ada.clock.install()
    ada.goto(ACCOUNT)
    ada.get_by_label("Name optional", exact=True).fill("Ada")
    ada.get_by_role("button", name="Save profile").click()
    note = ada.locator(".toast", has_text="Name and e-mail saved.")
    expect(note).to_be_visible()
    note.hover()
    ada.clock.fast_forward(8_000)
    expect(note).to_be_visible()
    ada.mouse.move(0, 0)
    ada.clock.fast_forward(2_000)
    expect(note).to_have_count(0)


def test_what_cannot_be_undone_is_asked_first(ada):
    ada.goto(ACCOUNT)
    ada.get_by_label("Name", exact=True).fill("ci-tests")
    ada.get_by_role("button", name="Create token").click()
    token = ada.get_by_role("textbox", name="New token").input_value()
    assert len(token) > 40
    audit_page(ada)
    ada.goto(ACCOUNT)
    expect(ada.get_by_role("textbox", name="New token")).to_have_count(0)
    ada.get_by_role("button", name="Revoke ci-tests").click()
    asked = ada.get_by_role("dialog", name="Revoke ci-tests?")
    expect(asked).to_contain_text("Whatever uses this token is refused from now on.")
    audit_page(ada)
    asked.get_by_role("button", name="Cancel").click()
    expect(ada.get_by_role("row", name=re.compile("ci-tests"))).to_be_visible()
    ada.get_by_role("button", name="Revoke ci-tests").click()
    asked.get_by_role("button", name="Revoke token").click()
    expect(ada.locator(".toast")).to_contain_text("Token ci-tests revoked.")
    expect(ada.get_by_role("row", name=re.compile("ci-tests"))).to_have_count(0)


def test_a_lost_connection_is_told_and_the_note_leaves_when_it_is_back(ada):
    ada.context.watch.expect("ERR_INTERNET_DISCONNECTED", "Failed to fetch")
    ada.context.set_offline(True)
    ada.keyboard.press("Control+k")
    note = ada.locator(".toast", has_text="No connection to the server")
    expect(note).to_have_count(1)
    audit_page(ada)
    ada.context.set_offline(False)
    ada.keyboard.type("runs")
    expect(note).to_have_count(0)
    expect(option(ada, "Runs")).to_be_visible()


def test_a_fault_of_the_server_is_told_and_takes_no_ones_place(ada):
    ada.context.watch.expect("status of 500")
    ada.keyboard.press("Control+k")
    expect(option(ada, "Home")).to_be_visible()
    ada.route("**/palette/*", lambda route: route.fulfill(status=500, body="<h1>broken</h1>"))
    ada.keyboard.type("x")
    expect(ada.locator(".toast")).to_contain_text("The server could not do this")
    expect(option(ada, "Home")).to_be_visible()
    expect(ada.get_by_text("broken", exact=True)).to_have_count(0)


def test_what_takes_long_shows_that_it_is_under_way(ada):
    held = []
    ada.route("**/palette/*", lambda route: held.append(route))
    ada.keyboard.press("Control+k")
    expect(ada.locator("#loading")).to_be_visible()
    expect(ada.locator("#palette-list")).to_have_attribute("aria-busy", "true")
    expect(ada.locator("#palette-list .skel").first).to_be_visible()
    held[0].continue_()
    expect(option(ada, "Home")).to_be_visible()
    expect(ada.locator("#loading")).to_be_hidden()
    expect(ada.locator("#palette-list .skel")).to_have_count(0)


def test_what_is_not_there_or_not_for_these_eyes_is_a_page(sign_in):
    ben = sign_in("ben")
    ben.context.watch.expect("status of 404", "status of 403")
    ben.goto("/projects/elsewhere/")
    expect(ben.get_by_role("heading", name="Nothing is here")).to_be_visible()
    audit_page(ben)
    ben.goto("/projects/demo/flows/new/")
    expect(ben.get_by_role("heading", name="You may not do this")).to_be_visible()
    expect(ben.get_by_role("alert")).to_contain_text("You need the role")
    ben.get_by_role("link", name="To the start").click()
    expect(ben).to_have_url(re.compile("/projects/demo/$"))


def test_a_builder_gives_its_room_to_the_canvas(ada):
    ada.goto("/projects/demo/flows/customer-support/")
    assert ada.locator(".side").bounding_box()["width"] < 60
    expect(
        ada.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Runs")
    ).to_be_visible()
    ada.get_by_role("button", name="Switch project").click()
    expect(ada.locator("#projects").get_by_role("link", name="Demo")).to_be_visible()


def test_everything_works_without_script(open_context, server, sign_in, sessions):
    sign_in("ada")
    plain = open_context(java_script_enabled=False, storage_state=sessions["ada"]).new_page()
    plain.goto(ACCOUNT)
    plain.get_by_label("Name optional", exact=True).fill("Ada Lovelace")
    plain.get_by_role("button", name="Save profile").click()
    expect(plain.get_by_role("status").first).to_contain_text("Name and e-mail saved.")
    plain.get_by_role("link", name="Search or run").click()
    plain.get_by_role("searchbox", name="Search").fill("billing")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_role("link", name="Billing specialist").click()
    expect(plain).to_have_url(re.compile("/agents/billing-specialist/$"))
    plain.goto(RUNS)
    plain.get_by_text("Status", exact=True).first.click()
    plain.get_by_role("link", name="Failed", exact=True).click()
    expect(plain).to_have_url(re.compile(r"\?status=failed$"))
