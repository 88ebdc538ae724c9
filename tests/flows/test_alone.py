"""Owns the tests of what one agent alone would lose against the agents of a drawn flow (P20, B2)."""

import pytest

from flows import gallery
from flows.alone import WORDS, alone
from flows.checks.crews import crews
from flows.checks.drawing import Drawing
from tests.flows.drawings import flow, library, line, node

PRICES = {"m/small": (100, 400), "m/large": (1_000, 4_000)}


def agent(slug: str, model: str = "m/small", **more) -> dict:
    return {"slug": slug, "model": model, "purpose": f"Does {slug}.", **more}


LIBRARY = library(
    agent_a=agent("a"),
    agent_b=agent("b"),
    agent_large=agent("large", "m/large"),
    agent_reader=agent("reader", tools=["find"]),
    agent_payer=agent("payer", tools=["find", "pay@1"]),
    agent_clerk=agent("clerk", tools=["sum"]),
    agent_long=agent("long", instructions="x" * 4_000),
    agent_longer=agent("longer", instructions="x" * 4_500),
    tool_find={"slug": "find", "type": "http", "risk": "read"},
    tool_sum={"slug": "sum", "type": "calculator"},
    **{"tool_pay@1": {"slug": "pay", "type": "http", "risk": "irreversible"}},
    flow_inner=line(node("x", "agent", {"agent": "b", "text": "x"})) | {"slug": "inner"},
)


def asks(id: str, name: str, **more) -> dict:
    return node(id, "agent", {"agent": name, "text": "x"}, **more)


def looked(document):
    return alone(Drawing(document, LIBRARY), PRICES.get)


def lost(document) -> list[tuple]:
    return [(loss.kind, loss.nodes) for loss in looked(document).losses]


def beside(*middle: dict) -> dict:
    """start → all of `middle` at once → done."""
    nodes = [node("start", "start"), *middle, node("j", "join"), node("done", "end")]
    ids = [item["id"] for item in middle]
    return flow(nodes, [*(f"start -> {id}" for id in ids), *(f"{id} -> j" for id in ids), "j -> done"])


def test_two_alike_agents_in_a_row_bring_nothing_that_one_would_not():
    found = looked(line(asks("one", "a"), asks("two", "b")))
    assert found.as_dict() == {
        "agents": 2,
        "enough": True,
        "advice": "One agent is enough: nothing that the 2 agents of this flow bring would be lost.",
        "losses": [],
    }


def test_where_one_agent_works_nothing_can_be_put_together():
    assert looked(line(asks("one", "a"), asks("two", "a"))).advice == "One agent does all of it already."
    assert looked(line(node("t", "tool"))).advice.startswith("No agent works in this flow")


def test_branches_at_once_save_time_and_keep_views_apart():
    found = looked(beside(asks("one", "a"), asks("two", "b")))
    assert [(loss.kind, loss.nodes) for loss in found.losses] == [
        ("time", ("one", "two")),
        ("context", ("one", "two")),
    ]
    assert found.losses[0].message == "About 5 s a run: what runs at once here would run one after the other."
    assert found.advice == "One agent instead of 2 would lose time, separate contexts."


def test_branches_of_which_one_is_chosen_save_no_time():
    nodes = [
        node("start", "start"),
        node("c", "condition"),
        asks("one", "a"),
        asks("two", "b"),
        node("done", "end"),
    ]
    document = flow(nodes, ["start -> c", "c:again -> one", "c:else -> two", "one -> done", "two -> done"])
    assert lost(document) == []


def test_the_items_of_a_map_at_once_save_time():
    each = node("each", "map", {"items": "[1, 2, 3]", "agent": "a", "text": "{{ item }}"})
    assert lost(line(each, asks("two", "b"))) == [("time", ("each",))]
    slow = {**each, "config": {**each["config"], "max_concurrency": 1}}
    assert lost(line(slow, asks("two", "b"))) == []


