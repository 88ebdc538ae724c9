"""Nothing acts undecided: every type of node, tool and backend is played in a served run and counted at its peers.

A type without a case here fails. So does one that reaches a model or a tool with none or several decisions, one whose
decisions are not the ones that stand here, and one that reaches them although a policy denies it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from flows.nodes import TYPES
from registry.backends import BACKENDS, HOSTED
from registry.tools import TOOLS
from tests.journeys import stage
from tests.journeys.playhouse import House, Play, agent_node, end, node
from tests.openai_server import OpenAIServer
from tests.prepared import Prepared

ASKS_A_MODEL = [("it", "agent.run"), ("it", "model.call")]
CALLS_A_TOOL = [("it", "tool.call")]


@dataclass
class Kit:
    """What the cases are made of. `acts` counts what reached the peers."""

    house: House
    models: OpenAIServer
    agent: str
    tool: str
    below: str

    @property
    def acts(self) -> Counter:
        called = sum(len(done) for done in self.house.peer.done.values())
        return Counter({"model.call": len(self.models.calls), "tool.call": called})

    def agent_on(self, provider: dict) -> str:
        slug = self.house.slug("agent")
        self.house.publish({**provider, "slug": f"{slug}-model"}, stage.agent(slug, f"{slug}-model/any"))
        return slug

    def chief(self) -> str:
        """An agent that delegates once."""
        calls = [{"tool": "delegate", "arguments": {"agent": self.agent, "task": "Help."}}]
        self.models.rules.append({"when": {"contains": "Lead.", "last_role": "user"}, "calls": calls})
        return self.agent_on(stage.hosted(self.models.url))


@pytest.fixture(scope="module")
def kit(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    with stage.ToolServer() as peer, OpenAIServer() as models:
        env = {"BATON_HTTP_ALLOW": f"{peer.endpoint},{models.endpoint}"}
        server = prepared.serve(tmp_path_factory.mktemp("contract"), env)
        try:
            house = House(server, peer)
            made = Kit(house, models, "", house.tool("read"), "")
            made.agent = made.agent_on(stage.hosted(models.url))
            made.below = house.flow([agent_node("inner", made.agent), end()])
            yield made
        finally:
            server.sweep()


@dataclass
class Case:
    """A flow around the node `it`, the decisions of its steps by name, and what a person says."""

    nodes: Callable[[Kit], list[dict]]
    decided: list[tuple[str, str]]
    drawn: tuple[str, ...] = ()
    says: tuple[str, dict] | None = None
    below: tuple[str, ...] = ()  # what runs below decide besides their launch and release


FORM = {"type": "object", "properties": {"answer": {"type": "string"}}}
TWO = "start > a; start > b; a > it; b > it; it > done"
NODES = {
    "start": Case(lambda kit: [end()], []),
    "end": Case(lambda kit: [end(output={"n": 1})], []),
    "agent": Case(lambda kit: [agent_node("it", kit.agent), end()], ASKS_A_MODEL),
    "tool": Case(lambda kit: [node("it", "tool", tool=kit.tool, arguments={"n": 1}), end()], CALLS_A_TOOL),
    "transform": Case(lambda kit: [node("it", "transform", output={"n": 1}), end()], []),
    "condition": Case(
        lambda kit: [node("it", "condition", cases=[{"port": "yes", "when": "true"}]), end()],
        [],
        ("start > it; it.yes > done; it.else > done",),
    ),
    "router": Case(
        lambda kit: [
            node(
                "it",
                "router",
                by="agent",
                agent=kit.agent,
                text="Where?",
                routes=[{"port": "a", "description": "A."}, {"port": "b", "description": "B."}],
            ),
            end(),
        ],
        ASKS_A_MODEL,
        ("start > it; it.a > done; it.b > done; it.otherwise > done",),
    ),
    "join": Case(
        lambda kit: [
            node("a", "transform", output={"n": 1}),
            node("b", "transform", output={"n": 2}),
            node("it", "join", combine="agent", agent=kit.agent, text="Both?"),
            end(),
        ],
        ASKS_A_MODEL,
        (TWO,),
    ),
    "map": Case(
        lambda kit: [node("it", "map", items="[1, 2]", agent=kit.agent, text="{{ item }}"), end()],
        ASKS_A_MODEL * 2,
    ),
    "approval": Case(
        lambda kit: [node("it", "approval", reviewers=["role:reviewer"]), end()],
        [],
        ("start > it; it.approved > done",),
        ("approve", {}),
    ),
    "question": Case(
        lambda kit: [node("it", "question", assignee="user:rita", text="What?", schema=FORM), end()],
        [],
        says=("answer", {"payload": {"answer": "this"}}),
    ),
    "subflow": Case(
        lambda kit: [node("it", "subflow", flow=kit.below, input={}), end()],
        [],
        below=("agent.run", "model.call"),
    ),
    "supervisor": Case(
        lambda kit: [
            node("it", "supervisor", agent=kit.chief(), workers=[kit.agent], text="Lead."),
            end(),
        ],
        [*ASKS_A_MODEL * 2, ("it", "model.call"), ("it", "handoff")],
    ),
    "team": Case(
        lambda kit: [
            node(
                "it",
                "team",
                participants=[kit.agent, kit.agent_on(stage.hosted(kit.models.url))],
                protocol="round_robin",
                text="Talk.",
                max_turns=2,
            ),
            end(),
        ],
        ASKS_A_MODEL * 2,
    ),
    "wait": Case(lambda kit: [node("it", "wait", seconds=0.1), end()], []),
}
TOOL_CASES = {
    "http": lambda kit: kit.tool,
    "calculator": lambda kit: published_tool(kit, "calculator", {}),
    "sql": lambda kit: published_tool(kit, "sql", bound("vendors", "invoices")),
}
ARGUMENTS = {
    "http": {"n": 1},
    "calculator": {"expression": "1 + 1"},
    "sql": {"sql": "SELECT count(*) AS n FROM invoices"},
}
BACKEND_CASES = {
    "scripted": lambda kit: kit.agent_on(stage.scripted({"say": "Hello."})),
    "hosted": lambda kit: kit.agent_on(stage.hosted(kit.models.url)),
}


def bound(*tables: str) -> dict:
    """A binding to the demo's own database."""
    return {"database": "books", "tables": list(tables)}


