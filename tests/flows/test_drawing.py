"""Owns the tests of drawing: each operation, what it refuses and with which sentence, and what undoes it."""

import pytest

from flows.drawing import CannotDraw, apply
from tests.flows.drawings import edge, flow, line, node

FLOW = flow(
    [node("start", "start"), node("a", "agent"), node("b", "agent"), node("done", "end")],
    ["start -> a", "a -> b", "b -> done", "b:error -> done"],
    name="Drawn",
)


def drawn(*operations, document=FLOW):
    found = apply(document, list(operations))
    assert apply(found.document, found.inverse).document == document
    return found.document


def ids(document):
    return [item["id"] for item in document["nodes"]]


def refused(*operations, document=FLOW):
    with pytest.raises(CannotDraw) as caught:
        apply(document, list(operations))
    return caught.value.operation, caught.value.detail


def test_a_node_is_added_at_the_end_or_at_its_old_place():
    assert ids(drawn({"op": "add", "node": node("c", "wait")})) == ["start", "a", "b", "done", "c"]
    assert ids(drawn({"op": "add", "node": node("c", "wait"), "at": 1})) == ["start", "c", "a", "b", "done"]


def test_a_node_that_is_not_finished_can_be_drawn():
    fresh = {"id": "c", "type": "agent", "config": {}}
    assert drawn({"op": "add", "node": fresh})["nodes"][-1] == fresh


def test_a_removed_node_takes_its_edges_along():
    found = drawn({"op": "remove", "node": "b"})
    assert ids(found) == ["start", "a", "done"]
    assert found["edges"] == [edge("start -> a")]


def test_nodes_are_moved_together_and_back_to_no_place_at_all():
    found = drawn({"op": "move", "positions": {"a": {"x": 1.5, "y": -2}, "b": {"x": 0, "y": 0}}})
    assert [item.get("position") for item in found["nodes"]] == [
        None,
        {"x": 1.5, "y": -2},
        {"x": 0, "y": 0},
        None,
    ]
    again = drawn({"op": "move", "positions": {"a": None}}, document=found)
    assert "position" not in again["nodes"][1]


def test_an_edge_is_written_as_documents_are_written():
    assert drawn({"op": "connect", "edge": {"from": "start", "port": "out", "to": "b"}})["edges"][-1] == {
        "from": "start",
        "to": "b",
    }


def test_an_edge_with_its_port_written_out_comes_back_as_it_was():
    document = {**FLOW, "edges": [{"from": "start", "port": "out", "to": "a"}, edge("a -> b")]}
    assert drawn({"op": "disconnect", "edge": edge("start -> a")}, document=document)["edges"] == [
        edge("a -> b")
    ]


def test_a_field_is_set_and_removed():
    found = drawn({"op": "configure", "node": "a", "set": {"name": "Writer", "timeout_s": 30}})
    assert (found["nodes"][1]["name"], found["nodes"][1]["timeout_s"]) == ("Writer", 30)
    again = drawn({"op": "configure", "node": "a", "set": {"timeout_s": None}}, document=found)
    assert "timeout_s" not in again["nodes"][1]


def test_an_invalid_field_is_kept_for_its_author_to_mend():
    found = drawn({"op": "configure", "node": "a", "set": {"timeout_s": "soon"}})
    assert found["nodes"][1]["timeout_s"] == "soon"


def test_an_edge_becomes_a_loop_and_no_loop():
    found = drawn({"op": "loop", "edge": {"from": "b", "port": "error", "to": "done"}, "max": 3})
    assert found["edges"][3] == edge("b:error -> done *3")
    again = drawn(
        {"op": "loop", "edge": {"from": "b", "port": "error", "to": "done"}, "max": None}, document=found
    )
    assert again["edges"][3] == edge("b:error -> done")


def test_settings_of_the_flow_are_set_and_removed():
    found = drawn({"op": "settings", "set": {"name": None, "limits": {"max_steps": 5}}})
    assert found["limits"] == {"max_steps": 5}
    assert "name" not in found


def test_a_document_takes_the_place_of_another():
    other = line(node("x", "wait"))
    assert drawn({"op": "replace", "document": other}) == other


MENTIONS = [
    (node("t", "transform", {"output": "= steps.a.output.text"}), {"output": "= steps.z.output.text"}),
    (
        node("t", "transform", {"output": "= size(steps['a'].output)"}),
        {"output": "= size(steps['z'].output)"},
    ),
    (node("t", "transform", {"output": "= has(steps.a)"}), {"output": "= has(steps.z)"}),
    (node("t", "transform", {"output": "= steps.ab.output"}), {"output": "= steps.ab.output"}),
    (node("t", "transform", {"output": "= 'steps.a'"}), {"output": "= 'steps.a'"}),
    (node("t", "transform", {"output": "steps.a is a name"}), {"output": "steps.a is a name"}),
    (node("t", "transform", {"output": {"when": "steps.a"}}), {"output": {"when": "steps.a"}}),
    (
        node("t", "transform", {"output": ["x", "{{ steps.a.port }}"]}),
        {"output": ["x", "{{ steps.z.port }}"]},
    ),
    (node("t", "transform", {"output": "\\={{ steps.a.port }}"}), {"output": "\\={{ steps.z.port }}"}),
    (
        node("t", "condition", {"cases": [{"port": "p", "when": "steps.a.output.x > 1"}]}),
        {"cases": [{"port": "p", "when": "steps.z.output.x > 1"}]},
    ),
    (node("t", "agent", {"text": "{{ steps.a.output }}"}), {"text": "{{ steps.z.output }}"}),
    (
        node("t", "agent", {"agent": "writer", "text": "= steps.a and {{ steps.a.port }}"}),
        {"agent": "writer", "text": "= steps.a and {{ steps.z.port }}"},
    ),
    (
        node("t", "condition", {"cases": [{"when": "steps.a.output"}]}),
        {"cases": [{"when": "steps.z.output"}]},
    ),
    (node("t", "transform", {"output": "= steps.a +"}), {"output": "= steps.a +"}),
]


