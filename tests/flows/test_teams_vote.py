"""Owns the tests of votes: majority, weights, quorum, ties, and a judge that breaks them."""

import pytest

from flows.nodes.base import Answer, StepFailed
from tests.flows.teams import played, spoken, team, votes

THREE = ("ann", "bob", "cy")
OPTIONS = ["A", "B", "C"]
BROKEN = StepFailed("provider_error", "Down.")
AT = "2026-01-01T00:00:00Z"


def ballot(participants=THREE, **config) -> dict:
    return team("vote", participants, **{"options": OPTIONS, **config})


async def test_two_of_three_votes_are_a_majority():
    agents = {"ann": votes("A", "First."), "bob": votes("A"), "cy": {"vote": "B"}}
    finished, world = await played(ballot(), agents)
    assert finished.ports == ("out",)
    assert finished.output == {
        "text": "A has 2 of 3.",
        "transcript": [
            {"agent": "ann", "text": "First.", "position": "A"},
            {"agent": "bob", "text": "Because.", "position": "A"},
            {"agent": "cy", "text": "", "position": "B"},
        ],
        "rounds": 1,
        "winner": "A",
        "tally": [{"value": "A", "count": 2}, {"value": "B", "count": 1}],
    }
    assert world.choices == [
        {
            "kind": "team",
            "candidates": [
                {"name": "A", "score": 2 / 3, "excluded_because": None},
                {"name": "B", "score": 1 / 3, "excluded_because": "A has 2 of 3."},
            ],
            "chosen": ["A"],
            "method": "majority",
            "reason": "A has 2 of 3.",
        }
    ]
    assert all("Vote for one of these, and say why: A; B; C." in text for _, text in world.asked)


async def test_nobody_sees_the_votes_of_others_and_all_vote_at_once():
    finished, world = await played(ballot(), dict.fromkeys(THREE, votes("A")))
    assert (finished.output["winner"], world.most_at_once) == ("A", 3)
    assert all("[" not in text for _, text in world.asked)


VERDICTS = [
    ("AAB", {}, {}, "A", "A has 2 of 3."),
    ("ABC", {}, {}, None, "No majority: A 1, B 1, C 1, and more than half of 3 is needed."),
    ("ABB", {"ann": 2}, {}, None, "No majority: A 2, B 2, and more than half of 4 is needed."),
    ("ABB", {"ann": 3}, {}, "A", "A has 3 of 5."),
    ("AB-", {}, {}, None, "No majority: A 1, B 1, and more than half of 3 is needed."),
    ("AA-", {}, {}, "A", "A has 2 of 3."),
    ("AA-", {}, {"quorum": 3}, None, "2 of the 3 votes that are needed came."),
    ("A--", {}, {"quorum": 2}, None, "1 of the 2 votes that are needed came."),
    ("A--", {}, {"quorum": 1}, "A", "A has 1 of 1."),
    ("AAA", {}, {"decide": "consensus"}, "A", "Everybody says A."),
    ("AAB", {}, {"decide": "consensus"}, None, "No consensus: A 2, B 1."),
    ("ABB", {"ann": 0.1, "bob": 0.2, "cy": 0.3}, {}, "B", "B has 0.5 of 0.6."),
]


@pytest.mark.parametrize(("cast", "weights", "config", "winner", "text"), VERDICTS)
async def test_a_vote_is_decided_by_what_came(cast, weights, config, winner, text):
    agents = {name: BROKEN if vote == "-" else votes(vote) for name, vote in zip(THREE, cast, strict=True)}
    finished, _ = await played(ballot(weights=weights, **config), agents)
    assert (finished.output.get("winner"), finished.output["text"]) == (winner, text)
    assert finished.ports == (("no_consensus",) if winner is None else ("out",))
    assert finished.output["tally"]


async def test_a_judge_breaks_a_tie_and_is_not_asked_without_one():
    agents = {
        "ann": votes("A"),
        "bob": votes("B"),
        "cy": votes("C"),
        "jill": {"text": "C is safest.", "winner": "C"},
    }
    item = ballot(decide="judge", judge="jill")
    finished, world = await played(item, agents)
    assert (finished.ports, finished.output["text"], finished.output["winner"]) == (
        ("out",),
        "C is safest.",
        "C",
    )
    assert finished.output["tally"] == [{"value": name, "count": 1} for name in "ABC"]
    assert "[ann] Because. (position: A)" in world.asked[-1][1]
    finished, world = await played(item, agents | {"cy": votes("B")})
    assert (finished.output["winner"], [who for who, _ in world.asked]) == ("B", list(THREE))


async def test_a_judge_does_not_stand_in_for_votes_that_did_not_come():
    agents = {"ann": votes("A"), "bob": BROKEN, "cy": votes("B"), "jill": {"text": "B.", "winner": "B"}}
    finished, _ = await played(ballot(decide="judge", judge="jill", quorum=3), agents)
    assert finished.ports == ("no_consensus",)


async def test_a_judge_chooses_among_the_options():
    agents = {"ann": votes("A"), "bob": votes("B"), "jill": {"text": "Both.", "winner": "A and B"}}
    with pytest.raises(StepFailed) as failed:
        await played(ballot(("ann", "bob"), decide="judge", judge="jill"), agents)
    assert failed.value.code == "invalid_output"


async def test_one_vote_without_a_quorum_is_no_vote():
    with pytest.raises(StepFailed) as failed:
        await played(ballot(), {"ann": votes("A"), "bob": BROKEN, "cy": votes("D")})
    assert failed.value.code == "invalid_output"
    assert spoken(failed.value.partial)[0] == ("ann", "Because.", "A")


async def test_a_guard_in_one_ballot_ends_it_with_the_votes_that_came():
    agents = {"ann": StepFailed("budget_exceeded", "No money."), "bob": votes("B"), "cy": votes("B")}
    with pytest.raises(StepFailed) as failed:
        await played(ballot(), agents)
    assert failed.value.code == "budget_exceeded"
    assert [entry["agent"] for entry in failed.value.partial["transcript"]] == ["bob", "cy"]


async def test_people_vote_too():
    answers = [
        Answer("answer", votes("B", "Mine."), ("rita",), "", AT),
        Answer("timed_out", None, (), "", AT),
    ]
    item = ballot(("ann", "user:rita", "role:reviewer"), due_in_s=60, weights={"user:rita": 5})
    finished, world = await played(item, {"ann": votes("A")}, answers=answers)
    assert (finished.output["winner"], finished.output["tally"]) == (
        "B",
        [{"value": "A", "count": 1}, {"value": "B", "count": 5}],
    )
    assert finished.output["transcript"][:2] == [
        {"agent": "ann", "text": "Because.", "position": "A"},
        {"agent": "user:rita", "text": "Mine.", "position": "B", "by": "rita"},
    ]
    assert world.questions[0].schema["properties"]["vote"]["enum"] == OPTIONS
    assert [(asked.seat, asked.seats) for asked in world.questions] == [
        ("user:rita", ("ann", "user:rita", "role:reviewer")),
        ("role:reviewer", ("ann", "user:rita", "role:reviewer")),
    ]
