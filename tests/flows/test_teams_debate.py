"""Owns the tests of debates: rounds, positions that change, and how they are decided."""

import pytest

from flows.nodes.base import Answer, StepFailed
from tests.flows.teams import holds, played, says, spoken, team

THREE = ("ann", "bob", "cy")
BROKEN = StepFailed("timeout", "Too slow.")
AT = "2026-01-01T00:00:00Z"


async def test_a_debate_goes_on_until_all_last_positions_are_equal():
    agents = {
        "ann": says(holds("tea", "It calms."), holds(" Coffee ", "You are right.", to="bob")),
        "bob": says(holds("coffee", "It wakes."), holds("coffee", "See?")),
    }
    finished, world = await played(team("debate"), agents)
    assert finished.ports == ("out",)
    assert finished.output == {
        "text": "You are right.",
        "transcript": [
            {"agent": "ann", "text": "It calms.", "position": "tea"},
            {"agent": "bob", "text": "It wakes.", "position": "coffee"},
            {"agent": "ann", "text": "You are right.", "position": "Coffee", "to": "bob"},
        ],
        "rounds": 2,
        "winner": "Coffee",
        "tally": [{"value": "Coffee", "count": 2}],
    }
    assert "[ann] It calms. (position: tea)" in world.asked[1][1]
    assert world.choices == [
        {
            "kind": "team",
            "candidates": [{"name": "Coffee", "score": 1.0, "excluded_because": None}],
            "chosen": ["Coffee"],
            "method": "consensus",
            "reason": "Everybody says Coffee.",
        }
    ]


async def test_nobody_has_agreed_before_everybody_spoke():
    agents = dict.fromkeys(THREE, holds("tea"))
    finished, _ = await played(team("debate", THREE), agents)
    assert [entry["agent"] for entry in finished.output["transcript"]] == ["ann", "bob", "cy"]
    finished, _ = await played(team("debate", THREE, max_turns=2), agents)
    assert (finished.ports, len(finished.output["transcript"])) == (("no_consensus",), 2)


async def test_without_agreement_it_ends_with_its_messages_and_says_who_holds_what():
    agents = {"ann": holds("tea"), "bob": holds("coffee", "Never."), "cy": holds("tea", "Last word.")}
    finished, world = await played(team("debate", THREE, max_turns=6), agents)
    assert finished.ports == ("no_consensus",)
    assert (finished.output["rounds"], finished.output["text"]) == (2, "Last word.")
    assert finished.output["tally"] == [{"value": "tea", "count": 2}, {"value": "coffee", "count": 1}]
    assert "winner" not in finished.output
    assert world.choices[0]["chosen"] == ["no_consensus"]
    assert world.choices[0]["reason"] == "No consensus: tea 2, coffee 1."


MAJORITIES = [
    ({}, ("tea", "coffee", "tea"), "tea"),
    ({}, ("tea", "coffee", "milk"), None),
    ({"bob": 2}, ("tea", "coffee", "tea"), None),
    ({"bob": 2.5}, ("tea", "coffee", "tea"), "coffee"),
    ({"ann": 0.1, "bob": 0.3, "cy": 0.2}, ("tea", "coffee", "tea"), None),
    ({"ann": 0.1, "bob": 0.3, "cy": 0.2000001}, ("tea", "coffee", "tea"), "tea"),
]


@pytest.mark.parametrize(("weights", "positions", "winner"), MAJORITIES)
async def test_a_majority_is_more_than_half_of_the_weight(weights, positions, winner):
    agents = {
        name: holds(position, f"For {position}.") for name, position in zip(THREE, positions, strict=True)
    }
    item = team("debate", THREE, max_turns=3, decide="majority", weights=weights)
    finished, _ = await played(item, agents)
    assert finished.output.get("winner") == winner
    assert finished.ports == (("no_consensus",) if winner is None else ("out",))
    assert finished.output["text"] == f"For {winner or positions[-1]}."


