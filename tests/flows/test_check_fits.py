"""Owns the tests of what fits what (P22): a step's output against what the next step takes."""

import pytest

from flows.check import check
from tests.flows.drawings import library, line, node, told, warned

CHARGE = {
    "type": "object",
    "required": ["id", "amount"],
    "properties": {
        "id": {"type": "string"},
        "amount": {"type": "number"},
        "currency": {"enum": ["EUR", "USD"]},
    },
    "additionalProperties": False,
}
FOUND = {
    "type": "object",
    "required": ["id", "amount", "tags", "kind"],
    "properties": {
        "id": {"type": "integer"},
        "amount": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "kind": {"enum": ["card", "cash"]},
        "note": {"type": "string"},
    },
}
LIBRARY = library(
    tool_refund={"slug": "refund", "type": "http", "input_schema": CHARGE},
    tool_find={"slug": "find", "type": "http", "output_schema": FOUND},
    tool_sum={"slug": "sum", "type": "calculator"},
    flow_refunds={"slug": "refunds", "nodes": [], "edges": [], "input_schema": CHARGE},
    agent_clerk={"slug": "clerk", "purpose": "Refunds.", "input_schema": CHARGE},
)
FIND = node("find", "tool", {"tool": "find"})
ARGUMENTS = "/nodes/2/config/arguments"


def refund(**arguments):
    return line(FIND, node("r", "tool", {"tool": "refund", "arguments": arguments}))


FITS = {
    "texts and expressions": refund(id="{{ steps.find.output.id }}", amount="= steps.find.output.amount"),
    "a whole number as a number": refund(id="x", amount=3),
    "what cannot be known": refund(
        id="= string(steps.find.output.id)", amount="= steps.find.output.amount * 2"
    ),
    "an open field": refund(id="= steps.find.output.note", amount=1.5),
    "one expression for all": line(
        FIND, node("r", "tool", {"tool": "refund", "arguments": "= input.charge"})
    ),
    "a subflow": line(FIND, node("r", "subflow", {"flow": "refunds", "input": {"id": "x", "amount": 1}})),
    "a map's items": line(
        FIND, node("r", "map", {"items": "[1]", "tool": "refund", "arguments": {"id": "= item", "amount": 1}})
    ),
    "a calculator": line(FIND, node("r", "tool", {"tool": "sum", "arguments": {"expression": "1 + 1"}})),
}


@pytest.mark.parametrize("document", FITS.values(), ids=FITS)
def test_what_may_fit_has_no_problems(document):
    assert check(document, LIBRARY) == []


BREACHES = {
    "a number for a text": (
        refund(id="= steps.find.output.id", amount=1),
        ("schema_mismatch", "/edges/1", ("find", "r")),
    ),
    "a list for a text": (
        refund(id="= steps.find.output.tags", amount=1),
        ("schema_mismatch", "/edges/1", ("find", "r")),
    ),
    "other words": (
        refund(id="x", amount=1, currency="= steps.find.output.kind"),
        ("schema_mismatch", "/edges/1", ("find", "r")),
    ),
    "a text for a number": (
        refund(id="x", amount="{{ input.amount }}"),
        ("schema_mismatch", f"{ARGUMENTS}/amount", ("r",)),
    ),
    "a constant of the wrong kind": (
        refund(id=7, amount=1),
        ("schema_mismatch", f"{ARGUMENTS}/id", ("r",)),
    ),
    "one that is missing": (refund(id="x"), ("schema_mismatch", ARGUMENTS, ("r",))),
    "one too many": (
        refund(id="x", amount=1, reason="late"),
        ("schema_mismatch", f"{ARGUMENTS}/reason", ("r",)),
    ),
    "no arguments": (
        line(FIND, node("r", "tool", {"tool": "refund"})),
        ("schema_mismatch", ARGUMENTS, ("r",)),
    ),
    "a subflow's input": (
        line(FIND, node("r", "subflow", {"flow": "refunds", "input": {"id": "x", "amount": "much"}})),
        ("schema_mismatch", "/nodes/2/config/input/amount", ("r",)),
    ),
    "a map's arguments": (
        line(FIND, node("r", "map", {"items": "[1]", "tool": "refund", "arguments": {"id": "= item"}})),
        ("schema_mismatch", ARGUMENTS, ("r",)),
    ),
    "a whole output": (
        line(FIND, node("r", "tool", {"tool": "refund", "arguments": "= steps.find.output"})),
        ("schema_mismatch", "/edges/1", ("find", "r")),
    ),
}


@pytest.mark.parametrize(("document", "expected"), BREACHES.values(), ids=BREACHES)
def test_what_cannot_fit_is_an_error_at_the_edge_or_at_the_value(document, expected):
    assert expected in told(check(document, LIBRARY))


def test_the_sentence_names_what_is_there_and_what_is_needed():
    [problem] = check(refund(id="= steps.find.output.id", amount=1), LIBRARY)
    assert problem.message == (
        "steps.find.output.id is integer, but string is needed by tool refund: hand over something that fits."
    )
    [problem] = check(refund(id="x"), LIBRARY)
    assert problem.message == (
        "arguments has no 'amount', which is needed by tool refund: hand over something that fits."
    )


def test_an_agent_that_is_asked_a_whole_output_must_be_able_to_take_it():
    clerk = node("c", "agent", {"agent": "clerk", "text": "{{ steps.find.output }}"})
    assert ("schema_mismatch", "/edges/1", ("find", "c")) in told(check(line(FIND, clerk), LIBRARY))


def test_an_agent_whose_text_says_it_in_words_is_only_warned():
    clerk = node("c", "agent", {"agent": "clerk", "text": "Refund {{ steps.find.output.amount }}."})
    problems = check(line(FIND, clerk), LIBRARY)
    assert told(problems) == []
    assert ("schema_mismatch", "/edges/1", ("find", "c")) in warned(problems)


def test_an_agent_that_takes_a_text_takes_any_output_in_it():
    taker = {
        "slug": "taker",
        "purpose": "Takes.",
        "input_schema": {"required": ["text"], "properties": {"text": {}}},
    }
    find = {"slug": "find", "type": "http", "output_schema": FOUND}
    asked = node("c", "agent", {"agent": "taker", "text": "{{ steps.find.output }}"})
    assert check(line(FIND, asked), library(agent_taker=taker, tool_find=find)) == []


def test_what_only_shows_the_way_is_not_held_against_an_agent():
    way = node("w", "condition", {"cases": [{"port": "yes", "when": "true"}]})
    clerk = node("c", "agent", {"agent": "clerk", "text": "Refund {{ input.amount }}."})
    assert check(line(way, clerk), LIBRARY) == []
