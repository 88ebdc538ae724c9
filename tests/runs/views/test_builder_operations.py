"""The canvas's address: what gestures change, who may, and what happens to those that come too late."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flows import gallery
from governance import documents
from governance.documents import yaml_text
from governance.models import Document
from tests.flows.drawings import flow, node
from tests.runs.views.people import signed_in

BASE = "/projects/demo/flows/drawn/"
ADDRESS = BASE + "operations/"
EMPTY = flow([node("start", "start"), node("done", "end")], ["start -> done"])


@pytest.fixture
def drawn(demo) -> Document:
    return documents.save_draft(demo, "flow", "drawn", EMPTY, None)[0]


def post(who, operations, revision=1, address=ADDRESS):
    body = {"revision": revision, "operations": operations, "label": "x"}
    return signed_in(who).post(address, json.dumps(body), content_type="application/json")


def draft() -> dict:
    return documents.draft(Document.objects.get(slug="drawn"))


ADD = {"op": "add", "node": {"id": "a", "type": "agent", "config": {}, "position": {"x": 1, "y": 2}}}


def test_a_gesture_is_kept_and_answered_with_what_it_changed(drawn):
    answer = post("ada", [ADD])
    found = answer.json()
    assert (answer.status_code, found["revision"]) == (200, 2)
    assert draft()["nodes"][2] == ADD["node"]
    assert list(found["cards"]) == ["a"]
    assert 'data-node-id="a"' in found["cards"]["a"]
    assert found["summary"] == {"errors": 3, "warnings": 1, "nodes": {"a": "error"}}
    assert found["problems"].startswith('<div id="problems" data-errors="3" data-warnings="1">')
    assert 'id="estimate"' in found["estimate"]
    assert found["saved_at"].endswith("Z")


def test_a_move_changes_no_card(drawn):
    assert post("ada", [{"op": "move", "positions": {"done": {"x": 5, "y": 5}}}]).json()["cards"] == {}


def test_all_of_a_gesture_is_done_or_nothing(drawn):
    answer = post("ada", [ADD, {"op": "remove", "node": "ghost"}])
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": "There is no node ghost: it was removed or renamed meanwhile.",
        "operation": 1,
    }
    assert draft() == EMPTY


def test_who_comes_too_late_gets_the_draft_as_it_is_now(drawn):
    post("ada", [ADD])
    answer = post("ada", [{"op": "remove", "node": "done"}], revision=1)
    found = answer.json()
    assert answer.status_code == 409
    assert (found["revision"], found["by"], len(found["document"]["nodes"])) == (2, "ada", 3)
    assert set(found["cards"]) == {"start", "done", "a"}
    assert [item["id"] for item in draft()["nodes"]] == ["start", "done", "a"]


def test_a_draft_that_was_put_by_the_api_moves_the_revision_too(drawn, demo):
    documents.save_draft(demo, "flow", "drawn", {**EMPTY, "name": "Put"}, None)
    assert post("ada", [ADD], revision=1).status_code == 409
    assert post("ada", [ADD], revision=2).json()["revision"] == 3


@pytest.mark.parametrize(("who", "status"), [("ben", 403), ("rita", 403), ("sam", 404)])
def test_who_may_not_edit_changes_nothing(drawn, who, status):
    assert post(who, [ADD]).status_code == status
    assert draft() == EMPTY


WRONG = [
    "{",
    "[]",
    '{"revision": 1}',
    '{"revision": 1, "operations": []}',
    '{"revision": true, "operations": [{}]}',
    '{"revision": 1, "operations": ["x"]}',
    '{"revision": 1, "operations": [{"op": "move", "positions": {"done": {"x": NaN, "y": 0}}}]}',
    '{"revision": 1, "operations": [{"op": "settings", "set": {"name": "\\u0000"}}]}',
    '{"revision": 1, "operations": [{"op": "settings", "set": {"name": "\\ud800"}}]}',
    "[" * 100_000,
]


@pytest.mark.parametrize("body", WRONG)
def test_what_is_no_gesture_is_refused_with_a_sentence(drawn, body):
    answer = signed_in("ada").post(ADDRESS, body, content_type="application/json")
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) > 10
    assert draft() == EMPTY


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            '{"revision": 1, "operations": [{"op": "configure", "node": "a", "set": {"timeout_s": '
            + "9" * 20
            + "}}]}",
            "64 bit",
        ),
        ('{"revision": 1, "operations": ["' + "x" * 2_000_000 + '"]}', "at most 2 MB"),
    ],
)
def test_numbers_and_bodies_that_nothing_could_keep_are_refused_with_a_sentence(drawn, body, sentence):
    answer = signed_in("ada").post(ADDRESS, body, content_type="application/json")
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]


def test_names_are_shown_as_text_and_never_as_markup(drawn):
    found = post(
        "ada", [{"op": "add", "node": node("x", "wait", name="<img src=x onerror=alert(1)>")}]
    ).json()
    assert "<img" not in json.dumps(found["cards"]) + found["problems"]
    assert "&lt;img" in found["cards"]["x"]


def built_from(document: dict) -> list[dict]:
    """The gestures of somebody who draws this flow: its nodes, then what they are set to, then the edges."""
    fields = ("name", "config", "retry", "timeout_s", "on_error")
    settings = {key: document[key] for key in ("name", "description", "input_schema", "limits")}
    adds = [{"op": "add", "node": {"id": n["id"], "type": n["type"]}} for n in document["nodes"]]
    sets = [
        {"op": "configure", "node": n["id"], "set": {key: n[key] for key in fields if key in n}}
        for n in document["nodes"]
    ]
    moves = {n["id"]: n["position"] for n in document["nodes"]}
    edges = [{"op": "connect", "edge": {"port": "out", **edge}} for edge in document["edges"]]
    return [
        {"op": "settings", "set": settings},
        *adds,
        *(one for one in sets if one["set"]),
        {"op": "move", "positions": moves},
        *edges,
    ]


def test_a_flow_that_is_drawn_equals_the_same_flow_applied(demo_with_flows):
    text = gallery.texts(["customer-support"])["customer-support/flow.yaml"]
    applied = next(yaml_text.load_all(text))
    blank = {"kind": "flow", "slug": "again", "nodes": [], "edges": []}
    documents.save_draft(demo_with_flows, "flow", "again", blank, None)
    answer = post("ada", built_from(applied), address="/projects/demo/flows/again/operations/")
    assert answer.status_code == 200, answer.content
    assert answer.json()["summary"]["errors"] == 0
    drawn = documents.publish(documents.load(demo_with_flows, "flow", "again"), None, None)[0]
    support = documents.load(demo_with_flows, "flow", "customer-support").active
    same_slug = {**documents.content(drawn), "slug": "customer-support"}
    assert documents.digest(same_slug) == support.hash
    assert documents.canonical(same_slug) == support.content


def test_a_gesture_costs_the_same_number_of_queries_however_large_the_flow_is(demo_with_flows):
    def queries(slug, size):
        middle = [node(f"n{n}", "agent", {"agent": "billing-specialist", "text": "x"}) for n in range(size)]
        ids = ["start", *(item["id"] for item in middle), "done"]
        edges = [{"from": a, "to": b} for a, b in zip(ids, ids[1:], strict=False)]
        body = {
            **EMPTY,
            "slug": slug,
            "nodes": [EMPTY["nodes"][0], *middle, EMPTY["nodes"][1]],
            "edges": edges,
        }
        documents.save_draft(demo_with_flows, "flow", slug, body, None)
        move = [{"op": "move", "positions": {"done": {"x": 1, "y": 1}}}]
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert post("ada", move, address=f"/projects/demo/flows/{slug}/operations/").status_code == 200
        return len(found)

    assert queries("small", 2) == queries("large", 120)
