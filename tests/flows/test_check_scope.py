"""Owns the tests of rule 9: which names an expression may use, by where its node stands."""

import pytest

from flows.check import check
from tests.flows.drawings import flow, library, line, lookup, node, told

CASES = [{"port": "again", "when": "false"}]


def transform(id, output):
    return node(id, "transform", {"output": output})


def diamond(at, source, **more):
    """start → a → (b | c) → j → done, where `at` names the node that says `source`."""
    nodes = [
        node("start", "start"),
        *(node(id, "transform") for id in "abc"),
        node("j", "join"),
        node("done", "end"),
    ]
    for item in nodes:
        if item["id"] == at:
            item["config"] = {"output": source}
    return flow(nodes, ["start -> a", "a -> b", "a -> c", "b -> j", "c -> j", "j -> done"], **more)


def loop(at, source, config=None):
    """start → a → b → (c | x) → t, which repeats a or goes on to done; x also stands beside c."""
    nodes = [node("start", "start"), *(node(id, "transform") for id in "abcx")]
    nodes += [node("t", "condition", {"cases": CASES}), node("done", "end")]
    for item in nodes:
        if item["id"] == at:
            item["config"] = config or {"output": source}
    edges = [
        "start -> a",
        "a -> b",
        "b -> c",
        "b -> x",
        "c -> t",
        "x -> t",
        "t:again -> a *3",
        "t:else -> done",
    ]
    return flow(nodes, edges)


SOUND = {
    "input and run": line(transform("a", "= input.topic + run.user")),
    "a step before": diamond("b", "= steps.a.output"),
    "far before": diamond("done", "= steps.a.output"),
    "the start": diamond("b", "{{ steps.start.output.topic }}"),
    "both branches behind the join": diamond("done", ["= steps.b.output", {"c": "{{ steps.c.output }}"}]),
    "by brackets": diamond("done", '= steps["b"].output'),
    "port and ports": loop("done", "= steps.t.port in steps.t.ports"),
    "itself in a loop": loop("b", "= has(steps.b) ? steps.b.output : 0"),
    "later in the loop": loop("a", "{% if steps.t is defined %}{{ steps.t.output.port }}{% endif %}"),
    "earlier in the loop": loop("t", None, {"cases": [{"port": "again", "when": "steps.c.output == 1"}]}),
    "iteration in a loop": loop("x", "= iteration"),
    "a comprehension's own name": diamond("b", "= [1, 2].map(n, n * 2)"),
    "a for's own name": diamond("b", "{% for n in input.list %}{{ n }}{% endfor %}"),
    "item in a map": line(
        node("m", "map", {"items": "[1]", "agent": "writer", "text": "{{ item }} {{ index }}"})
    ),
}


@pytest.mark.parametrize("document", SOUND.values(), ids=SOUND)
def test_names_in_scope_have_no_problems(document):
    assert told(check(document, lookup)) == []


OUTPUT = "/config/output"
BREACHES = {
    "no such step": (
        diamond("b", "= steps.ghost.output"),
        [("unknown_step", f"/nodes/2{OUTPUT}", ("b",))],
    ),
    "beside": (
        diamond("b", "= steps.c.output"),
        [("step_out_of_scope", f"/nodes/2{OUTPUT}", ("b", "c"))],
    ),
    "later": (
        diamond("a", {"x": ["{{ steps.b.output }}"]}),
        [("step_out_of_scope", f"/nodes/1{OUTPUT}/x/0", ("a", "b"))],
    ),
    "itself": (
        diamond("a", "= steps.a.output"),
        [("step_out_of_scope", f"/nodes/1{OUTPUT}", ("a",))],
    ),
    "beside in a loop": (
        loop("c", "= steps.x.output"),
        [("step_out_of_scope", f"/nodes/3{OUTPUT}", ("c", "x"))],
    ),
    "behind the loop": (
        loop("a", "= steps.done.output"),
        [("step_out_of_scope", f"/nodes/1{OUTPUT}", ("a", "done"))],
    ),
    "a root of nobody": (
        diamond("a", "= inputs.topic"),
        [("unknown_name", f"/nodes/1{OUTPUT}", ("a",))],
    ),
    "item outside a map": (
        diamond("a", "{{ item }}"),
        [("unknown_name", f"/nodes/1{OUTPUT}", ("a",))],
    ),
    "item in a map's list": (
        line(node("m", "map", {"items": "item", "agent": "writer", "text": "x"})),
        [("unknown_name", "/nodes/1/config/items", ("m",))],
    ),
    "iteration outside a loop": (
        loop("done", "= iteration"),
        [("unknown_name", f"/nodes/6{OUTPUT}", ("done",))],
    ),
    "error where nothing failed": (
        diamond("done", "= error.code"),
        [("unknown_name", f"/nodes/5{OUTPUT}", ("done",))],
    ),
    "syntax of a condition": (
        loop("t", None, {"cases": [{"port": "again", "when": "input.x >"}]}),
        [("expression_error", "/nodes/5/config/cases/0/when", ("t",))],
    ),
    "syntax of a text": (
        line(node("a", "agent", {"agent": "writer", "text": "{{ input.topic"})),
        [("expression_error", "/nodes/1/config/text", ("a",))],
    ),
    "syntax deep in a value": (
        diamond("a", {"x": [1, "= (1"], "y/z": "{% if %}"}),
        [
            ("expression_error", f"/nodes/1{OUTPUT}/x/1", ("a",)),
            ("expression_error", f"/nodes/1{OUTPUT}/y~1z", ("a",)),
        ],
    ),
    "an unknown function": (
        diamond("a", "= frobnicate(1)"),
        [("expression_error", f"/nodes/1{OUTPUT}", ("a",))],
    ),
}


