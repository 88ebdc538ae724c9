"""What an agent's model is offered to say to people, and what that may take."""

import pytest

from flows.estimate import estimate
from flows.letters import clean, in_one_line, says_something
from flows.reporting import (
    ANSWER,
    IN_WORDS,
    MOST,
    NAMES,
    allowed,
    boundary,
    candidates,
    functions,
    reviewers,
    waited_s,
)
from flows.time_estimate import time_estimate
from governance.schemas import fits
from registry.schemas import MAY_REPORT
from tests.flows.drawings import flow, node

REFUNDS = {
    "slug": "refunds",
    "purpose": "Answers questions about refunds.",
    "handles": ["refunds", "charges."],
    "delegates": ["faults: technical"],
}
OTHERS = [("technical", {"purpose": "Mends faults."}), ("sales", None)]
EVERY = dict.fromkeys(NAMES, lambda arguments, calling: None)


def offered(may: list[str], others=OTHERS, **more) -> dict:
    return {one.name: one for one in functions({**REFUNDS, **more, "reports": {"may": may}}, others, EVERY)}


def test_the_document_names_every_report_there_is():
    assert tuple(NAMES) == MAY_REPORT


@pytest.mark.parametrize(
    ("may", "names"),
    [
        ([], []),
        (["help"], ["ask_for_help"]),
        (
            ["out_of_scope", "escalate", "help", "status"],
            ["report_status", "ask_for_help", "escalate", "out_of_scope"],
        ),
    ],
)
def test_a_model_is_offered_what_its_agent_may(may, names):
    assert list(offered(may)) == names
    assert functions(REFUNDS, OTHERS, EVERY) == () == allowed(REFUNDS)


@pytest.mark.parametrize(("schema", "field"), [(ANSWER, "answer"), (IN_WORDS, "text")])
def test_what_a_person_answers_has_an_end(schema, field):
    assert fits(schema, {field: "x" * 20_000})
    assert not fits(schema, {field: "x" * 20_001})


@pytest.mark.parametrize(
    ("text", "says"),
    [("", False), (" \n\t", False), ("\u200b\u2060", False), ("\x1b\x07", False), (" \u200b? ", True)],
)
def test_blanks_and_letters_without_a_shape_say_nothing(text, says):
    assert says_something(text) is says


def test_what_steers_a_terminal_or_turns_the_order_of_letters_is_left_out():
    assert clean("a\x1b[2J\r\n\u202eb\u2066\u2069\tc\x9b") == "a[2J\nb\tc"
    assert in_one_line(" a\x1b\n\n b\u202a ") == "a b"


def test_only_what_gives_the_task_away_ends_the_turn():
    assert [name for name, one in offered(list(NAMES)).items() if one.ends] == ["escalate", "out_of_scope"]


def test_the_boundary_is_told_in_the_agents_own_words():
    assert boundary(REFUNDS) == "You handle: refunds; charges. Left to others: faults: technical. "
    assert boundary({"purpose": "Writes."}) == "You are for: Writes. "
    assert boundary({}) == ""
    one = offered(["out_of_scope"])["out_of_scope"]
    assert "You handle: refunds; charges. Left to others: faults: technical." in one.description
    assert one.parameters["properties"]["agent"]["enum"] == ["technical", "sales"]
    assert "technical: Mends faults.; sales" in one.parameters["properties"]["agent"]["description"]
    assert one.parameters["required"] == ["reason"]


def test_without_others_nobody_can_be_named():
    one = offered(["out_of_scope"], ())["out_of_scope"]
    assert list(one.parameters["properties"]) == ["reason"]
    assert one.description.endswith("It is then refused.")


def test_who_does_not_take_it_is_on_record_with_the_reason():
    assert candidates(["a", "b", "c"], "b", {"a": "A policy denies it."}) == [
        {"name": "a", "score": None, "excluded_because": "A policy denies it."},
        {"name": "b", "score": None, "excluded_because": None},
        {"name": "c", "score": None, "excluded_because": "the agent named another"},
    ]
    assert candidates(["a"], None, {})[0]["excluded_because"] == "the agent named nobody who takes it"


@pytest.mark.parametrize(
    ("reports", "escalate", "seconds"),
    [
        (None, None, 0),
        ({"may": ["status", "out_of_scope"]}, None, 0),
        ({"may": ["help"], "due_in_s": 60}, None, 60 * MOST["help"]),
        ({"may": ["escalate"], "due_in_s": 60}, None, 60),
        ({"may": ["escalate"], "due_in_s": 60}, {"to": "role:admin", "due_in_s": 7}, 7),
        ({"may": ["help", "escalate"]}, {"to": "role:admin", "due_in_s": 7}, None),
    ],
)
def test_people_may_take_so_long_and_no_longer(reports, escalate, seconds):
    agent = {"model": "p/m", **({"reports": reports} if reports else {})}
    assert waited_s(agent, escalate) == seconds
    more = {"escalate": escalate} if escalate else {}
    nodes = [
        node("start", "start"),
        node("a", "agent", {"agent": "a", "text": "?"}, **more),
        node("done", "end"),
    ]
    drawn = flow(nodes, ["start -> a", "a -> done"])
    found = time_estimate(drawn, lambda kind, ref: agent)
    assert found["unbounded"] == (["a"] if seconds is None else [])
    if seconds is not None:
        plain = time_estimate(drawn, lambda kind, ref: {"model": "p/m"})["worst_s"]
        calls = 0 if reports is None else 8 * 120
        assert found["worst_s"] == plain + seconds + calls


def test_who_is_asked_is_named_or_the_reviewers():
    assert reviewers(REFUNDS) == ("role:reviewer",)
    assert reviewers({"reports": {"may": ["help"], "to": ["user:rita"]}}) == ("user:rita",)


def test_every_report_may_cost_a_turn_of_the_model():
    """Of an agent without tools: one answer and one repair, and as many turns more as it may call functions."""

    def worst(agent: dict) -> float:
        drawn = flow(
            [node("start", "start"), node("a", "agent", {"agent": "a", "text": "?"}), node("done", "end")],
            ["start -> a", "a -> done"],
        )
        return estimate(drawn, lambda kind, ref: agent, lambda model: (0, 1_000_000))["worst_usd"]

    plain = {"model": "p/m", "params": {"max_tokens": 1}, "limits": {"max_tool_calls": 3}}
    assert worst(plain) == 0.002
    assert worst({**plain, "reports": {"may": ["status"]}}) == 0.005
