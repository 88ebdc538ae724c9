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
from tests.prepared import Prepared


@pytest.fixture(scope="module")
def demo(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo on its simulated model, as the first start leaves it."""
    yield from served(prepared, tmp_path_factory.mktemp("demo"), {})


@pytest.fixture(scope="module")
def model_server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        yield server


@pytest.fixture(scope="module")
def hosted_demo(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory, model_server: OpenAIServer
) -> Iterator[Demo]:
    """The same demo, with nothing changed but its provider: LiteLLM calls the model server."""
    folder, env = tmp_path_factory.mktemp("hosted"), {"BATON_HTTP_ALLOW": model_server.endpoint}
    for demo in served(prepared, folder, env):
        demo.put_on(model_server.url)
        yield demo


@pytest.fixture
def models(model_server: OpenAIServer) -> Models:
    """What the model server plays for one test: the demo's script, and what the test puts before it."""
    played = Models()
    model_server.reset(play=played)
    return played


@pytest.fixture(scope="session")
def house(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A served Baton for small flows of the tests' own, and a tool server that it may reach.

    One for the session: its flows, agents and providers have names of their own in every test.
    """
    with stage.ToolServer() as peer:
        server = prepared.serve(tmp_path_factory.mktemp("house"), {"BATON_HTTP_ALLOW": peer.endpoint})
        try:
            yield House(server, peer)
        finally:
            server.sweep()


def served(prepared: Prepared, folder: Path, env: dict[str, str]) -> Iterator[Demo]:
    server = prepared.serve(folder, env)
    try:
        yield Demo(server)
    finally:
        server.sweep()
