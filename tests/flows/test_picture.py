"""Pictures of flows: geometry inside the frame, from left to right, whatever the document says of positions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import gallery
from flows.picture import HEIGHT, WIDTH, picture
from tests.flows.drawings import line, node

CHAIN = {
    "nodes": [
        {"id": "start", "type": "start", "position": {"x": 0, "y": 0}},
        {"id": "write", "type": "agent", "config": {"agent": "writer"}, "position": {"x": 300, "y": 0}},
        {"id": "check", "type": "approval", "name": "Good enough?", "position": {"x": 600, "y": 0}},
        {"id": "done", "type": "end", "position": {"x": 900, "y": 0}},
    ],
    "edges": [
        {"from": "start", "to": "write"},
        {"from": "write", "to": "check"},
        {"from": "check", "port": "approved", "to": "done"},
        {"from": "check", "port": "rejected", "to": "write", "loop": {"max": 3}},
    ],
}


def inside(found) -> bool:
    return all(
        0 <= box.x and box.x + box.width <= found.width and 0 <= box.y and box.y + box.height <= found.height
        for box in found.boxes
    )


def test_nodes_stand_from_left_to_right_with_their_look():
    found = picture(CHAIN)
    assert [box.x for box in found.boxes] == sorted(box.x for box in found.boxes)
    assert [(box.name, box.look) for box in found.boxes] == [
        ("Start", ""),
        ("write", "a"),
        ("Good enough?", "h"),
        ("End", ""),
    ]
    assert (found.width, found.height) == (WIDTH, HEIGHT) == (346, 124)
    assert inside(found)


def test_straight_edges_are_straight_and_loops_go_back_above():
    lines = picture(CHAIN).lines
    assert [line.is_loop for line in lines] == [False, False, False, True]
    assert all("H" in line.path and "C" not in line.path for line in lines[:3])
    assert "C" in lines[3].path


def test_the_picture_is_told_in_words():
    assert picture(CHAIN).says == (
        "4 nodes: Start, write, Good enough?, End. 4 edges. One of them leads back, as a loop."
    )


@pytest.mark.parametrize("slug", gallery.starters())
def test_every_starter_has_a_picture_of_all_it_has(slug):
    flow = gallery.starter(slug).flow
    found = picture(flow)
    assert (len(found.boxes), len(found.lines)) == (len(flow["nodes"]), len(flow["edges"]))
    assert inside(found)


def test_names_are_cut_to_what_a_box_holds():
    long = {"nodes": [{**CHAIN["nodes"][1], "name": "A very long name of a node"}], "edges": []}
    assert picture(long, 1040, 300).boxes[0].label == "A very long name of a node"
    small = picture(CHAIN).boxes[2]
    assert small.label == "Good …"


@given(data=st.data())
def test_any_positions_and_none_stay_inside(data):
    count = data.draw(st.integers(0, 12))
    place = st.one_of(st.none(), st.fixed_dictionaries({axis: st.floats(-1e6, 1e6) for axis in ("x", "y")}))
    nodes = []
    for number in range(count):
        position = data.draw(place)
        nodes.append({"id": f"n{number}", "type": "agent", **({"position": position} if position else {})})
    ends = st.sampled_from([f"n{number}" for number in range(count + 1)])
    edges = [{"from": a, "to": b} for a, b in data.draw(st.lists(st.tuples(ends, ends), max_size=20))]
    found = picture({"nodes": nodes, "edges": edges})
    assert len(found.boxes) == count
    assert inside(found)
    assert "nan" not in "".join(line.path for line in found.lines)


def test_a_team_looks_like_the_agents_in_it():
    team = node("t", "team", {"participants": ["writer"], "protocol": "swarm", "text": "x"})
    assert [box.look for box in picture(line(team)).boxes] == ["", "a", ""]
