"""Owns the tests of the router: by rules and by agent, one route or several."""

import pytest

from flows.graph import parse_node
from flows.nodes import TYPES
from flows.nodes.base import Finished, StepFailed
from flows.nodes.router import answer_schema
from tests.flows.context import World, run
from tests.flows.drawings import node

ROUTES = [
    {"port": "billing", "description": "payments and refunds", "when": 'input.text.contains("charged")'},
    {"port": "technical", "description": "faults", "when": 'input.text.contains("crash")'},
    {"port": "legal", "when": 'input.text.contains("sue")'},
]


def router(by, **config):
    given = {"agent": "support-router", "text": "Ticket: {{ input.text }}"} if by == "agent" else {}
    return node("r", "router", {"by": by, "routes": ROUTES, **given, **config})


@pytest.mark.parametrize(
    ("text", "multiple", "ports", "scores"),
    [
        ("I was charged twice", False, ["billing"], [1, 0, 0]),
        ("the app will crash", False, ["technical"], [0, 1, 0]),
        ("charged after a crash", False, ["billing"], [1, 0, 0]),
        ("charged after a crash", True, ["billing", "technical"], [1, 1, 0]),
        ("hello", False, ["otherwise"], [0, 0, 0]),
        ("hello", True, ["otherwise"], [0, 0, 0]),
    ],
)
async def test_rules_take_the_first_true_route_or_every_one(text, multiple, ports, scores):
    finished = await run(router("rules", multiple=multiple), World(), input={"text": text})
    assert finished.ports == tuple(ports)
    assert (finished.output["port"], finished.output["ports"]) == (ports[0], ports)
    assert finished.output["confidence"] == max(scores)
    assert [route["score"] for route in finished.output["routes"]] == scores


async def test_rules_leave_a_record_of_what_was_considered():
    world = World()
    finished = await run(router("rules"), world, input={"text": "charged after a crash"})
    assert finished.output["reason"] == '`input.text.contains("charged")` is true'
    assert world.choices == [
        {
            "kind": "router",
            "candidates": [
                {"name": "billing", "score": 1, "excluded_because": None},
                {"name": "technical", "score": 0, "excluded_because": "billing came first"},
                {"name": "legal", "score": 0, "excluded_because": "billing came first"},
            ],
            "chosen": ["billing"],
            "method": "rules",
            "reason": '`input.text.contains("charged")` is true',
        }
    ]


def says(*named, reason="It is about money."):
    return {"routes": [{"port": port, "confidence": score} for port, score in named], "reason": reason}


ANSWERS = {
    "the highest wins": (says(("billing", 0.4), ("technical", 0.9)), {}, ["technical"], 0.9),
    "a tie goes to the earlier route": (says(("technical", 0.8), ("billing", 0.8)), {}, ["billing"], 0.8),
    "at the threshold": (says(("billing", 0.7)), {"min_confidence": 0.7}, ["billing"], 0.7),
    "below the threshold": (says(("billing", 0.69)), {"min_confidence": 0.7}, ["otherwise"], 0.69),
    "nothing named": (says(), {}, ["otherwise"], 0),
    "named with nothing behind it": (says(("legal", 0)), {}, ["legal"], 0),
    "named twice counts its best": (
        says(("legal", 0.2), ("legal", 0.6), ("billing", 0.5)),
        {},
        ["legal"],
        0.6,
    ),
    "several over the threshold": (
        says(("technical", 0.9), ("billing", 0.7), ("legal", 0.3)),
        {"multiple": True, "min_confidence": 0.5},
        ["billing", "technical"],
        0.9,
    ),
    "several, but none over it": (
        says(("technical", 0.4)),
        {"multiple": True, "min_confidence": 0.5},
        ["otherwise"],
        0.4,
    ),
    "several, only what is named": (says(("technical", 0.4)), {"multiple": True}, ["technical"], 0.4),
}


