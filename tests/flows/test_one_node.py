"""Owns the tests of trying one node: the flow around it, what must be given, and what cannot be tried alone."""

import pytest

from flows.check import check
from flows.checks.drawing import Drawing
from flows.one_node import NotAlone, literal, needed, one_node, schema_of
from governance.expressions import value
from tests.flows.drawings import edge, flow, library, line, lookup, node

SHAPED = {"type": "object", "required": ["score"], "properties": {"score": {"type": "number"}}}
AGENTS = library(agent_scorer={"slug": "scorer", "purpose": "x", "model": "m/m", "output_schema": SHAPED})
SCORE = node("score", "agent", {"agent": "scorer", "text": "{{ input.topic }}"})
INPUT = {"type": "object", "properties": {"topic": {"type": "string"}}}


def drawing(document):
    return Drawing(document, AGENTS)


def test_what_a_node_reads_is_given_to_it():
    mail = node("mail", "transform", {"output": "= steps.score.output.score"})
    document = line(SCORE, mail, limits={"max_cost_usd": 1})
    tried = one_node(drawing(document), "mail", {"score": {"score": 0.5}})
    assert [(item["id"], item["type"]) for item in tried["nodes"]] == [
        ("start", "start"),
        ("score", "transform"),
        ("mail", "transform"),
        ("done", "end"),
    ]
    assert tried["nodes"][1]["config"] == {"output": {"score": 0.5}}
    assert tried["edges"] == [edge("start -> score"), edge("score -> mail"), edge("mail -> done")]
    assert tried["limits"] == {"max_cost_usd": 1}
    assert check(tried, AGENTS) == []


def test_a_node_that_reads_only_the_input_stands_behind_the_start():
    tried = one_node(drawing(line(SCORE)), "score", {})
    assert tried["edges"] == [edge("start -> score"), edge("score -> done")]


def test_every_port_leads_to_the_end():
    tried = one_node(drawing(line(node("a", "approval", on_error="port"))), "a", {})
    assert [found.get("port") for found in tried["edges"]] == [
        None,
        "approved",
        "rejected",
        "timed_out",
        "error",
    ]
    assert check(tried, AGENTS) == []


def test_an_end_is_tried_as_it_is():
    document = line(SCORE)
    document["nodes"][-1]["config"] = {"output": "= steps.score.output"}
    tried = one_node(drawing(document), "done", {"score": {"score": 1}})
    assert [item["type"] for item in tried["nodes"]] == ["start", "transform", "end"]
    assert check(tried, AGENTS) == []


def test_a_join_is_given_all_that_arrives():
    document = flow(
        [node("start", "start"), SCORE, node("b", "wait"), node("j", "join"), node("done", "end")],
        ["start -> score", "start -> b", "score -> j", "b -> j", "j -> done"],
    )
    assert needed(drawing(document), "j") == ["score", "b"]
    assert check(one_node(drawing(document), "j", {"score": {}, "b": {}}), AGENTS) == []


def test_the_form_asks_for_what_is_read():
    reader = node("r", "transform", {"output": "{{ input.topic }} {{ steps.score.output.score }}"})
    assert schema_of(drawing(line(SCORE, reader, input_schema=INPUT)), "r") == {
        "type": "object",
        "properties": {
            "input": INPUT,
            "steps": {"type": "object", "properties": {"score": SHAPED}, "required": ["score"]},
        },
        "required": ["input", "steps"],
    }


@pytest.mark.parametrize("item", ["start", "fresh"])
def test_what_does_no_work_cannot_be_tried(item):
    with pytest.raises(NotAlone):
        needed(Drawing(line(node("fresh", "oracle", {})), lookup), item)


@pytest.mark.parametrize(
    "given",
    ["plain", "= 1 + 1", "\\= x", "{{ input.x }}", "a { b", {"k": ["= x", 1, None, True]}, "{% raw %}"],
)
def test_no_given_text_is_taken_for_an_expression(given):
    assert value(literal(given), {}) == given


def test_a_text_that_would_end_its_own_quotes_is_refused():
    with pytest.raises(NotAlone):
        literal("{% endraw %}{{ input }}")
