"""The shell: signing in, the frame around every page."""

from tests.browser.audit import audit_page


def test_a_one_time_link_signs_in_and_shows_the_project(ada):
    assert ada.url.endswith("/projects/demo/")
    assert ada.get_by_role("navigation", name="Main", exact=True).is_visible()
    audit_page(ada)


def test_a_stranger_is_asked_to_sign_in_and_comes_back(page):
    page.goto("/projects/demo/")
    assert "/sign-in/?next=%2Fprojects%2Fdemo%2F" in page.url
    assert page.get_by_role("heading", name="Sign in").is_visible()
