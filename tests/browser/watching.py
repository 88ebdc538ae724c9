"""What no page may do: write errors to the console, break the CSP, ask another host. Watched in every browser test."""

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

LOCAL = ("data", "blob", "about")
POLICY = "Content Security Policy directive"
# axe-core styles elements to measure them. Its breaches come to the console long after it is done, so the page itself
# tells of its own, which come in order.
LISTENER = """
window.addEventListener("securitypolicyviolation", (event) => {
  if (!window.isAudited)
    console.error(`policy broken: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile} ${event.sample}`);
});
"""


class Watch:
    """Collects what a browser context did wrong. `expect(status)` allows answers that a test provokes."""

    def __init__(self, context: BrowserContext, origin: str):
        self.wrong: list[str] = []
        self._origin = urlsplit(origin).netloc
        self._allowed: set[str] = set()
        context.add_init_script(LISTENER)
        context.on("page", self._follow)
        context.on("request", lambda request: self._check_host(request.url))
        context.on("weberror", lambda error: self.wrong.append(f"uncaught: {error.error}"))

    def expect(self, *words: str) -> None:
        """Console errors that hold one of these words are what the test provokes: `expect("status of 409")`."""
        self._allowed.update(words)

    def audits(self) -> None:
        """From now on what the browser says of the CSP may be axe-core's doing: the page's own words count."""
        self._allowed.add(POLICY)

    def _follow(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("websocket", lambda socket: self._check_host(socket.url))

    def _hear(self, message: ConsoleMessage) -> None:
        text = message.text
        bad = message.type == "error" or POLICY in text
        if bad and not any(word in text for word in self._allowed):
            self.wrong.append(f"console {message.type}: {text} ({message.location.get('url')})")

    def _check_host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in LOCAL and parts.netloc != self._origin:
            self.wrong.append(f"asked another host: {url}")


def ready(page: Page) -> None:
    """Waits until the page's scripts hear keys and clicks: what comes before them is lost, as for any page."""
    expect(page.locator("html[data-scripts=ready]")).to_have_count(1)
