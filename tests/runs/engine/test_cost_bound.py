"""The worst case that the builder shows is one: no run costs more, whatever its models and its loops do.

Random flows run on the real engine under a virtual clock, with models that always use the most tokens they may,
never fit a schema, call every tool they can, or fail after having used their tokens.
"""

from collections.abc import Callable, Iterator
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection

from governance import clock, documents
from governance.models import Membership, Project, User
from governance.money import NANO
from registry import lookups, model_attempt, offloop
from registry.tools import TOOLS
from runs.inspection import Inspection
from runs.models import Run
from tests.environment import scaled
from tests.flows.drawings import line, node
from tests.flows.random_graphs import random_graph, to_document
from tests.runs.engine.scripted_library import tool
from tests.runs.engine.simulation import SimulatedTool, World
from tests.runs.engine.virtual_time import Inline

WINDOW, ANSWER, INSTRUCTIONS = 100, 20, "Use all."
MOST = {"input": 4 * WINDOW + len(INSTRUCTIONS), "output": ANSWER}
PRICES = {name: {"input_usd_per_mtok": 1, "output_usd_per_mtok": 10} for name in ("m", "other")}
CALL = (MOST["input"] + 10 * MOST["output"]) * 1_000  # billionths of a dollar
CALLING = {"calls": [{"tool": "lookup", "arguments": {"amount": 1}}], "tokens": MOST}
DELEGATING = [
    {"tool": "delegate", "arguments": {"agent": worker, "task": f"Part {part}"}}
    for part, worker in enumerate(("plain", "failing", "shaped", "caller", "flow:child", "handing"))
]
HANDING = [
    {"tool": "handoff", "arguments": {"agent": agent, "message": "go on"}} for agent in ("last", "plain")
]
SCRIPT = [
    *({"when": {"agent": "caller", "turn": turn}, **CALLING} for turn in (1, 2)),
    *({"when": {"agent": "lead", "turn": turn}, "calls": DELEGATING, "tokens": MOST} for turn in (1, 2, 3)),
    *({"when": {"agent": "handing", "turn": turn}, "calls": HANDING, "tokens": MOST} for turn in (1, 2)),
    {"when": {"agent": "voter"}, "json": {"vote": "a"}, "tokens": MOST},
    {"when": {"agent": "failing"}, "say": "x", "fail": {"status": 500}, "tokens": MOST},
    {"say": "no object", "tokens": MOST},
]
SHAPED = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def agent(slug: str, **more) -> dict:
    return {
        "kind": "agent",
        "slug": slug,
        "purpose": "Spends.",
        "model": "greedy/m",
        "instructions": INSTRUCTIONS,
        "params": {"max_tokens": ANSWER},
        "context": {"max_tokens": WINDOW},
        **more,
    }


LIBRARY = [
    {"kind": "provider", "slug": "greedy", "type": "scripted", "prices": PRICES, "script": SCRIPT},
    tool("lookup", "read"),
    agent("plain"),
    agent("shaped", output_schema=SHAPED),
    agent("failing"),
    agent("doubled", fallback_models=["greedy/other"], output_schema=SHAPED),
    agent("caller", tools=["lookup"], limits={"max_tool_calls": 2}),
    agent("lead"),
    agent("last", output_schema=SHAPED, delegation={"to": ["plain"], "max_hops": 1}),
    agent("handing", delegation={"to": ["last", "failing"], "max_hops": 2}),
    agent("voter"),
    line(node("below", "agent", {"agent": "shaped", "text": "x"}, on_error="port")) | {"slug": "child"},
]
AGENTS = [document["slug"] for document in LIBRARY if document["kind"] == "agent"]


@pytest.fixture(scope="module")
def project(tmp_path_factory, django_db_blocker) -> Iterator[Project]:
    """A database of its own with the library, for all flows of this file."""
    patch = pytest.MonkeyPatch()
    with django_db_blocker.unblock():
        connection.close()
        patch.setitem(connection.settings_dict, "NAME", str(tmp_path_factory.mktemp("cost") / "runs.sqlite3"))
        patch.setitem(connection.settings_dict, "CONN_MAX_AGE", None)
        call_command("migrate", verbosity=0)
        ada = User.objects.create(username="ada")
        found = Project.objects.create(slug="alpha", name="Alpha")
        Membership.objects.create(project=found, user=ada, roles=["admin"])
        for document in LIBRARY:
            documents.create_and_publish(found, document["kind"], document["slug"], document, ada)
        yield found
        connection.close()
        patch.undo()