@pytest.mark.parametrize(("reader", "expected"), MENTIONS)
def test_a_new_id_is_followed_by_edges_and_expressions(reader, expected):
    document = line(node("a", "agent"), reader)
    found = drawn({"op": "rename", "node": "a", "to": "z"}, document=document)
    assert found["edges"] == [edge("start -> z"), edge("z -> t"), *document["edges"][2:]]
    assert found["nodes"][2]["config"] == expected


def test_a_dead_name_that_a_node_takes_is_not_taken_along_when_it_is_renamed_back():
    document = line(node("a", "agent"), node("t", "transform", {"output": "= steps.z.port + steps.a.port"}))
    found = drawn({"op": "rename", "node": "a", "to": "z"}, document=document)
    assert found["nodes"][2]["config"] == {"output": "= steps.z.port + steps.z.port"}


REFUSALS = [
    ({"op": "paint"}, "There is no operation 'paint': use one of add, remove, move"),
    ("add", "There is no operation None"),
    ({"op": "add", "node": {"id": "c"}}, "add: /node: The field 'type' is missing: add it."),
    ({"op": "add", "node": {"id": "C", "type": "wait"}}, "add: /node/id: This must match the pattern"),
    (
        {"op": "add", "node": {"id": "c", "type": "wait", "colour": 1}},
        "add: /node/colour: Unknown field 'colour'",
    ),
    ({"op": "add", "node": {"id": "c", "type": "wait", "note": "\0"}}, "add: /node/note: Text must not hold"),
    ({"op": "add", "node": node("a", "wait")}, "There is a node a already: give this one another id."),
    ({"op": "remove", "node": "x"}, "There is no node x: it was removed or renamed meanwhile."),
    ({"op": "move", "positions": {"x": {"x": 0, "y": 0}}}, "There is no node x"),
    ({"op": "move", "positions": {"a": {"x": 0}}}, "move: /positions/a: "),
    ({"op": "connect", "edge": {"from": "a", "to": "x"}}, "There is no node x"),
    (
        {"op": "connect", "edge": {"from": "a", "port": "out", "to": "b"}},
        "a (out) and b are connected already.",
    ),
    ({"op": "connect", "edge": {"from": "a", "to": "b", "loop": {"max": 0}}}, "connect: /edge/loop/max: "),
    ({"op": "disconnect", "edge": {"from": "a", "to": "done"}}, "There is no edge from a (out) to done"),
    ({"op": "configure", "node": "a", "set": {"id": "c"}}, "configure: /set/id: Unknown field 'id'"),
    (
        {"op": "configure", "node": "a", "set": {"config": "x"}},
        "configure: /set/config: This must be an object",
    ),
    ({"op": "loop", "edge": {"from": "a", "to": "b"}, "max": 1001}, "loop: /max: This must be 1000 or less."),
    ({"op": "rename", "node": "a", "to": "b"}, "There is a node b already: choose another id."),
    ({"op": "rename", "node": "a", "to": "B"}, "rename: /to: This must match the pattern"),
    ({"op": "settings", "set": {"slug": "x"}}, "settings: /set/slug: Unknown field 'slug'"),
    ({"op": "replace", "document": {**FLOW, "slug": "x"}}, "The slug of the document must be 'drawn' here."),
    ({"op": "replace", "document": {**FLOW, "nodes": []}}, "An edge of the document names start, but"),
    (
        {"op": "replace", "document": {**FLOW, "nodes": [*FLOW["nodes"], node("a", "wait")]}},
        "The document has two nodes called a: give one another id.",
    ),
    (
        {
            "op": "replace",
            "document": {**FLOW, "edges": [*FLOW["edges"], {"from": "a", "port": "out", "to": "b"}]},
        },
        "The document has two edges from a (out) to b: remove one.",
    ),
]


@pytest.mark.parametrize(("operation", "sentence"), REFUSALS)
def test_what_cannot_be_drawn_is_refused_with_its_place_and_a_sentence(operation, sentence):
    place, detail = refused({"op": "remove", "node": "done"}, operation)
    assert (place, detail[: len(sentence)]) == (1, sentence)


def test_a_refusal_leaves_the_document_as_it_was():
    before = flow([node("start", "start"), node("a", "agent")], ["start -> a"])
    document = flow([node("start", "start"), node("a", "agent")], ["start -> a"])
    refused({"op": "remove", "node": "a"}, {"op": "remove", "node": "a"}, document=document)
    assert document == before


def test_a_flow_has_at_most_500_nodes_and_2000_edges():
    nodes = [node(f"n{number}", "wait") for number in range(500)]
    full = flow(nodes, [f"n{number} -> n{number % 41 + 450}" for number in range(450)])
    edges = [{"from": f"n{a}", "to": f"n{b}"} for a in range(50) for b in range(100, 140)]
    assert refused({"op": "add", "node": node("x", "wait")}, document=full)[1].startswith(
        "A flow has at most 500 nodes"
    )
    crowded = {**full, "edges": edges}
    assert refused({"op": "connect", "edge": {"from": "n0", "to": "n1"}}, document=crowded)[1].startswith(
        "A flow has at most 2000 edges"
    )


def test_the_second_of_two_nodes_with_one_id_goes_without_the_edges():
    document = {**FLOW, "nodes": [*FLOW["nodes"], node("a", "wait")]}
    found = apply(document, [{"op": "remove", "node": "a"}]).document
    assert found["edges"] == FLOW["edges"]
    assert ids(found) == ["start", "b", "done", "a"]