async def test_who_dropped_out_still_counts_for_a_majority_of_all():
    agents = {"ann": holds("tea"), "bob": says(holds("coffee"), BROKEN), "cy": BROKEN, "dan": holds("tea")}
    item = team("debate", ("ann", "bob", "cy", "dan"), decide="majority")
    finished, _ = await played(item, agents)
    assert (finished.ports, finished.output["tally"]) == (("no_consensus",), [{"value": "tea", "count": 2}])


async def test_one_alone_does_not_debate():
    agents = {"ann": holds("tea"), "bob": says(holds("coffee"), BROKEN)}
    with pytest.raises(StepFailed) as failed:
        await played(team("debate"), agents)
    assert failed.value.code == "timeout"
    assert spoken(failed.value.partial) == [
        ("ann", "Because.", "tea"),
        ("bob", "Because.", "coffee"),
        ("ann", "Because.", "tea"),
        ("bob", ""),
    ]


async def test_stop_when_ends_a_debate_and_it_is_decided():
    agents = {"ann": holds("tea"), "bob": holds("coffee")}
    finished, _ = await played(team("debate", stop_when='last.position == "coffee"'), agents)
    assert (finished.ports, len(finished.output["transcript"])) == (("no_consensus",), 2)


async def test_a_judge_reads_the_transcript_and_decides():
    verdict = {"text": "Milk, says the law.", "winner": "milk"}
    agents = {"ann": holds("tea"), "bob": holds("coffee"), "jill": verdict}
    finished, world = await played(
        team("debate", max_turns=4, decide="judge", judge="jill@3"), agents | {"jill@3": verdict}
    )
    assert finished.ports == ("out",)
    assert (finished.output["text"], finished.output["winner"]) == ("Milk, says the law.", "milk")
    assert finished.output["tally"] == [{"value": "tea", "count": 1}, {"value": "coffee", "count": 1}]
    assert world.asked[-1][1].count("(position: ") == 4
    assert (world.turns["judge"].agent, world.turns["judge"].task["agent"]) == ("jill@3", "jill")
    assert (world.choices[0]["method"], world.choices[0]["chosen"]) == ("judge", ["milk"])


async def test_a_judge_that_cannot_answer_fails_the_step_with_what_was_said():
    agents = {"ann": holds("tea"), "bob": holds("coffee"), "jill": {"verdict": "tea"}}
    with pytest.raises(StepFailed) as failed:
        await played(team("debate", max_turns=2, decide="judge", judge="jill"), agents)
    assert (failed.value.code, len(failed.value.partial["transcript"])) == ("invalid_output", 2)


@pytest.mark.parametrize(
    "answer",
    [{"text": "Tea."}, {"position": "tea"}, {"text": "Tea.", "position": " "}, "Tea.", holds("milk")],
    ids=["no position", "no text", "an empty position", "words", "not among the options"],
)
async def test_an_answer_of_another_shape_drops_its_speaker(answer):
    options = {"options": ["tea", "coffee"]} if answer == holds("milk") else {}
    agents = {"ann": holds("tea"), "bob": answer, "cy": holds("tea")}
    finished, _ = await played(team("debate", THREE, **options), agents)
    assert finished.output["transcript"][1]["error"]["code"] == "invalid_output"
    assert (finished.output["winner"], len(finished.output["transcript"])) == ("tea", 3)


async def test_whom_it_answers_is_kept_where_it_is_one_of_the_others():
    agents = {
        "ann": holds("tea", to="everybody"),
        "bob": says(holds("coffee", to=" ann "), holds("tea", to="bob")),
    }
    finished, _ = await played(team("debate"), agents)
    assert [entry.get("to") for entry in finished.output["transcript"]] == [None, "ann", None, None]


async def test_a_person_debates_with_the_same_form():
    answers = [Answer("answer", holds("tea", "I like it."), ("rita",), "", AT)]
    item = team("debate", ("ann", "role:reviewer"), options=["tea", "coffee"])
    finished, world = await played(item, {"ann": holds("tea")}, answers=answers)
    assert spoken(finished.output)[1] == ("role:reviewer", "I like it.", "tea")
    assert [entry.get("by") for entry in finished.output["transcript"]] == [None, "rita"]
    assert world.questions[0].schema["properties"]["position"]["enum"] == ["tea", "coffee"]
    assert world.questions[0].reviewers == ("role:reviewer",)