@pytest.fixture
def cost_of(project: Project, django_db_blocker, monkeypatch) -> Iterator[Callable[[dict], tuple[int, int]]]:
    """`cost_of(flow)` is what one run of it cost, and the most that it may: billionths of a dollar."""
    monkeypatch.setitem(TOOLS, "http", SimulatedTool())
    monkeypatch.setattr(offloop, "_pool", Inline())
    ada = User.objects.get

    def play(document: dict) -> tuple[int, int]:
        worst = Inspection(project, document).cost["worst_usd"]
        documents.create_and_publish(project, "flow", document["slug"], document, None)
        world = World(project, ada(username="ada"), ada(username="ada"), sole=True)
        monkeypatch.setattr(clock, "now", world.clock.now)
        monkeypatch.setattr(model_attempt.BREAKERS, "_clock", lambda: world.clock.seconds)
        model_attempt.BREAKERS._breakers.clear()
        lookups.forget()
        try:
            run = world.play(document["slug"])
        finally:
            world.close()
        return Run.objects.get(id=run.id).cost, round(worst * NANO)

    with django_db_blocker.unblock():
        yield play


def spending(seed: int) -> dict:
    """A random sound flow in which much is done by agents, maps and flows below."""
    rng = Random(seed)
    document = to_document(random_graph(rng, rng.randint(3, 9)))
    for item in document["nodes"]:
        if item["type"] == "transform" and rng.random() < 0.8:
            item |= worker(rng)
        for case in item.get("config", {}).get("cases", item.get("config", {}).get("routes", ())):
            case["when"] = rng.choice(("true", "true", "false"))
    return {**document, "slug": f"random-{seed}"}


def worker(rng: Random) -> dict:
    agent, attempts = rng.choice(AGENTS), rng.choice((1, 1, 2, 3))
    retry = {"retry": {"max_attempts": attempts, "backoff_s": 0, "jitter": False}} if attempts > 1 else {}
    fallback = {"fallback": [rng.choice(AGENTS)]} if rng.random() < 0.3 else {}
    kind = rng.choice(("agent", "agent", "agent", "map", "subflow", "supervisor", "team"))
    if kind == "subflow":
        return {"type": kind, "config": {"flow": "child"}, **retry}
    if kind in CREWS:
        return {"type": kind, "config": {"text": "x", **CREWS[kind](rng)}, **retry, **fallback}
    items = (
        {"items": str(list(range(rng.randint(0, 4)))), "on_item_error": "collect"} if kind == "map" else {}
    )
    return {"type": kind, "config": {"agent": agent, "text": "x", **items}, **retry, **fallback}


def supervisor(rng: Random) -> dict:
    workers = rng.sample([*AGENTS, "flow:child"], rng.randint(1, 5))
    more = {"parallel": False} if rng.random() < 0.3 else {}
    return {
        "agent": rng.choice(("lead", "lead", "plain")),
        "workers": workers,
        "max_rounds": rng.randint(1, 3),
        **more,
    }


def team(rng: Random) -> dict:
    protocol = rng.choice(("round_robin", "debate", "swarm", "vote", "moderated"))
    config = {"participants": rng.sample(AGENTS, rng.randint(2, 4)), "protocol": protocol}
    if protocol == "vote":
        config["options"] = ["a", "b"]
    else:
        config["max_turns"] = rng.randint(1, 5)
    if protocol == "moderated":
        config["moderator"] = rng.choice(AGENTS)
    if protocol != "swarm" and rng.random() < 0.3:
        config |= {"decide": "judge", "judge": rng.choice(AGENTS)}
    return config


CREWS = {"supervisor": supervisor, "team": team}


def test_no_run_of_a_random_flow_costs_more_than_its_worst_case(cost_of):
    spent = [cost_of(spending(seed)) for seed in range(scaled(60, 500))]
    assert [(actual, most) for actual, most in spent if actual > most] == []
    # The bound is worth something: many of these runs cost much of it.
    costly = [actual / most for actual, most in spent if most]
    assert len(costly) > len(spent) / 2
    assert max(costly) > 0.5


REACHED = [
    (node("a", "agent", {"agent": "plain", "text": "x", "output_schema": SHAPED}), 2, 2),
    (
        node("a", "map", {"items": "[1, 2, 3]", "agent": "shaped", "text": "x", "on_item_error": "collect"}),
        6,
        6,
    ),
    (node("a", "agent", {"agent": "caller", "text": "x"}), 3, 4),
    (
        node(
            "a",
            "team",
            {"participants": ["plain", "voter"], "protocol": "round_robin", "max_turns": 3, "text": "x"},
        ),
        3,
        6,
    ),
    (
        node(
            "a",
            "team",
            {"participants": ["plain", "shaped"], "protocol": "vote", "options": ["a", "b"], "text": "x"},
        ),
        4,
        4,
    ),
]


@pytest.mark.parametrize(("item", "calls", "most"), REACHED)
def test_the_worst_case_can_be_reached(cost_of, item, calls, most):
    document = line({**item, "on_error": "port"}) | {"slug": f"reached-{calls}-{most}"}
    assert cost_of(document) == (calls * CALL, most * CALL)
