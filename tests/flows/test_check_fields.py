"""Owns the tests of the keys that expressions read (B3): each must be one that something can write."""

import pytest

from flows.check import check
from tests.flows.drawings import flow, library, line, lookup, node, told, warned

SCORED = {
    "type": "object",
    "required": ["score"],
    "properties": {"score": {"type": "number"}, "detail": {"type": "object", "properties": {"line": {}}}},
}
CLOSED = {**SCORED, "additionalProperties": False}
WHERE = "/nodes/2/config/output"


def read_from(first, source):
    return line(first, node("t", "transform", {"output": source}))


def agent(**config):
    return node("a", "agent", {"agent": "writer", "text": "Write.", **config})


KNOWN = {
    "an agent's text": read_from(agent(), "= steps.a.output.text"),
    "a schema's field": read_from(agent(output_schema=SCORED), "= steps.a.output.score"),
    "a field in a field": read_from(agent(output_schema=SCORED), "{{ steps.a.output.detail.line }}"),
    "the run": read_from(agent(), "{{ run.user }} {{ run.cost_usd }}"),
    "port": read_from(agent(), "= steps.a.port"),
    "asked for first in CEL": read_from(agent(), "= has(steps.a.output.txt) ? steps.a.output.txt : ''"),
    "asked for first in a text": read_from(
        agent(), "{% if steps.a.output.txt is defined %}{{ steps.a.output.txt }}{% endif %}"
    ),
    "with a default": read_from(agent(), "{{ steps.a.output.txt | default('none') }}"),
    "of a tool without a schema": read_from(node("a", "tool"), "= steps.a.output.body.name"),
    "of a subflow": read_from(node("a", "subflow"), "= steps.a.output.whatever"),
    "of a computed value": read_from(node("a", "transform", {"output": "= input"}), "= steps.a.output.x"),
    "of a transform's key": read_from(node("a", "transform", {"output": {"x": "y"}}), "= steps.a.output.x"),
    "what arrived": read_from(node("a", "transform"), "= steps.a.output.start"),
}


@pytest.mark.parametrize("document", KNOWN.values(), ids=KNOWN)
def test_keys_that_can_be_there_have_no_problems(document):
    assert check(document, lookup) == []


CERTAIN = {
    "an agent's answer": (agent(), "{{ steps.a.output.txt }}"),
    "a schema that is closed": (agent(output_schema=CLOSED), "= steps.a.output.points"),
    "below a text": (agent(), "= steps.a.output.text.body"),
    "a step's own key": (agent(), "= steps.a.text"),
    "the run": (agent(), "= run.owner"),
    "an approval": (node("a", "approval"), "= steps.a.output.verdict"),
    "a wait": (node("a", "wait"), "= steps.a.output.seconds"),
    "a map": (node("a", "map"), "= steps.a.output.outputs"),
    "an http tool": (node("a", "tool"), "= steps.a.output.text"),
    "a transform": (node("a", "transform", {"output": {"x": 1}}), "{{ steps.a.output.y }}"),
    "what arrived": (node("a", "transform"), "= steps.a.output.ghost"),
    "deep in a value": (agent(), {"k": ["= steps.a.output.txt"]}),
}


@pytest.mark.parametrize(("first", "source"), CERTAIN.values(), ids=CERTAIN)
def test_a_key_that_nothing_writes_is_an_error(first, source):
    where = f"{WHERE}/k/0" if isinstance(source, dict) else WHERE
    [(code, pointer, nodes)] = told(check(read_from(first, source), lookup))
    assert (code, pointer) == ("unknown_key", where)
    assert nodes == (("t",) if source == "= run.owner" else ("t", "a"))


@pytest.mark.parametrize(
    ("document", "nodes"),
    [
        (read_from(agent(output_schema=SCORED), "= steps.a.output.points"), ("t", "a")),
        (
            read_from(agent(), "= input.topc")
            | {"input_schema": {"type": "object", "properties": {"topic": {}}}},
            ("t",),
        ),
    ],
    ids=["of an agent", "of the input"],
)
def test_a_key_that_a_schema_does_not_describe_is_a_warning(document, nodes):
    problems = check(document, lookup)
    assert told(problems) == []
    assert warned(problems) == [("unknown_key", WHERE, nodes)]


def test_the_input_is_held_to_a_closed_schema():
    schema = {"type": "object", "properties": {"topic": {}}, "additionalProperties": False}
    document = line(node("a", "agent", {"agent": "writer", "text": "{{ input.topc }}"}), input_schema=schema)
    [problem] = check(document, lookup)
    assert problem.message == "input has topic, not topc: read one of those, or change what it gives."
    assert told([problem]) == [("unknown_key", "/nodes/1/config/text", ("a",))]


def test_an_agents_own_schema_counts_where_the_node_has_none():
    judge = {"slug": "judge", "purpose": "Judges.", "output_schema": CLOSED}
    document = read_from(node("a", "agent", {"agent": "judge", "text": "Judge."}), "= steps.a.output.text")
    assert told(check(document, library(agent_judge=judge))) == [("unknown_key", WHERE, ("t", "a"))]


def test_of_a_step_that_may_fail_onto_its_error_port_nothing_is_claimed():
    nodes = [
        node("start", "start"),
        agent() | {"on_error": "port"},
        node("t", "transform", {"output": "= steps.a.output.error.code"}),
        node("done", "end"),
    ]
    document = flow(nodes, ["start -> a", "a -> t", "a:error -> t", "t -> done"])
    assert check(document, lookup) == []
