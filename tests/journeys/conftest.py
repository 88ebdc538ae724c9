"""The demo as a real process, its cast, and its flows' models behind a real HTTP server.

A server lasts for a file of tests: it takes seconds to start, and the sample service's data tell a story there.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import stage
from tests.journeys.cast import Demo, Models
from tests.journeys.playhouse import House
from tests.openai_server import OpenAIServer
from tests.serving import BatonServer


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo on its simulated model, as the first start leaves it."""
    yield from served(tmp_path_factory.mktemp("demo"), {})


@pytest.fixture(scope="module")
def model_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def hosted_demo(tmp_path_factory: pytest.TempPathFactory, model_server: OpenAIServer) -> Iterator[Demo]:
    """The same demo, with nothing changed but its provider: LiteLLM calls the model server."""
    for demo in served(tmp_path_factory.mktemp("hosted"), {"BATON_HTTP_ALLOW": model_server.endpoint}):
        demo.put_on(model_server.url)
        yield demo


@pytest.fixture
def models(model_server: OpenAIServer) -> Models:
    """What the model server plays for one test: the demo's script, and what the test puts before it."""
    played = Models()
    model_server.reset(play=played)
    return played


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A served Baton for small flows of the tests' own, and a tool server that it may reach.

    One for the session: its flows, agents and providers have names of their own in every test.
    """
    folder = tmp_path_factory.mktemp("house")
    (folder / "data").mkdir()
    with stage.ToolServer() as peer:
        env = {"BATON_HTTP_ALLOW": peer.endpoint}
        server = BatonServer(folder / "data", folder / "serve.log", env=env)
        try:
            yield House(server.wait_until_ready(), peer)
        finally:
            server.sweep()


def served(folder: Path, env: dict[str, str]) -> Iterator[Demo]:
    data = folder / "data"
    data.mkdir()
    server = BatonServer(data, folder / "serve.log", env=env)
    try:
        yield Demo(server.wait_until_ready())
    finally:
        server.sweep()