def published_tool(kit: Kit, kind: str, config: dict) -> str:
    slug = kit.house.slug("tool")
    kit.house.publish({"kind": "tool", "slug": slug, "type": kind, "risk": "read", "config": config})
    return slug


def test_every_type_has_its_case():
    assert set(NODES) == set(TYPES)
    assert set(TOOL_CASES) == set(TOOLS)
    assert set(BACKEND_CASES) == {*BACKENDS, "hosted"} and HOSTED not in BACKENDS.values()


def decisions(kit: Kit, run: str) -> list[tuple[str | None, str, str]]:
    """(node, action, call) of every decision of a run, in order."""
    return [
        (event["node"], event["data"]["action"], (event["item"], event["data"]["call"]))
        for event in kit.house.ada.events(run)
        if event["type"] == "policy.decided"
    ]


def assert_decided_once(kit: Kit, run: str, wanted: list[tuple[str, str]]) -> Counter:
    """Its launch first, its release last, and in between what stands in the case, each once; the acts among them."""
    found = decisions(kit, run)
    assert len({(node, call) for node, _, call in found}) == len(found), f"decided twice: {found}"
    steps = [(node, action) for node, action, _ in found]
    assert (steps[0], steps[-1]) == ((None, "flow.launch"), (None, "output.release"))
    assert Counter(steps[1:-1]) == Counter(wanted)
    return Counter(action for _, action in steps if action in ("model.call", "tool.call"))


def runs_below(play: Play) -> list[str]:
    return [data["run"] for data in play.lines("note") if data.get("kind") == "child"]


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_node_acts_by_one_decision_each(kit: Kit, kind: str):
    case, before = NODES[kind], kit.acts
    play = kit.house.play(case.nodes(kit), *case.drawn)
    if case.says:
        play.decided(case.says[0], **case.says[1])
    play.ended()
    acts = assert_decided_once(kit, play.id, case.decided)
    for run in runs_below(play):
        acts += assert_decided_once(kit, run, [("inner", action) for action in case.below])
    assert kit.acts - before == acts, "something reached a peer undecided"


@pytest.mark.parametrize("kind", sorted(kind for kind, case in NODES.items() if case.decided or case.below))
def test_a_node_does_nothing_that_is_denied(kit: Kit, kind: str):
    flow = kit.house.flow(NODES[kind].nodes(kit), *NODES[kind].drawn)
    slug, before = kit.house.slug("denied"), kit.acts
    body = {"kind": "policy", "slug": slug, "effect": "deny", "actions": ["model.call", "tool.call"]}
    kit.house.publish({**body, "when": f'flow.slug in ["{flow}", "{kit.below}"]'})
    kit.house.launch(flow).failed("denied", "it")
    assert kit.house.ada.delete(f"projects/demo/policies/{slug}/").status_code == 204
    assert kit.acts == before


