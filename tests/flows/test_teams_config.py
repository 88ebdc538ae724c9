"""Owns the tests of a team's config: what is wrong with it, what it names, and who may answer in its place."""

import pytest

from flows.check import check
from flows.nodes import TYPES
from flows.nodes.base import Finished
from governance.schemas import instance_problems
from tests.flows.drawings import flow, library, line, node, told, warned
from tests.flows.teams import team

AGENTS = {
    f"agent_{name}": {"slug": name, "purpose": "Talks.", "model": "m/x"}
    for name in ("ann", "bob", "jill", "ann@2")
}
VOTE = {"options": ["A", "B"]}


def problems(item, find):
    drawn = line({**item, "id": "t"})
    drawn["edges"][1]["port"] = "out"
    return [(code, pointer) for code, pointer, _ in find(check(drawn, library(**AGENTS)))]


ERRORS = [
    (team("debate"), []),
    (team("vote", **VOTE), []),
    (team("moderated", moderator="jill"), []),
    (team("swarm", ("ann", "user:rita")), []),
    (team("debate", decide="judge", judge="jill"), []),
    (team("vote"), [("missing_options", "/nodes/1/config")]),
    (team("debate", decide="judge"), [("missing_judge", "/nodes/1/config")]),
    (team("moderated"), [("missing_moderator", "/nodes/1/config")]),
    (team("debate", ("ann", "bob", "ann@2")), [("duplicate_participant", "/nodes/1/config/participants/2")]),
    (team("debate", ("ann",)), [("too_few_participants", "/nodes/1/config/participants")]),
    (team("vote", ("ann",), **VOTE), [("too_few_participants", "/nodes/1/config/participants")]),
    (team("round_robin", ("ann",)), []),
    (team("debate", weights={"ann": 2, "zed": 1}), [("unknown_participant", "/nodes/1/config/weights/zed")]),
    (team("debate", weights={"ann@7": 2}), [("other_version", "/nodes/1/config/weights/ann@7")]),
    (team("debate", ("ann@2", "bob"), weights={"ann@2": 2}), []),
    (team("debate", ("ann@2", "bob"), weights={"ann": 2}), []),
    (
        team("debate", ("ann@2", "bob"), weights={"ann": 2, "ann@2": 5}),
        [("duplicate_weight", "/nodes/1/config/weights/ann@2")],
    ),
    (
        team("debate", ("ann@2", "bob"), weights={"ann@2": 5, "ann": 2}),
        [("duplicate_weight", "/nodes/1/config/weights/ann")],
    ),
    (team("vote", quorum=3, **VOTE), [("quorum_too_high", "/nodes/1/config/quorum")]),
    (team("round_robin", decide="majority"), [("nothing_to_decide", "/nodes/1/config/decide")]),
    (team("swarm", decide="judge", judge="jill"), [("nothing_to_decide", "/nodes/1/config/decide")]),
    (team("debate", stop_when="transcript[0].txt == last.text && rounds > 1"), []),
    (team("debate", stop_when="turns > 1"), [("unknown_name", "/nodes/1/config/stop_when")]),
    (team("debate", weights={"ann": 0}), [("exclusiveMinimum", "/nodes/1/config/weights/ann")]),
    (team("debate", ("ann", "Bob!")), [("pattern", "/nodes/1/config/participants/1")]),
    (team("debate", ("ann", "flow:x")), [("pattern", "/nodes/1/config/participants/1")]),
    (team("debate", ("ann", "zed")), [("dead_reference", "/nodes/1/config/participants/1")]),
    (team("debate", decide="judge", judge="zed"), [("dead_reference", "/nodes/1/config/judge")]),
]


@pytest.mark.parametrize(("item", "expected"), ERRORS)
def test_what_a_team_cannot_do_is_refused(item, expected):
    assert problems(item, told) == expected


WARNINGS = [
    (team("debate"), []),
    (team("debate", judge="jill"), [("unused", "/nodes/1/config/judge")]),
    (team("debate", moderator="jill"), [("unused", "/nodes/1/config/moderator")]),
    (team("debate", quorum=2), [("unused", "/nodes/1/config/quorum")]),
    (team("round_robin", options=["A", "B"]), [("unused", "/nodes/1/config/options")]),
    (team("round_robin", options=["A", "B"], decide="judge", judge="jill"), []),
    (team("vote", max_turns=2, **VOTE), [("unused", "/nodes/1/config/max_turns")]),
    (team("debate", max_turns=1), [("silent_participants", "/nodes/1/config/max_turns")]),
    (team("vote", ("user:rita", "user:rob"), **VOTE), []),
    (team("vote", ("role:reviewer", "group:finance"), **VOTE), []),
    (
        team("vote", ("role:reviewer", "user:rita"), **VOTE),
        [("one_vote_each", "/nodes/1/config/participants/1")],
    ),
    (
        team("vote", ("user:rita", "ann", "group:finance", "user:rob"), **VOTE),
        [
            ("one_vote_each", "/nodes/1/config/participants/0"),
            ("one_vote_each", "/nodes/1/config/participants/3"),
        ],
    ),
    (team("round_robin", ("role:reviewer", "user:rita")), []),
]


@pytest.mark.parametrize(("item", "expected"), WARNINGS)
def test_what_nothing_reads_is_said(item, expected):
    assert problems(item, warned) == expected


def test_every_agent_of_a_team_is_pinned_with_its_place():
    config = team("moderated", ("ann@2", "user:rita", "bob"), moderator="mo", decide="judge", judge="jill")[
        "config"
    ]
    assert [(found.kind, found.ref, found.pointer) for found in TYPES["team"].references(config)] == [
        ("agent", "ann@2", "/config/participants/0"),
        ("agent", "bob", "/config/participants/2"),
        ("agent", "jill", "/config/judge"),
        ("agent", "mo", "/config/moderator"),
    ]


def test_what_a_team_brings_can_be_read_and_nothing_else():
    done = node("done", "end", {"output": {"a": "= steps.t.output.winner", "b": "= steps.t.output.votes"}})
    drawn = flow([node("start", "start"), {**team("debate"), "id": "t"}, done], ["start -> t", "t -> done"])
    assert [code for code, _, _ in told(check(drawn, library(**AGENTS)))] == ["unknown_key"]


def test_a_person_may_answer_for_the_team():
    config = team("vote", **VOTE)["config"]
    schema = TYPES["team"].answer_schema(config)
    assert instance_problems(schema, {"text": "I say B.", "winner": "B"}) == []
    assert instance_problems(schema, {"text": "I say C.", "winner": "C"}) != []
    finished = TYPES["team"].answered(config, {"text": "I say B.", "winner": "B"})
    assert finished == Finished({"text": "I say B.", "transcript": [], "rounds": 0, "winner": "B"}, ("out",))
    assert instance_problems(TYPES["team"].output_schema(config, None), finished.output) == []
