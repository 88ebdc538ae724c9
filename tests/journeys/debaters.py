"""Models that take part in teams: behind real HTTP, they answer by what they read, who they are and what is wanted."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.journeys import stage
from tests.journeys.playhouse import House, Play
from tests.openai_answers import said, wanted_schema
from tests.openai_server import OpenAIServer
from tests.prepared import Prepared

WHO = re.compile(r"You are ([a-z0-9-]+)\.")
SPOKE = re.compile(r"^\[([^\]]+)\] (.*)$", re.MULTILINE)
POSITION = re.compile(r"\(position: ([^)]*)\)$")


class Asked:
    """One call of a model, as a participant reads it."""

    def __init__(self, request: dict):
        self.text = said(request, "user", "tool")
        self.schema = wanted_schema(request)
        self.offered = {tool["function"]["name"] for tool in request.get("tools", ())}
        self.results = said(request, "tool")
        self.told = sum(message["role"] == "tool" for message in request["messages"])
        self.entries = SPOKE.findall(self.text)

    def last_of(self, agent: str) -> str:
        """What this participant said last; "" where it said nothing."""
        return next((text for name, text in reversed(self.entries) if name == agent), "")

    def position_of(self, agent: str) -> str:
        found = POSITION.search(self.last_of(agent))
        return found.group(1) if found else ""


class Troupe:
    """A house whose models play what each test gives them: `cast(plays)` publishes an agent; `plays(asked)` is what it
    answers: words, an object, or a rule's effect of tests.openai_server as `Effect`."""

    def __init__(self, house: House, models: OpenAIServer):
        self.house, self.models = house, models
        self.parts: dict[str, Callable[[Asked], Any]] = {}
        house.publish(stage.hosted(models.url, "troupe"))
        models.play = self.play

    def cast(self, plays: Callable[[Asked], Any] | Any, **more) -> str:
        slug = self.house.slug("actor")
        self.parts[slug] = plays if callable(plays) else lambda asked: plays
        self.house.publish(stage.agent(slug, "troupe/any", **more))
        return slug

    def play(self, request: dict) -> dict:
        who = WHO.search(said(request, "system", "developer")).group(1)
        answer = self.parts[who](Asked(request))
        if isinstance(answer, Effect):
            return answer.rule
        return {"say": answer} if isinstance(answer, str) else {"json": answer}

    def meets(self, nodes: list[dict], *drawn: str, **more) -> Play:
        return self.house.play(nodes, *drawn, **more)


class Effect:
    """An answer that is none: what the server does instead, or calls of functions."""

    def __init__(self, **rule):
        self.rule = rule


def handing(agent: str, message: str) -> Effect:
    return Effect(calls=[{"tool": "handoff", "arguments": {"agent": agent, "message": message}}])


@contextmanager
def troupe(prepared: Prepared, folder: Path) -> Iterator[Troupe]:
    with stage.ToolServer() as peer, OpenAIServer() as models:
        env = {"BATON_HTTP_ALLOW": f"{peer.endpoint},{models.endpoint}"}
        server = prepared.serve(folder, env)
        try:
            yield Troupe(House(server, peer), models)
        finally:
            server.sweep()