CASES = {
    "tools that nobody has all of": (
        line(asks("one", "reader"), asks("two", "clerk")),
        [("tools", ("one", "two"))],
    ),
    "an act that only one may do": (
        line(asks("one", "reader"), asks("two", "payer")),
        [("risk", ("two",))],
    ),
    "models of different price": (
        line(asks("one", "a"), asks("two", "large")),
        [("models", ("one", "two"))],
    ),
    "a person who decides": (
        line(asks("one", "a"), node("ok", "approval"), asks("two", "b")),
        [("people", ("ok",))],
    ),
    "a person who answers": (
        line(asks("one", "a"), node("ask", "question"), asks("two", "b")),
        [("people", ("ask",))],
    ),
    "a stand-in": (
        line(asks("one", "a", fallback=["large"]), asks("two", "b")),
        [("isolation", ("one",))],
    ),
    "attempts of a step": (
        line(asks("one", "a"), asks("two", "b", retry={"max_attempts": 2})),
        [("isolation", ("two",))],
    ),
    "a rule in between": (
        line(asks("one", "a"), node("c", "condition"), asks("two", "b")),
        [("checks", ("c",))],
    ),
    "long instructions": (
        line(asks("one", "long"), asks("two", "longer")),
        [("context", ("one", "two"))],
    ),
    "an agent of a flow within": (
        line(asks("one", "large"), node("sub", "subflow", {"flow": "inner", "input": {}})),
        [("models", ("one", "sub"))],
    ),
}


@pytest.mark.parametrize(("document", "expected"), CASES.values(), ids=CASES)
def test_what_would_be_lost(document, expected):
    assert lost(document) == expected


def test_work_that_another_agent_sends_back_is_a_check():
    nodes = [
        node("start", "start"),
        asks("write", "a"),
        asks("check", "b"),
        node("c", "condition"),
        node("done", "end"),
    ]
    document = flow(
        nodes, ["start -> write", "write -> check", "check -> c", "c:again -> write *3", "c:else -> done"]
    )
    assert lost(document) == [("checks", ("write", "check"))]


def test_the_prices_of_the_models_are_compared():
    [loss] = looked(line(asks("one", "a"), asks("two", "large"))).losses
    assert loss.message.endswith("and the dearest costs 10 times the cheapest.")


def test_a_supervisor_with_a_person_and_a_team_have_what_one_agent_has_not():
    lead = node("lead", "supervisor", {"agent": "a", "workers": ["b", "role:reviewer"], "text": "x"})
    assert ("people", ("lead",)) in lost(line(lead))
    team = node("talk", "team", {"participants": ["a", "b"], "protocol": "debate", "text": "x"})
    assert ("context", ("talk",)) in lost(line(team))


def test_above_seven_agents_the_advice_asks_what_breaks():
    found = library(**{f"agent_n{at}": agent(f"n{at}", f"m/{at % 2}") for at in range(8)})
    document = line(*(asks(f"n{at}", f"n{at}") for at in range(8)))
    crowd = alone(Drawing(document, found))
    assert crowd.advice == (
        "One agent instead of 8 would lose different models. 8 are many: ask of each what breaks without it."
    )
    assert crowd.is_crowded


@pytest.mark.parametrize("slug", gallery.starters())
def test_no_starter_of_the_gallery_is_better_done_by_one_agent_or_warned_of(slug):
    starter = gallery.starter(slug)
    documents = [starter.flow, *starter.parts, *starter.agents, *starter.tools]
    known = {(each["kind"], each["slug"]): each for each in documents}
    prices = {
        f"{starter.provider['slug']}/{model}": (price["input_usd_per_mtok"], price["output_usd_per_mtok"])
        for model, price in starter.provider["prices"].items()
    }
    drawing = Drawing(starter.flow, lambda kind, ref: known.get((kind, ref.partition("@")[0])))
    found = alone(drawing, prices.get)
    assert found.agents == 1 or not found.is_enough
    assert {loss.kind for loss in found.losses} <= set(WORDS)
    assert [problem.code for problem in crews(drawing)] == []
