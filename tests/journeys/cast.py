"""Who plays in the demo's journeys: Ada launches, Rita reviews, and models answer by the demo's script over HTTP."""

from collections.abc import Callable, Iterable
from typing import Any

from flows import gallery
from governance.documents import yaml_text
from tests.api import Api
from tests.serving import BatonServer

Effect = dict
Fault = Callable[[str, int, dict], Effect | None]
PRICES = {
    "small": {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6},
    "large": {"input_usd_per_mtok": 2.5, "output_usd_per_mtok": 10},
}


class Demo:
    """A served demo. Ada is an admin of it, Rita reviews."""

    def __init__(self, server: BatonServer):
        self.server = server
        self.ada: Api = server.api("ada", "demo")
        self.rita: Api = server.api("rita", "demo", "reviewer")

    def put_on(self, url: str, provider: str = "simulated") -> None:
        """Publishes a hosted provider: in the place of the simulated one, or beside it with all agents moved to it."""
        body = {"kind": "provider", "slug": provider, "type": "openai", "api_base": url, "prices": PRICES}
        self.publish("providers", {**body, "api_key": "sk-test"})
        if provider != "simulated":
            for agent in Models().agents.values():
                self.publish("agents", moved(agent, provider))

    def publish(self, kind: str, body: dict) -> None:
        answer = self.ada.post(f"projects/demo/{kind}/{body['slug']}/versions/", json=body)
        assert answer.status_code in (200, 201), answer.text

    def launch(self, flow: str, input: Any) -> str:
        return self.ada.launch(flow, input=input)["id"]

    def settled(self, run: str, within_s: float = 60) -> dict:
        """The run once it has finished or waits for a person."""
        ends = {"succeeded", "failed", "cancelled", "waiting"}
        return self.ada.run_when(run, lambda found: found["status"] in ends, within_s)

    def decide(self, run: dict, decision: dict) -> dict:
        """Rita decides the one thing that the run waits for; the item before the decision."""
        (wait,) = run["waiting"]
        item = self.rita.read(f"approvals/{wait['id']}/")
        body = {"fingerprint": item["fingerprint"], **decision}
        answer = self.rita.post(f"approvals/{wait['id']}/decision/", json=body)
        assert answer.status_code == 201, answer.text
        return item

    def played(self, flow: str, input: Any, decision: dict | None = None) -> dict:
        """The finished run, with Rita's decision where the run has to wait for one."""
        run = self.settled(self.launch(flow, input))
        if decision is not None:
            assert run["status"] == "waiting", run
            self.decide(run, decision)
            run = self.ada.finished(run["id"])
        assert_sound(run, self.ada.events(run["id"]))
        return run


class Models:
    """Plays starters' scripts to OpenAI's API: the agent is told by its instructions, the rest by the conversation.

    `fault(agent, number, asked)` may give another effect for the agent's call `number` (from 1) of the test.
    """

    def __init__(self, starters: Iterable[str] = gallery.AT_FIRST) -> None:
        bodies = [body for text in gallery.texts(starters).values() for body in yaml_text.load_all(text)]
        self.agents = {body["slug"]: body for body in bodies if body["kind"] == "agent"}
        self.script = next(body["script"] for body in bodies if body["kind"] == "provider")
        self.calls: dict[str, list[dict]] = {slug: [] for slug in self.agents}
        self.fault: Fault = lambda agent, number, asked: None

    def __call__(self, asked: dict) -> Effect | None:
        agent = self.agent_of(asked)
        self.calls[agent].append(asked)
        return self.fault(agent, len(self.calls[agent]), asked) or self.scripted(agent, asked)

    def agent_of(self, asked: dict) -> str:
        system = asked["messages"][0]["content"].strip()
        return next(slug for slug, body in self.agents.items() if body["instructions"].strip() == system)

    def scripted(self, agent: str, asked: dict) -> Effect | None:
        roles = [message["role"] for message in asked["messages"]]
        heard = [said["content"] for said in asked["messages"] if said["role"] in ("user", "tool")]
        where = {
            "agent": agent,
            "turn": roles.count("assistant") + 1,
            "iteration": 2
            if "Your last draft:" in heard[0] or "1966" in heard[0].partition("Draft:")[2]
            else 1,
        }
        for entry in self.script:
            wanted = dict(entry.get("when", {}))
            part = wanted.pop("contains", "")
            if any(part in text for text in heard) and all(where[name] == wanted[name] for name in wanted):
                return {name: entry[name] for name in ("say", "json", "calls") if name in entry}
        return None


def moved(agent: dict, provider: str) -> dict:
    """The agent with its models at another provider, and nothing else changed."""
    models = {"model": agent["model"].replace("simulated/", f"{provider}/")}
    if "fallback_models" in agent:
        models["fallback_models"] = [
            ref.replace("simulated/", f"{provider}/") for ref in agent["fallback_models"]
        ]
    return {**agent, **models}


def fails_first(agent: str, *effects: Effect) -> Fault:
    """The agent's first calls play these effects, the later ones the script."""

    def fault(caller: str, number: int, asked: dict) -> Effect | None:
        return effects[number - 1] if caller == agent and number <= len(effects) else None

    return fault


def assert_sound(run: dict, events: list[dict]) -> None:
    """What holds for every run: no gap, one decision before each call, and the cost is what the calls cost."""
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    decided: list[str] = []
    cost = 0
    for event in events:
        step = (event["node"], event["iteration"], event["item"])
        if event["type"] == "policy.decided":
            decided.append((*step, event["data"]["call"]))
        elif event["type"] in ("model.called", "tool.called"):
            assert decided.count((*step, event["data"]["call"])) == 1, event
            cost += event["data"]["cost_usd"]
    assert abs(run["cost_usd"] - cost) < 1e-9