@pytest.mark.parametrize(("function", "says"), [("handoff", "message"), ("out_of_scope", "reason")])
def test_a_handoff_is_decided_once_and_a_denied_one_is_not_made(kit: Kit, function: str, says: str):
    calls = [{"tool": function, "arguments": {"agent": kit.agent, says: "Yours."}}]
    passing = f"You pass on by {function}."
    kit.models.rules.append({"when": {"system": passing, "last_role": "user"}, "calls": calls})
    slug = kit.house.slug("passing")
    more = {"delegation": {"to": [kit.agent]}, "reports": {"may": ["out_of_scope"]}, "instructions": passing}
    kit.house.publish(
        {**stage.hosted(kit.models.url), "slug": f"{slug}-model"},
        stage.agent(slug, f"{slug}-model/any", **more),
    )
    flow = kit.house.flow([agent_node("it", slug), end()])
    play = kit.house.launch(flow)
    play.ended()
    assert_decided_once(kit, play.id, [*ASKS_A_MODEL * 2, ("it", "handoff")])
    assert [(data["from"], data["to"]) for data in play.lines("agent.handoff")] == [(slug, kit.agent)]

    denied = {"kind": "policy", "slug": kit.house.slug("denied"), "effect": "deny", "actions": ["handoff"]}
    kit.house.publish({**denied, "when": f'input.to == "{kit.agent}"'})
    play = kit.house.launch(flow)
    play.ended()
    assert play.lines("agent.handoff") == []
    assert kit.house.ada.delete(f"projects/demo/policies/{denied['slug']}/").status_code == 204


@pytest.mark.parametrize("kind", sorted(TOOLS))
def test_a_tool_is_called_by_one_decision(kit: Kit, kind: str):
    tool, before = TOOL_CASES[kind](kit), kit.acts
    it = node("it", "tool", tool=tool, arguments=ARGUMENTS[kind])
    play = kit.house.play([it, end()])
    play.ended()
    assert_decided_once(kit, play.id, CALLS_A_TOOL)
    assert [data["tool"] for data in play.lines("tool.called")] == [tool]
    assert (kit.acts - before)["tool.call"] == (kind == "http")


@pytest.mark.parametrize("kind", sorted({*BACKENDS, "hosted"}))
def test_a_backend_is_asked_by_one_decision(kit: Kit, kind: str):
    agent, before = BACKEND_CASES[kind](kit), kit.acts
    play = kit.house.play([agent_node("it", agent), end()])
    play.ended()
    assert_decided_once(kit, play.id, ASKS_A_MODEL)
    assert (kit.acts - before)["model.call"] == (kind == "hosted")


PAY = "SELECT sum(yearly_eur) AS total FROM hr_salaries"
SPENT = "SELECT round(sum(amount_eur), 2) AS total FROM invoices"


def asker(kit: Kit, tool: str, *statements: str) -> str:
    """A flow in which an agent that has this tool tries the statements, one after the other."""
    agent = kit.house.slug("asker")
    kit.house.publish(
        {**stage.hosted(kit.models.url), "slug": f"{agent}-model"},
        stage.agent(agent, f"{agent}-model/any", tools=[tool]),
    )
    for sql in statements:
        calls = [{"tool": tool, "arguments": {"sql": sql}}]
        kit.models.rules.append({"when": {"system": f"You are {agent}."}, "calls": calls, "times": 1})
    kit.models.rules.append({"when": {"system": f"You are {agent}."}, "say": "Done."})
    return kit.house.flow([agent_node("it", agent), end()])


def test_an_agent_reaches_the_tables_of_its_own_binding_alone(kit: Kit):
    """T4: one database, two bindings. The invoice agent is denied the salaries, told so, and goes on."""
    finance = published_tool(kit, "sql", bound("vendors", "invoices"))
    people = published_tool(kit, "sql", bound("hr_salaries"))
    play = kit.house.launch(asker(kit, finance, PAY, SPENT))
    play.ended()
    assert_decided_once(kit, play.id, [("it", "agent.run"), *[("it", "model.call")] * 3, *CALLS_A_TOOL * 2])
    denied, passed = play.lines("tool.called")
    said = "The table hr_salaries is outside this tool's scope, which is: vendors, invoices."
    assert (denied["status"], denied["error"]) == ("error", {"code": "denied", "message": said})
    assert (passed["status"], passed["output"]["rows"]) == ("ok", [{"total": 23526.85}])
    told = [message["content"] for message in kit.models.calls[-2]["messages"] if message["role"] == "tool"]
    assert len(told) == 1 and said in told[0] and "denied" in told[0]

    play = kit.house.launch(asker(kit, people, PAY))
    play.ended()
    (passed,) = play.lines("tool.called")
    assert passed["output"] == {"columns": ["total"], "rows": [{"total": 348000}], "truncated": False}


def test_a_policy_on_what_is_asked_comes_before_the_database(kit: Kit):
    tool, slug = published_tool(kit, "sql", bound("hr_salaries")), kit.house.slug("denied")
    policy = {"kind": "policy", "slug": slug, "effect": "deny", "actions": ["tool.call"]}
    kit.house.publish({**policy, "when": f'tool.slug == "{tool}" && arguments.sql.contains("yearly_eur")'})
    play = kit.house.launch(asker(kit, tool, PAY, "SELECT count(*) AS n FROM hr_salaries"))
    play.ended()
    effects = [line["effect"] for line in play.lines("policy.decided") if line["action"] == "tool.call"]
    assert effects == ["deny", "allow"]
    assert [line["output"]["rows"] for line in play.lines("tool.called")] == [[{"n": 5}]]
    assert kit.house.ada.delete(f"projects/demo/policies/{slug}/").status_code == 204
