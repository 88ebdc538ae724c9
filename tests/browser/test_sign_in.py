"""Signing in, the first steps, and one's own account, in a real browser."""

import re

from playwright.sync_api import expect

from tests.browser.audit import audit_page
from tests.serving import manage

GOOD = "correct horse battery"


def link_for(server, username: str) -> str:
    printed = manage(server.data, "link", username, env=server.env).stdout.strip().splitlines()[-1]
    return "/sign-in/" + printed.rstrip("/").rpartition("/")[2] + "/"


def test_a_stranger_is_asked_to_sign_in(page):
    page.goto("/projects/demo/")
    expect(page).to_have_url(re.compile(r"/sign-in/\?next=%2Fprojects%2Fdemo%2F$"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_label("Username")).to_be_focused()
    audit_page(page)


def test_a_first_link_leads_to_the_first_steps_and_then_to_a_password(server, page):
    server.token("nina", "demo", "author")
    link = link_for(server, "nina")
    page.goto(link)
    expect(page).to_have_url(re.compile("/projects/demo/welcome/$"))
    expect(page.get_by_role("list", name="First steps").get_by_role("heading")).to_have_text(
        ["Run the customer support flow", "Decide the refund", "See why, and what it cost"]
    )
    audit_page(page)
    page.get_by_role("link", name="Open the launch form").click()
    expect(page).to_have_url(re.compile("/flows/customer-support/launch/"))
    page.goto("/account/")
    page.get_by_label("New password", exact=True).fill(GOOD)
    page.get_by_label("New password confirmation").fill("another")
    page.context.watch.expect("status of 422", "status of 404")
    page.get_by_role("button", name="Save password").click()
    expect(page.get_by_text("The two password fields didn’t match.")).to_be_visible()
    audit_page(page)
    page.get_by_label("New password", exact=True).fill(GOOD)
    page.get_by_label("New password confirmation").fill(GOOD)
    page.get_by_role("button", name="Save password").click()
    expect(page.locator(".toast")).to_contain_text("Password saved.")
    page.goto(link)
    expect(page.get_by_role("heading", name="This link is used up or not valid")).to_be_visible()
    audit_page(page)


def test_a_password_signs_in_and_five_wrong_ones_lock(server, page):
    page.context.watch.expect("status of 422", "status of 429")
    page.goto("/sign-in/?next=/account/")
    for _ in range(5):
        page.get_by_label("Username").fill("nobody")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text(
            "This username and this password do not belong together."
        )
    audit_page(page)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("try again in 15 minutes")
    page.get_by_label("Username").fill("nina")
    page.get_by_label("Password").fill(GOOD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/account/$"))
    audit_page(page)


def test_the_first_steps_can_be_put_away_and_found_again(server, sign_in):
    ada = sign_in("ada")
    ada.goto("/projects/demo/welcome/")
    ada.get_by_role("button", name="Don't show this on the home page").click()
    server.api("ada").launch("customer-support", input={"message": "Where is my smart hub?"})
    ada.goto("/projects/demo/")
    expect(ada.get_by_role("heading", name="Recent runs")).to_be_visible()
    expect(ada.get_by_role("heading", name="Getting started")).to_have_count(0)
    ada.get_by_role("button", name="Your menu:").click()
    ada.get_by_role("link", name="Getting started").click()
    expect(ada.get_by_role("heading", name="Welcome to Baton")).to_be_visible()