@pytest.mark.parametrize(("document", "expected"), BREACHES.values(), ids=BREACHES)
def test_a_name_out_of_scope_is_told_with_its_place_and_both_nodes(document, expected):
    assert told(check(document, lookup)) == expected


@pytest.mark.parametrize("literal", ["\\= steps.ghost", "steps.ghost.output", "50 % { off }"])
def test_what_is_no_expression_is_left_alone(literal):
    assert check(diamond("a", literal), lookup) == []


def test_the_node_behind_an_error_port_is_handed_the_error():
    nodes = [
        node("start", "start"),
        node("a", "tool", on_error="port"),
        transform("b", "= error.code"),
        transform("c", "= steps.a.output"),
        node("done", "end"),
    ]
    document = flow(nodes, ["start -> a", "a -> done", "a:error -> b", "b -> c", "c -> done"])
    assert told(check(document, lookup)) == []
    nodes[3]["config"] = {"output": "= error.code"}
    assert told(check(document, lookup)) == [("unknown_name", "/nodes/3/config/output", ("c",))]
    nodes[1]["on_error"], document["edges"][2]["port"] = "fail", "out"
    assert told(check(document, lookup)) == [
        ("unknown_name", "/nodes/2/config/output", ("b",)),
        ("unknown_name", "/nodes/3/config/output", ("c",)),
    ]


def test_the_sentence_says_where_and_what_to_do():
    [problem] = check(diamond("b", "= steps.c.output"), lookup)
    assert problem.message == (
        "steps.c may not be named here: no path leads from c to b, and no loop brings c before it. "
        "Connect them, or name another step."
    )
    [problem] = check(loop("t", None, {"cases": [{"port": "again", "when": "1 +"}]}), lookup)
    assert problem.message.startswith("`1 +`: ")
    assert "(at character 4)" in problem.message


INSTRUCTIONS = {
    "a step before": ("Mind {{ steps.plan.output.text }}.", []),
    "no such step": ("Mind {{ steps.ghost.output }}.", ["unknown_step"]),
    "a key that nothing writes": ("Mind {{ steps.plan.output.txt }}.", ["unknown_key"]),
    "a name of nobody": ("Mind {{ topic }}.", ["unknown_name"]),
    "an item where there is none": ("Mind {{ item }}.", ["unknown_name"]),
    "syntax": ("Mind {{ input.", ["expression_error"]),
}


@pytest.mark.parametrize(("instructions", "codes"), INSTRUCTIONS.values(), ids=INSTRUCTIONS)
@pytest.mark.parametrize("place", ["agent", "fallback/0"])
def test_an_agents_instructions_are_a_text_of_the_node_that_calls_it(instructions, codes, place):
    agents = library(agent_critic={"slug": "critic", "purpose": "Criticises.", "instructions": instructions})
    if place == "agent":
        asked, pointer = node("a", "agent", {"agent": "critic", "text": "Go."}), "/nodes/2/config/agent"
    else:
        asked, pointer = node("a", "agent", fallback=["critic"]), "/nodes/2/fallback/0"
    found = check(line(node("plan", "agent"), asked), agents)
    assert [(problem.code, problem.pointer) for problem in found] == [(code, pointer) for code in codes]


def test_an_agents_instructions_know_the_item_in_a_map():
    agents = library(
        agent_critic={"slug": "critic", "purpose": "Criticises.", "instructions": "{{ item }} {{ index }}"}
    )
    mapped = node("m", "map", {"items": "[1]", "agent": "critic", "text": "Go."})
    assert check(line(mapped), agents) == []
