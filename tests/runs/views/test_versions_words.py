"""What changed, in one line and drawn: by names, with units, the most telling first."""

import pytest

from governance.documents.difference import difference
from runs.views.versions import words
from runs.views.versions.drawn import drawn

ROUTER = {
    "id": "classify",
    "type": "router",
    "name": "Which one?",
    "config": {"min_confidence": 0.7, "text": "{{ input.message }}"},
    "position": {"x": 0, "y": 0},
}
START, DONE = {"id": "start", "type": "start"}, {"id": "done", "type": "end"}
FLOW = {
    "name": "Triage",
    "limits": {"max_cost_usd": 0.5},
    "nodes": [START, ROUTER, DONE],
    "edges": [{"from": "start", "to": "classify"}, {"from": "classify", "port": "a", "to": "done"}],
}
AGENT = {
    "model": "main/small",
    "instructions": "One\nTwo\nThree",
    "tools": ["lookup"],
    "params": {"temperature": 0.2},
}


def router(**config) -> dict:
    return {**ROUTER, "config": {**ROUTER["config"], **config}}


@pytest.mark.parametrize(
    ("new", "line"),
    [
        (FLOW, ""),
        ({**FLOW, "nodes": [START, router(min_confidence=0.8), DONE]}, "Classify: min confidence 0.7 → 0.8"),
        ({**FLOW, "limits": {"max_cost_usd": 0.75}}, "Limits › Max cost $0.50 → $0.75"),
        ({**FLOW, "limits": {"max_cost_usd": 0.5, "timeout_s": 30}}, "Limits › Timeout 30 s"),
        ({**FLOW, "name": "Sorting"}, "Name Triage → Sorting"),
        (
            {**FLOW, "nodes": [START, ROUTER, DONE, {"id": "n1"}, {"id": "n2"}], "edges": FLOW["edges"][:1]},
            "Nodes n1, n2 added, 1 connection removed",
        ),
        (
            {**FLOW, "edges": [FLOW["edges"][0], {**FLOW["edges"][1], "loop": {"max": 3}}]},
            "1 connection changed",
        ),
        ({**FLOW, "nodes": [START, {**ROUTER, "position": {"x": 9, "y": 9}}, DONE]}, "Layout"),
        ({**FLOW, "nodes": [DONE, START, ROUTER]}, "Order of nodes"),
        (
            {**FLOW, "nodes": [START, DONE], "name": "A", "description": "B", "edges": []},
            "Node classify removed, name Triage → A, description B and 1 more",
        ),
    ],
)  # fmt: skip
def test_a_flow_says_in_one_line_what_changed(new, line):
    assert words.line(difference(FLOW, new)) == line


@pytest.mark.parametrize(
    ("new", "line"),
    [
        ({**AGENT, "instructions": "One\nTwo"}, "Instructions changed"),
        ({**AGENT, "model": "main/large"}, "Model main/small → main/large"),
        ({**AGENT, "tools": ["lookup", "refund"]}, "Tools + refund"),
        ({**AGENT, "tools": []}, "Tools − lookup"),
        ({**AGENT, "purpose": "A sentence that is longer than the line has room for."}, "Purpose added"),
        ({**AGENT, "sla": {"latency_s": 20}}, "SLA added"),
        ({name: AGENT[name] for name in ("model", "instructions", "tools")}, "Params removed"),
    ],
)
def test_an_agent_says_in_one_line_what_changed(new, line):
    assert words.line(difference(AGENT, new)) == line


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (FLOW, "3 nodes and 2 connections"),
        ({"kind": "flow", "slug": "x", "nodes": [START]}, "1 node and 0 connections"),
        ({"kind": "tool", "slug": "x", "type": "http"}, "1 field"),
        ({"nodes": "none"}, "1 field"),
    ],
)
def test_a_first_version_is_counted(body, said):
    assert words.counted(body) == said


def test_what_belongs_to_one_thing_stands_together():
    new = {
        **FLOW,
        "name": "Sorting",
        "nodes": [START, {**router(min_confidence=0.8), "position": {"x": 5, "y": 5}}, {"id": "fresh", "type": "end"}],
        "edges": [FLOW["edges"][0], {"from": "classify", "port": "b", "to": "fresh", "loop": {"max": 3}}],
    }  # fmt: skip
    groups = drawn(FLOW, new).groups
    assert [(group.title, group.name, group.what) for group in groups] == [
        ("Fields", "", "changed"),
        ("done", "done", "removed"),
        ("Which one?", "classify", "changed"),
        ("fresh", "fresh", "added"),
        ("Connections", "", "changed"),
        ("Layout", "", "changed"),
    ]
    assert [(row.label, row.before, row.after) for row in groups[0].rows] == [("Name", "Triage", "Sorting")]
    assert [(row.label, row.before, row.after) for row in groups[2].rows] == [
        ("Min confidence", "0.7", "0.8")
    ]
    assert [(row.label, row.before, row.after) for row in groups[4].rows] == [
        ("classify.a → done", "there", None),
        ("classify.b → fresh", None, "added, at most 3 times round"),
    ]
    assert groups[5].note == "1 node was moved."
    assert [line.what for line in groups[3].texts[0].lines] == ["more", "more"]


def test_long_texts_are_drawn_line_by_line():
    (group,) = drawn(AGENT, {**AGENT, "instructions": "One\nTwo and a half\nThree"}).groups
    (text,) = group.texts
    assert (group.rows, text.label, text.more) == ([], "Instructions", 0)
    assert [(line.what, line.old, line.new) for line in text.lines] == [
        ("same", 1, 1),
        ("less", 2, None),
        ("more", None, 2),
        ("same", 3, 3),
    ]


def test_of_a_very_long_difference_the_beginning_is_drawn():
    new = {**AGENT, "instructions": "\n".join(f"line {number}" for number in range(1_000))}
    (group,) = drawn(AGENT, new).groups
    assert (len(group.texts[0].lines), group.texts[0].more) == (400, 603)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"nodes": "none"}, {"nodes": [1, {"id": 7}]}),
        ({"nodes": [{"id": "a", "config": []}]}, {"nodes": [{"id": "a", "config": {"x": None}}]}),
        ({"edges": [{"from": 1}]}, {"edges": [{"from": "a", "to": "b", "loop": "x"}]}),
        ({"edges": []}, {"edges": [{"from": "a", "to": "b", "loop": {"max": "x"}}]}),
        ({"nodes": [{"id": "a", "name": 3, "position": 1}]}, {"nodes": [{"id": "a", "name": [], "position": {}}]}),
        ({}, {"": "", "x": ""}),
    ],
)  # fmt: skip
def test_drafts_that_are_no_documents_yet_are_drawn_too(old, new):
    for before, after in ((old, new), (new, old)):
        assert drawn(before, after).groups
        assert drawn(before, after).line