@pytest.mark.parametrize(("answer", "config", "ports", "confidence"), ANSWERS.values(), ids=ANSWERS)
async def test_an_agent_scores_the_routes(answer, config, ports, confidence):
    world = World(agents={"support-router": answer})
    finished = await run(router("agent", **config), world, input={"text": "Help"})
    named = {}
    for route in answer["routes"]:
        named[route["port"]] = max(named.get(route["port"], 0), route["confidence"])
    assert finished == Finished(
        {
            "port": ports[0],
            "ports": ports,
            "confidence": confidence,
            "reason": "It is about money.",
            "routes": [{"port": route["port"], "score": named.get(route["port"], 0)} for route in ROUTES],
        },
        tuple(ports),
    )
    assert (world.choices[0]["method"], world.choices[0]["chosen"]) == ("agent", ports)


async def test_an_agents_choice_says_why_the_others_were_not_taken():
    world = World(agents={"support-router": says(("billing", 0.9), ("technical", 0.5))})
    await run(router("agent", min_confidence=0.7), world, input={"text": "Help"})
    assert world.choices[0]["candidates"] == [
        {"name": "billing", "score": 0.9, "excluded_because": None},
        {"name": "technical", "score": 0.5, "excluded_because": "0.5 is below the threshold 0.7"},
        {"name": "legal", "score": 0, "excluded_because": "the agent did not name it"},
    ]


async def test_the_agent_is_asked_the_text_alone_and_the_schema_says_what_belongs_where():
    world = World(agents={"support-router": says(("billing", 1))})
    await run(router("agent"), world, input={"text": "I paid twice"})
    assert world.asked == [("support-router", "Ticket: I paid twice")]
    schema = answer_schema(ROUTES)
    assert (schema["required"], schema["additionalProperties"]) == (["routes"], False)
    assert schema["properties"]["routes"]["items"]["properties"]["port"] == {
        "enum": ["billing", "technical", "legal"],
        "description": "billing: payments and refunds; technical: faults; legal",
    }


@pytest.mark.parametrize(
    "answer",
    [
        says(("sales", 0.9)),
        says(("billing", 1.2)),
        says(("billing", "high")),
        {"routes": "billing", "reason": ""},
        {"port": "billing"},
    ],
    ids=["another route", "over 1", "in words", "no list", "another shape"],
)
async def test_an_answer_that_is_no_choice_fails_the_step(answer):
    with pytest.raises(StepFailed) as failure:
        await run(router("agent"), World(agents={"support-router": answer}), input={"text": "x"})
    assert failure.value.code == "invalid_output"


async def test_a_choice_without_a_reason_is_a_choice():
    world = World(agents={"support-router": {"routes": [{"port": "legal", "confidence": 1}]}})
    finished = await run(router("agent"), world, input={"text": "x"})
    assert (finished.ports, finished.output["reason"]) == (("legal",), "")


async def test_learned_routing_is_not_built_yet():
    with pytest.raises(StepFailed, match="not built yet"):
        await run(node("r", "router", {"by": "learned", "routes": ROUTES}))


SECOND = {"min_confidence": 0.7, "second_opinion": "second-router"}


async def test_a_second_opinion_is_asked_below_the_threshold_and_both_are_weighed():
    agents = {
        "support-router": says(("billing", 0.5), ("technical", 0.6), reason="It is unclear."),
        "second-router": says(("billing", 0.9), ("legal", 0.4), reason="They were charged."),
    }
    world = World(agents=agents)
    finished = await run(router("agent", **SECOND), world, input={"text": "Help"})
    assert finished.ports == ("billing",)
    assert finished.output == {
        "port": "billing",
        "ports": ["billing"],
        "confidence": 0.7,
        "reason": "support-router: It is unclear. second-router: They were charged.",
        "routes": [
            {"port": "billing", "score": 0.7},
            {"port": "technical", "score": 0.3},
            {"port": "legal", "score": 0.2},
        ],
    }
    assert [who for who, _ in world.asked] == ["support-router", "second-router"]
    assert world.asked[0][1] == world.asked[1][1]
    assert world.turns["second_opinion"].task == {"agent": "second-router", "role": "second_opinion"}
    assert world.choices[0]["reason"] == finished.output["reason"]


@pytest.mark.parametrize("score", [0.7, 0.95])
async def test_no_second_opinion_is_asked_at_the_threshold(score):
    world = World(agents={"support-router": says(("billing", score))})
    finished = await run(router("agent", **SECOND), world, input={"text": "Help"})
    assert (finished.ports, len(world.asked)) == (("billing",), 1)


