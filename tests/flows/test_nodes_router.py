"""Owns the tests of the router: by rules and by agent, one route or several."""

import pytest

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
