"""Owns the tests of cards: what each shows of its node, also of one that is not finished."""

import pytest

from flows.cards import cards
from flows.nodes import TYPES
from governance.refusals import Problem
from tests.flows.drawings import flow, library, lookup, node

NAMED = library(agent_writer={"name": "The writer"}, tool_lookup={"name": ""})


def card(item, edges=(), problems=(), found=NAMED):
    return cards(flow([item, node("b", "end")], list(edges)), found, problems)[0]


FACTS = [
    (node("a", "agent"), "The writer"),
    (node("a", "agent", {"agent": "ghost@3"}), "ghost v3"),
    (node("a", "tool"), "lookup"),
    (node("a", "map"), "The writer for each item"),
    (node("a", "approval"), "reviewer"),
    (
        node("a", "approval", {"reviewers": ["role:reviewer", "user:rita"], "due_in_s": 1800}),
        "reviewer or rita, in 30 min",
    ),
    (node("a", "question"), "rita"),
    (node("a", "condition", {"cases": [{"port": "p", "when": "input.x > 1"}]}), "input.x > 1"),
    (node("a", "condition"), "2 cases"),
    (node("a", "router"), "2 routes"),
    (node("a", "join", {"mode": "quorum", "count": 2}), "2 of the branches, as object"),
    (node("a", "join", {"mode": "any", "combine": "list"}), "any branch, as list"),
    (node("a", "join", {}), "Join"),
    (node("a", "wait", {"seconds": 86400}), "1 day"),
    (node("a", "wait", {"until": "= input.when"}), "= input.when"),
    (node("a", "transform", {"output": {"answer": 1, "route": 2}}), "answer, route"),
    (node("a", "agent", {}), "Agent"),
    (node("a", "transform", {"output": "x" * 100}), "x" * 59 + "…"),
    (node("a", "oracle", {}), "Not built yet"),
    (node("a", "supervisor", {"agent": "writer", "workers": ["lookup"]}), "The writer"),
    (node("a", "team", {"participants": ["writer", "user:rita"], "protocol": "debate"}), "debate of 2"),
    (node("a", "team", {"participants": [], "protocol": "vote"}), "vote of 0"),
    (node("a", "team", {"protocol": "vote"}), "Team"),
]


@pytest.mark.parametrize(("item", "fact"), FACTS)
def test_a_card_tells_one_fact(item, fact):
    assert card(item).fact == fact


PORTS = [
    (node("a", "agent"), ("out",)),
    (node("a", "agent", on_error="port"), ("out", "error")),
    (node("a", "approval"), ("approved", "rejected", "timed_out")),
    (node("a", "router"), ("billing", "technical", "otherwise")),
    (node("a", "end"), ()),
    (node("a", "router", {}), ("otherwise",)),
    (node("a", "condition", {"cases": [{"port": "yes"}, {"port": 1}, {}]}), ("yes", "else")),
    (node("a", "condition", {"cases": "x"}), ("else",)),
    (node("a", "oracle", {}), ("out",)),
]


@pytest.mark.parametrize(("item", "ports"), PORTS)
def test_a_card_has_the_ports_of_its_node(item, ports):
    assert card(item).ports == ports


def test_the_last_node_of_a_loop_has_a_port_for_its_end():
    assert card(node("a", "condition"), ["a:again -> a *3"]).ports == ("again", "other", "else", "exhausted")


def test_nothing_leads_into_a_start():
    assert [card(node("a", "start")).inputs, card(node("a", "wait")).inputs] == [False, True]


def test_a_card_is_called_by_its_name_or_its_id():
    assert [card(node("a", "wait", name="Rest")).name, card(node("a", "wait")).name] == ["Rest", "a"]
    assert card(node("a", "wait", name=5)).name == "a"


def test_a_card_shows_the_worst_of_its_problems():
    problems = [Problem("", "x", severity="warning", nodes=("a",)), Problem("", "y", nodes=("a", "c"))]
    assert card(node("a", "wait"), problems=problems).problem == "error"
    assert card(node("a", "wait"), problems=problems[:1]).problem == "warning"
    assert card(node("a", "wait")).problem is None


def test_a_card_knows_where_it_is_opened():
    [found] = cards(flow([node("a", "wait")], []), lookup, inspector_url=lambda id: f"/nodes/{id}/")
    assert found.inspector_url == "/nodes/a/"


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("finished", [True, False])
def test_every_type_has_a_card_finished_or_not(kind, finished):
    found = card(node("a", kind, None if finished else {"cases": 1, "routes": {}, "agent": 1, "seconds": []}))
    assert (found.kind_label, found.icon) == (TYPES[kind].label, TYPES[kind].icon)
    assert found.fact


HELD = [
    (
        node(
            "a",
            "supervisor",
            {"agent": "x", "workers": ["writer", "flow:child", "user:rita"], "max_rounds": 1},
        ),
        [("The writer", "bot", ""), ("child", "workflow", ""), ("rita", "users", "")],
        "at most 1 round",
    ),
    (
        node(
            "a", "team", {"participants": ["writer", "ghost"], "protocol": "vote", "weights": {"writer": 2.5}}
        ),
        [("The writer", "bot", "counts 2.5"), ("ghost", "bot", "")],
        "each votes once",
    ),
    (
        node("a", "team", {"participants": ["ghost"], "protocol": "moderated", "moderator": "writer"}),
        [("ghost", "bot", ""), ("The writer", "bot", "moderator")],
        "at most 12 messages",
    ),
]


@pytest.mark.parametrize(("item", "seats", "limit"), HELD)
def test_a_card_shows_who_works_inside_and_how_long(item, seats, limit):
    held = card(item).held
    assert [(seat.name, seat.icon, seat.part) for seat in held.seats] == seats
    assert (held.more, held.limit) == (0, limit)


def test_a_card_of_a_large_team_counts_the_rest():
    held = card(node("a", "team", {"participants": list("abcdefgh"), "protocol": "swarm"})).held
    assert ([seat.name for seat in held.seats], held.more) == (list("abcdef"), 2)


def test_a_card_of_a_node_that_holds_nobody_shows_no_members():
    assert card(node("a", "agent")).held is None
    assert card(node("a", "team", {"participants": "writer"})).held is None