async def test_two_opinions_under_the_threshold_are_otherwise():
    agents = {"support-router": says(("billing", 0.6)), "second-router": says(("technical", 0.6))}
    finished = await run(router("agent", **SECOND), World(agents=agents), input={"text": "Help"})
    assert (finished.ports, finished.output["confidence"]) == (("otherwise",), 0.3)


async def test_a_second_opinion_that_cannot_be_had_leaves_the_first():
    agents = {
        "support-router": says(("billing", 0.6), reason="Perhaps."),
        "second-router": StepFailed("provider_error", "It is down."),
    }
    finished = await run(router("agent", **SECOND), World(agents=agents), input={"text": "Help"})
    assert finished.ports == ("otherwise",)
    assert finished.output["reason"] == "Perhaps. (second-router could not be asked: It is down.)"


async def test_a_second_opinion_that_a_guard_stops_fails_the_step():
    agents = {"support-router": says(("billing", 0.6)), "second-router": StepFailed("budget_exceeded", "No.")}
    with pytest.raises(StepFailed) as failure:
        await run(router("agent", **SECOND), World(agents=agents), input={"text": "Help"})
    assert failure.value.code == "budget_exceeded"


LEADS = {
    "far enough": ([("billing", 0.9), ("technical", 0.6)], 0.3, "billing"),
    "exactly so far": ([("billing", 0.3), ("technical", 0.2)], 0.1, "billing"),
    "too close": ([("billing", 0.9), ("technical", 0.85)], 0.1, "otherwise"),
    "a tie": ([("billing", 0.9), ("legal", 0.9)], 0.01, "otherwise"),
    "alone": ([("billing", 0.9)], 0.5, "billing"),
    "a tie without a lead": ([("legal", 0.9), ("billing", 0.9)], 0, "billing"),
}


@pytest.mark.parametrize(("named", "lead", "port"), LEADS.values(), ids=LEADS)
async def test_the_best_route_has_to_lead_the_next(named, lead, port):
    world = World(agents={"support-router": says(*named)})
    finished = await run(router("agent", min_lead=lead), world, input={"text": "Help"})
    assert finished.ports == (port,)


async def test_two_routes_that_are_too_close_have_no_single_owner():
    world = World(
        agents={"support-router": says(("billing", 0.9), ("technical", 0.85), reason="Money and faults.")}
    )
    finished = await run(router("agent", min_lead=0.2), world, input={"text": "Help"})
    said = "no single owner: billing 0.9 and technical 0.85 are less than 0.2 apart. Money and faults."
    assert (finished.ports, finished.output["reason"]) == (("otherwise",), said)
    apart = "billing 0.9 and technical 0.85 are less than 0.2 apart"
    assert world.choices[0]["chosen"] == ["otherwise"]
    assert [found["excluded_because"] for found in world.choices[0]["candidates"]] == [
        apart,
        apart,
        "the agent did not name it",
    ]


async def test_with_several_routes_none_has_to_lead():
    world = World(agents={"support-router": says(("billing", 0.9), ("technical", 0.9))})
    finished = await run(router("agent", min_lead=0.2, multiple=True), world, input={"text": "Help"})
    assert finished.ports == ("billing", "technical")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"second_opinion": "writer"}, []),
        ({"second_opinion": "support-router"}, [("same_agent", "/config/second_opinion", "error")]),
        ({"min_lead": 0.1, "multiple": True}, [("unused", "/config/min_lead", "warning")]),
        (
            {"by": "rules", "min_lead": 0.1, "second_opinion": "writer"},
            [
                ("unused", "/config/second_opinion", "warning"),
                ("unused", "/config/min_lead", "warning"),
            ],
        ),
    ],
)
def test_what_a_router_cannot_use_is_said(config, expected):
    item = parse_node(router(**{"by": "agent", **config}))
    found = TYPES["router"].problems(item)
    assert [(each.code, each.pointer, each.severity) for each in found] == expected


def test_the_second_agent_is_pinned_too():
    config = router("agent", **SECOND)["config"]
    assert [(found.ref, found.pointer) for found in TYPES["router"].references(config)] == [
        ("support-router", "/config/agent"),
        ("second-router", "/config/second_opinion"),
    ]
