"""The plain pages: the start, the API's page, and what is answered where nothing is."""

import re

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test import Client


@pytest.fixture
def visitor(db) -> Client:
    return Client(raise_request_exception=False)


def test_the_start_asks_to_sign_in(visitor):
    answer = visitor.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=%2F")
    assert "<h1>Sign in</h1>" in visitor.get(answer["Location"]).content.decode()


def test_the_api_page_needs_nothing_from_outside_and_nothing_inline(visitor):
    answer = visitor.get("/api/docs/")
    page = answer.content.decode()
    assert answer.status_code == 200
    links = re.findall(r'(?:src|href|data-url)="([^"]+)"', page)
    assert len(links) >= 5
    assert all(link.startswith("/") for link in links)
    released = static("icons.svg").removesuffix("icons.svg")
    named = [link.removeprefix(released).removeprefix(settings.STATIC_URL) for link in links]
    assert all(finders.find(name) for name in named if not name.startswith("/"))
    assert not re.search(r"<style|style=|<script(?![^>]* src=)|\son\w+=", page)
    policy = answer["Content-Security-Policy"]
    assert "img-src 'self' data:" in policy
    assert "unsafe" not in policy


def test_other_pages_take_no_data_images(visitor):
    policy = visitor.get("/sign-in/")["Content-Security-Policy"]
    assert "data:" not in policy
    assert "unsafe" not in policy


def test_the_openapi_document_is_open_to_everybody(visitor):
    document = visitor.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] == "Baton"
    for path, methods in document["paths"].items():
        for method, shown in methods.items():
            assert shown["summary"], (method, path)
            assert shown["responses"].keys() & {"200", "201", "202", "204"}
            assert shown["responses"].keys() >= {"401", "404"}
    references = set(
        re.findall(r'"#/components/schemas/(\w+)"', visitor.get("/api/v1/openapi.json").content.decode())
    )
    assert references <= document["components"]["schemas"].keys()


def test_a_wrong_address_outside_the_api_is_a_page(visitor):
    answer = visitor.get("/nothing/here")
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/html")
    assert "Nothing is here" in answer.content.decode()


def test_a_form_without_its_token_is_refused_with_a_page():
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-out/")
    assert answer.status_code == 403
    assert "load it again" in answer.content.decode()


def test_a_strange_host_is_refused_with_a_page(visitor):
    assert "cannot be read" in visitor.get("/sign-in/", headers={"host": "evil.example"}).content.decode()
