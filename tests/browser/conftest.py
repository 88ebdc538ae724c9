"""A real Baton and a real browser. Ada is the admin, Ben reads, Rita reviews, Sam is a stranger to the demo."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.watching import Watch
from tests.journeys import stage
from tests.prepared import Prepared
from tests.serving import BatonServer, manage

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def server(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BatonServer]:
    """`manage.py serve` on an own data folder, with the demo project and the cast; one for a module of tests."""
    running = prepared.serve(tmp_path_factory.mktemp("browser"))
    yield running
    running.sweep()


@pytest.fixture(scope="module")
def peer() -> Iterator[stage.ToolServer]:
    """A service whose tools answer when the test says so."""
    with stage.ToolServer() as serving:
        yield serving


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_context(browser: Browser, server: BatonServer) -> Iterator[Callable[..., BrowserContext]]:
    """`open_context(**options)` is a fresh visitor; `context.watch` collects what goes wrong and fails the test."""
    opened: list[BrowserContext] = []

    def open_one(**options) -> BrowserContext:
        context = browser.new_context(
            base_url=server.url, **{"viewport": {"width": 1440, "height": 900}, **options}
        )
        context.set_default_timeout(PATIENCE_MS)
        context.watch = Watch(context, server.url)
        opened.append(context)
        return context

    yield open_one
    wrong = [line for context in opened for line in context.watch.wrong]
    for context in opened:
        context.close()
    assert wrong == []


@pytest.fixture(scope="module")
def sessions(prepared: Prepared) -> dict[str, dict]:
    """Who is signed in to the module's server, as the browser's cookies."""
    return dict(prepared.cookies)


@pytest.fixture
def sign_in(
    open_context: Callable[..., BrowserContext], server: BatonServer, sessions: dict[str, dict]
) -> Callable[..., Page]:
    """`sign_in("ben")` is a page of that person at the start, signed in; options go to the context."""

    def sign_in_as(username: str, **options) -> Page:
        page = open_context(storage_state=sessions.get(username), **options).new_page()
        page.goto("/")
        if "/sign-in/" not in page.url:
            return page  # a test may have signed out: then once more
        link = manage(server.data, "link", username, env=server.env).stdout.strip().splitlines()[-1]
        page.goto("/sign-in/" + link.rstrip("/").rpartition("/")[2] + "/")
        sessions[username] = page.context.storage_state()
        page.goto("/")  # the first time, the link leads to the first steps
        return page

    return sign_in_as


@pytest.fixture
def ada(sign_in: Callable[..., Page]) -> Page:
    """A page of the project's admin, at the start."""
    return sign_in("ada")


@pytest.fixture
def page(open_context: Callable[..., BrowserContext]) -> Page:
    """A page of somebody who is not signed in."""
    return open_context().new_page()


@pytest.fixture
def publish(server: BatonServer) -> Callable[[dict], str]:
    """`publish(flow)` publishes a flow document under a fresh slug in `demo` and returns the slug."""
    api = server.api("ada")

    def publish_flow(document: dict) -> str:
        slug = f"{document.get('slug', 'flow')}-{uuid.uuid4().hex[:6]}"
        answer = api.post(f"projects/demo/flows/{slug}/versions/", json={**document, "slug": slug})
        assert answer.status_code == 201, answer.text
        return slug

    return publish_flow
