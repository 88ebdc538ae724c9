"""One served Baton in which tests publish small flows and play them, and how they look at what happened.

Every run that ends in here is checked against `tests.journeys.soundness`.
"""

import itertools
import re
from datetime import datetime
from typing import Any, Self

from tests.api import Api
from tests.journeys import soundness, stage
from tests.serving import BatonServer

EDGE = re.compile(r"(\w+)(?:\.([\w-]+))? > (\w+)(?: x(\d+))?\Z")
ROLES = {
    "ada": ("admin",),
    "ben": ("viewer",),
    "rita": ("reviewer",),
    "rob": ("reviewer",),
    "olu": ("operator", "reviewer"),
}


def node(id: str, type: str, more: dict | None = None, **config) -> dict:
    """A node; `more` holds what stands beside its config: retry, on_error, …"""
    return {"id": id, "type": type, **({"config": config} if config else {}), **(more or {})}


def agent_node(id: str, agent: str, text: str = "Go.", **more) -> dict:
    return node(id, "agent", more, agent=agent, text=text)


def end(id: str = "done", output: Any = None) -> dict:
    return node(id, "end", **({} if output is None else {"output": output}))


def edges(*drawn: str) -> list[dict]:
    """`a > b`, `a.port > b`, the loop edge `a.port > b x3`; several, with semicolons between."""
    found = []
    for one in "; ".join(drawn).split("; "):
        source, port, target, most = EDGE.match(one).groups()
        edge = {"from": source, **({"port": port} if port else {}), "to": target}
        found.append({**edge, "loop": {"max": int(most)}} if most else edge)
    return found


def seconds_of(run: dict) -> float:
    """How long a run or a step took."""
    began, ended = (datetime.fromisoformat(run[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


class Play:
    """One run."""

    def __init__(self, house: "House", run_id: str):
        self.house, self.id = house, run_id
        self._settled: set[str] = set()

    def ended(self, status: str = "succeeded", within_s: float = 30) -> dict:
        """The finished run, checked; it has to have ended so."""
        run = self.house.ada.finished(self.id, within_s)
        assert run["status"] == status, run
        soundness.assert_sound(self.house.ada, run)
        return run

    def failed(self, code: str, node: str | None = None) -> dict:
        run = self.ended("failed")
        assert (run["error"]["code"], run["error"]["node"]) == (code, node), run["error"]
        return run

    @property
    def output(self) -> Any:
        return self.ended()["output"]

    def waits(self, within_s: float = 30) -> list[dict]:
        """What the run waits for, once it has heard what was decided before."""

        def is_told(run: dict) -> bool:
            return self._settled.isdisjoint(wait["id"] for wait in run["waiting"])

        self.house.ada.run_when(self.id, is_told, within_s)
        return self.house.ada.waiting(self.id)["waiting"]

    def asks(self, kind: str = "approval") -> dict:
        """The one item that the run waits for."""
        (wait,) = self.waits()
        assert wait["kind"] == kind, wait
        return self.house.ada.read(f"approvals/{wait['id']}/")

    def decided(self, decision: str, by: Api | None = None, **body) -> Self:
        (wait,) = self.waits()
        by = by or self.house.rita
        item = stage.decide(by, by.read(f"approvals/{wait['id']}/"), decision, **body)
        if item["status"] != "pending":
            self._settled.add(item["id"])
        return self

    def steps(self, node: str | None = None) -> list[dict]:
        return [step for step in self.house.ada.steps(self.id) if node in (None, step["node"])]

    def step(self, node: str, iteration: int = 1, item: int | None = None) -> dict:
        (found,) = (s for s in self.steps(node) if (s["iteration"], s["item"]) == (iteration, item))
        return found

    def statuses(self) -> dict[str, str]:
        """Of each node in its last iteration, items aside."""
        rows = sorted(self.steps(), key=lambda step: step["iteration"])
        return {step["node"]: step["status"] for step in rows if step["item"] is None}

    def lines(self, type: str, node: str | None = None) -> list[dict]:
        """The data of the events of a type."""
        return [event["data"] for event in self.events(type, node)]

    def events(self, type: str, node: str | None = None) -> list[dict]:
        found = self.house.ada.events(self.id)
        return [event for event in found if event["type"] == type and node in (None, event["node"])]

    def overlap(self, node: str | None = None) -> int:
        """How many calls of models were out at the same time, by the times of their steps."""
        moments = []
        for step in self.steps(node):
            if step["agent"]:
                moments += [(step["started_at"], 1), (step["finished_at"], -1)]
        return max(itertools.accumulate(change for _, change in sorted(moments)), default=0)


class House:
    """A served Baton with its people and the tool server that it may reach."""

    def __init__(self, server: BatonServer, peer: stage.ToolServer):
        self.server, self.peer = server, peer
        self._people: dict[str, Api] = {}
        self._numbers = itertools.count(1)

    def person(self, name: str) -> Api:
        if name not in self._people:
            self._people[name] = self.server.api(name, "demo", *ROLES[name])
        return self._people[name]

    @property
    def ada(self) -> Api:
        return self.person("ada")

    @property
    def rita(self) -> Api:
        return self.person("rita")

    def slug(self, what: str) -> str:
        return f"{what}-{next(self._numbers)}"

    def publish(self, *documents: dict) -> None:
        stage.publish(self.ada, *documents)

    def agent(self, *script: dict, provider: dict | None = None, **more) -> str:
        """A new agent on a provider of its own that plays this script; its slug."""
        slug = self.slug("agent")
        self.publish(
            {**stage.scripted(*script, slug=f"{slug}-model"), **(provider or {})},
            stage.agent(slug, f"{slug}-model/any", **more),
        )
        return slug

    def tool(self, risk: str = "read", **more) -> str:
        """A new tool of the tool server; its slug, which is its path there too."""
        slug = self.slug("tool")
        self.publish(stage.tool(slug, self.peer.url, risk, **more))
        return slug

    def flow(self, nodes: list[dict], *drawn: str, **more) -> str:
        """A new flow with a start of its own; its slug."""
        slug = self.slug("flow")
        self.publish(self.drawn(slug, nodes, *drawn, **more))
        return slug

    @staticmethod
    def drawn(slug: str, nodes: list[dict], *drawn: str, **more) -> dict:
        """Without edges the nodes stand in one line."""
        all_nodes = [{"id": "start", "type": "start"}, *nodes]
        ids = [each["id"] for each in all_nodes]
        lined = [f"{ids[at]} > {ids[at + 1]}" for at in range(len(ids) - 1)]
        return {
            "kind": "flow",
            "slug": slug,
            "name": slug,
            "nodes": all_nodes,
            "edges": edges(*(drawn or lined)),
            **more,
        }

    def launch(self, flow: str, input: Any = None, **more) -> Play:
        run = self.ada.launch(flow, input={} if input is None else input, **more)
        return Play(self, run["id"])

    def play(self, nodes: list[dict], *drawn: str, input: Any = None, **more) -> Play:
        """Publishes and launches in one go."""
        return self.launch(self.flow(nodes, *drawn, **more), input)

    def problems(self, nodes: list[dict], *drawn: str, **more) -> list[tuple[str, list[str]]]:
        """Why such a flow is not published: (code, nodes) of each."""
        slug = self.slug("flow")
        document = self.drawn(slug, nodes, *drawn, **more)
        answer = self.ada.post(f"projects/demo/flows/{slug}/versions/", json=document)
        assert answer.status_code == 422, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        found = self.ada.post(f"projects/demo/flows/{slug}/check/", json=document).json()["problems"]
        return [(each["code"], each["nodes"]) for each in found if each["severity"] == "error"]
