"""Owns the tests of swarms: handing over, the chain, and what ends one that never answers."""

import pytest

from flows.nodes.base import Answer, StepFailed
from tests.flows.context import Calls, World, run
from tests.flows.teams import hands, played, says, spoken, team

ALL = ("ann", "bob", "cy")
AT = "2026-01-01T00:00:00Z"


async def test_who_has_the_floor_hands_over_or_answers():
    agents = {
        "ann": hands("bob", "He asks about taxes."),
        "bob": hands("cy", "It is a fault."),
        "cy": "Fixed.",
    }
    finished, world = await played(team("swarm", ALL), agents)
    assert finished.output == {
        "text": "Fixed.",
        "transcript": [
            {"agent": "ann", "text": "He asks about taxes.", "to": "bob"},
            {"agent": "bob", "text": "It is a fault.", "to": "cy"},
            {"agent": "cy", "text": "Fixed."},
        ],
        "rounds": 3,
    }
    assert world.handoffs == [("ann", "bob", "He asks about taxes."), ("bob", "cy", "It is a fault.")]
    assert "[ann] He asks about taxes. (to: bob)" in world.asked[-1][1]


async def test_the_first_may_answer_at_once():
    finished, world = await played(team("swarm", ALL), {"ann": "Easy."})
    assert (finished.output["text"], world.handoffs) == ("Easy.", [])


async def test_a_handoff_to_nobody_there_is_told_and_the_model_goes_on():
    agents = {"ann": says(hands("zed"), hands("ann"), Calls([("handoff", {})]), "Then I answer.")}
    finished, world = await played(team("swarm", ALL), agents)
    assert (spoken(finished.output), world.handoffs) == ([("ann", "Then I answer.")], [])


async def test_a_handoff_that_is_denied_is_told_and_the_model_goes_on():
    agents = {"ann": says(hands("bob"), hands("cy")), "cy": "Done."}
    finished, world = await played(team("swarm", ALL), agents, denied={("ann", "bob")})
    assert [entry["agent"] for entry in finished.output["transcript"]] == ["ann", "cy"]
    assert "ann may not hand over to bob." in world.asked[1][1]


async def test_only_the_first_handoff_of_a_turn_counts():
    both = Calls(
        [("handoff", {"agent": "bob", "message": "x"}), ("handoff", {"agent": "cy", "message": "y"})]
    )
    finished, world = await played(team("swarm", ALL), {"ann": both, "bob": "Done.", "cy": "Never."})
    assert [entry["agent"] for entry in finished.output["transcript"]] == ["ann", "bob"]
    assert world.handoffs == [("ann", "bob", "x")]


async def test_handing_over_in_a_circle_is_stopped_and_the_circle_is_named():
    agents = {"ann": hands("bob", "Yours."), "bob": hands("ann", "No,  YOURS.")}
    with pytest.raises(StepFailed) as failed:
        await played(team("swarm", ALL), agents, most_hops=50)
    assert failed.value.code == "delegation_cycle"
    assert "ann → bob → ann → bob" in failed.value.message
    assert spoken(failed.value.partial) == [("ann", "Yours."), ("bob", "No,  YOURS.")]


async def test_the_chain_is_not_longer_than_the_flow_allows():
    told = (f"Part {number}." for number in range(100))
    agents = {
        name: lambda text, other=other: hands(other, next(told))
        for name, other in (("ann", "bob"), ("bob", "ann"))
    }
    with pytest.raises(StepFailed) as failed:
        await played(team("swarm"), agents, most_hops=3)
    assert failed.value.code == "limit_hops"
    assert "ann → bob → ann → bob → ann" in failed.value.message
    assert len(failed.value.partial["transcript"]) == 3


async def test_what_an_agent_hands_over_goes_no_further_than_it_says():
    agents = {"ann": hands("bob", "One."), "bob": hands("cy", "Two."), "cy": hands("ann", "Three.")}
    documents = {("agent", "ann"): {"delegation": {"max_hops": 2}}}
    with pytest.raises(StepFailed) as failed:
        await played(team("swarm", ALL), agents, documents=documents, most_hops=50)
    assert (failed.value.code, len(failed.value.partial["transcript"])) == ("limit_hops", 2)


async def test_messages_that_are_all_handoffs_end_it():
    told = (f"Part {number}." for number in range(100))
    agents = {
        name: lambda text, other=other: hands(other, next(told))
        for name, other in (("ann", "bob"), ("bob", "ann"))
    }
    with pytest.raises(StepFailed) as failed:
        await played(team("swarm", max_turns=4), agents, most_hops=50)
    assert failed.value.code == "limit_hops"
    assert failed.value.message.startswith("After 4 messages everybody handed over and nobody answered.")
    assert len(failed.value.partial["transcript"]) == 4


async def test_whose_turn_fails_had_the_floor():
    agents = {"ann": hands("bob", "Yours."), "bob": StepFailed("provider_error", "Down.")}
    with pytest.raises(StepFailed) as failed:
        await played(team("swarm", ALL), agents)
    assert failed.value.code == "provider_error"
    assert [entry["agent"] for entry in failed.value.partial["transcript"]] == ["ann", "bob"]


async def test_a_person_in_a_swarm_answers():
    agents = {"ann": hands("user:rita", "Rita knows.")}
    answer = Answer("answer", {"text": "It is 4711."}, ("rita",), "", AT)
    finished, world = await played(team("swarm", ("ann", "user:rita")), agents, answers=[answer])
    assert finished.output["text"] == "It is 4711."
    assert finished.output["transcript"][-1] == {"agent": "user:rita", "text": "It is 4711.", "by": "rita"}
    assert world.questions[0].schema["required"] == ["text"]


async def test_who_is_alone_is_offered_nothing():
    finished, _ = await played(team("swarm", ("ann",)), {"ann": says(hands("ann"), "Alone.")})
    assert finished.output["text"] == "Alone."


async def test_what_each_is_for_is_told_with_the_function():
    world = World(agents={"ann": "Done."}, documents={("agent", "bob"): {"purpose": "Knows taxes."}})
    await run(team("swarm", ("ann", "bob", "user:rita")), world)
    assert world.offered[0].parameters["properties"]["agent"] == {
        "type": "string",
        "enum": ["bob", "user:rita"],
        "description": "bob: Knows taxes.; user:rita",
    }


async def test_the_chain_grows_again_from_what_is_known():
    agents = {"ann": hands("bob", "One."), "bob": hands("cy", "Two."), "cy": hands("ann", "Three.")}
    item = team("swarm", ALL, max_turns=2)
    world = World(agents=agents, most_hops=50)
    with pytest.raises(StepFailed):
        await run(item, world)
    again = World(agents={"cy": hands("ann", "Three.")}, turns=dict(world.turns), most_hops=2)
    with pytest.raises(StepFailed) as failed:
        await run(team("swarm", ALL), again)
    assert failed.value.code == "limit_hops"
    assert "ann → bob → cy → ann" in failed.value.message
    assert [who for who, _ in again.asked] == ["cy"]
