"""Owns the promises of drawing over random operations: nothing breaks a drawing, and everything is undone."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.drawing import CannotDraw, apply
from flows.drawing.sheet import key_of
from tests.flows.drawings import flow, node

IDS = st.sampled_from(["start", "a", "b", "c", "d", "done"])
PORTS = st.sampled_from(["out", "error", "again"])
SOURCES = st.sampled_from(
    [
        "plain",
        "= steps.a.output",
        "{{ steps.b.output }} {{ steps.a.port }}",
        "= steps['c'].port + steps.d.x",
        "= (",
    ]
)
POSITIONS = st.fixed_dictionaries({"x": st.integers(-9, 9), "y": st.integers(-9, 9)})
NODES = st.builds(
    lambda id, type, source, position: {"id": id, "type": type, "config": {"output": source}, **position},
    IDS,
    st.sampled_from(["transform", "end", "agent"]),
    SOURCES,
    st.one_of(st.just({}), POSITIONS.map(lambda position: {"position": position})),
)
ENDS = st.builds(
    lambda source, port, target, named: {"from": source, "to": target, **({"port": port} if named else {})},
    IDS,
    PORTS,
    IDS,
    st.booleans(),
)
LOOPED = st.builds(
    lambda end, most: {**end, **({"loop": {"max": most}} if most else {})}, ENDS, st.integers(0, 3)
)
PLACES = st.one_of(st.just({}), st.integers(0, 8).map(lambda place: {"at": place}))
DOCUMENT = flow(
    [node("start", "start"), node("a", "transform"), node("b", "transform"), node("done", "end")],
    ["start -> a", "a -> b", "b -> done"],
)
SET = st.fixed_dictionaries(
    {}, optional={"name": st.one_of(st.none(), st.just("N")), "config": st.one_of(st.none(), st.builds(dict))}
)
OPERATIONS = st.one_of(
    st.builds(lambda node, at: {"op": "add", "node": node, **at}, NODES, PLACES),
    st.builds(lambda node: {"op": "remove", "node": node}, IDS),
    st.builds(
        lambda positions: {"op": "move", "positions": positions},
        st.dictionaries(IDS, st.one_of(st.none(), POSITIONS), max_size=3),
    ),
    st.builds(lambda edge, at: {"op": "connect", "edge": edge, **at}, LOOPED, PLACES),
    st.builds(lambda edge: {"op": "disconnect", "edge": edge}, ENDS),
    st.builds(lambda node, fields: {"op": "configure", "node": node, "set": fields}, IDS, SET),
    st.builds(
        lambda edge, most: {"op": "loop", "edge": edge, "max": most},
        ENDS,
        st.one_of(st.none(), st.integers(1, 5)),
    ),
    st.builds(lambda node, to: {"op": "rename", "node": node, "to": to}, IDS, IDS),
    st.builds(lambda name: {"op": "settings", "set": {"name": name}}, st.one_of(st.none(), st.just("N"))),
    st.just({"op": "replace", "document": DOCUMENT}),
)


def tried(document, operations):
    """Those of the operations that can be done, one after the other."""
    done = []
    for operation in operations:
        try:
            document = apply(document, [operation]).document
        except CannotDraw:
            continue
        done.append(operation)
    return document, done


@settings(max_examples=300)
@given(st.lists(OPERATIONS, max_size=12))
def test_any_operations_keep_ids_unique_and_edges_attached(operations):
    document, _ = tried(DOCUMENT, operations)
    ids = Counter(item["id"] for item in document["nodes"])
    assert set(ids.values()) <= {1}
    assert {end for edge in document["edges"] for end in (edge["from"], edge["to"])} <= set(ids)
    assert set(Counter(map(key_of, document["edges"])).values()) <= {1}


@settings(max_examples=300)
@given(st.lists(OPERATIONS, max_size=12))
def test_operations_and_their_inverse_give_the_same_document(operations):
    _, done = tried(DOCUMENT, operations)
    drawn = apply(DOCUMENT, done)
    undone = apply(drawn.document, drawn.inverse)
    assert undone.document == DOCUMENT
    assert apply(undone.document, undone.inverse).document == drawn.document


@given(st.lists(OPERATIONS, max_size=6), OPERATIONS)
def test_all_operations_are_done_or_none(operations, last):
    before = {**DOCUMENT, "nodes": [dict(item) for item in DOCUMENT["nodes"]]}
    try:
        apply(DOCUMENT, [*operations, last])
    except CannotDraw as refusal:
        assert 0 <= refusal.operation <= len(operations)
    assert before == DOCUMENT
