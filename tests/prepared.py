"""A first start that is made once: the demo, the cast and their tokens. A server on a copy of it is there at once."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.serving import BatonServer, manage

CAST = {
    "ada": ("demo", "admin"),
    "ben": ("demo", "viewer"),
    "rita": ("demo", "reviewer"),
    "sam": ("elsewhere", "admin"),
}


@dataclass(frozen=True)
class Prepared:
    """A data folder that no server runs on, its people's API tokens, and the cookies of their signed-in browsers."""

    data: Path
    tokens: dict[tuple[str, str], tuple[tuple[str, ...], str]]
    cookies: dict[str, dict]
    first_link: str

    def serve(self, folder: Path, env: dict[str, str] | None = None) -> BatonServer:
        """A server on a copy in `folder`, which is ready; its log stands beside the copy. Who asks ends it."""
        shutil.copytree(self.data, folder / "data")
        running = BatonServer(folder / "data", folder / "serve.log", env=env)
        running.tokens.update(self.tokens)
        running.first_link = self.first_link
        try:
            return running.wait_until_ready()
        except BaseException:
            running.sweep()
            raise


def prepare(folder: Path) -> Prepared:
    """The demo after its first start in `folder`, with the cast."""
    data = folder / "data"
    data.mkdir()
    running = BatonServer(data, folder / "serve.log").wait_until_ready()
    for name, (project, role) in CAST.items():
        running.token(name, project, role)
    cookies = {name: cookies_of(running, name) for name in CAST}
    first_link = running.sign_in_link.removeprefix(running.url)
    running.stop()
    return Prepared(data, running.tokens, cookies, first_link)


def cookies_of(server: BatonServer, username: str) -> dict:
    """What a browser keeps of a person who signed in by a link, as Playwright takes it."""
    link = manage(server.data, "link", username, env=server.env).stdout.strip().splitlines()[-1]
    path = "/sign-in/" + link.rstrip("/").rpartition("/")[2] + "/"
    with httpx.Client(base_url=server.url, trust_env=False) as visitor:
        assert visitor.get(path).status_code == 302
        session = visitor.cookies["sessionid"]
    where = {"domain": "127.0.0.1", "path": "/", "expires": -1}
    flags = {"httpOnly": True, "secure": False, "sameSite": "Lax"}
    return {"cookies": [{"name": "sessionid", "value": session, **where, **flags}], "origins": []}
