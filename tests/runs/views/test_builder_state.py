"""A flow's typed state in the builder: its fields and reducers, what a node writes, names while they are typed."""

import json

import pytest

from governance import documents
from governance.models import Document
from runs.models import Event, Run
from tests.flows.drawings import flow, node
from tests.runs.views.people import fragment, signed_in

BASE = "/projects/demo/flows/drawn/"
FIELDS = {
    "notes": {"type": "array", "items": {"type": "string"}, "default": []},
    "total": {"type": "number"},
}
STATE = {"schema": {"type": "object", "properties": FIELDS}, "reducers": {"notes": "append"}}
BODY = flow(
    [
        node("start", "start"),
        node("a", "transform", {"output": {"n": 2}}, writes={"notes": "x"}),
        node("b", "transform", {"output": "{{ state.notes }}"}),
        node("done", "end"),
    ],
    ["start -> a", "a -> b", "b -> done"],
    state=STATE,
)


@pytest.fixture
def drawn(demo) -> Document:
    return documents.save_draft(demo, "flow", "drawn", BODY, None)[0]


def draft() -> dict:
    return documents.draft(Document.objects.get(slug="drawn"))


def text(answer) -> str:
    return answer.content.decode()


def posted(address: str, data: dict):
    return signed_in("ada").post(BASE + address, data)


def test_a_node_has_a_control_for_each_field_of_the_state(drawn):
    page = text(signed_in("ada").get(BASE + "?node=a&tab=state"))
    assert 'name="node/writes/notes"' in page
    assert 'name="node/writes/total"' in page
    assert "list of string, put together by append" in page
    assert "own=output" in page


def test_what_a_node_writes_is_kept(drawn):
    answer = posted("nodes/b/?tab=state", {"node/writes/notes": "", "node/writes/total": "= output.n"})
    assert (answer.status_code, answer["Location"]) == (302, BASE + "?node=b&tab=state")
    assert draft()["nodes"][2]["writes"] == {"total": "= output.n"}


def test_numbers_and_expressions_are_told_apart(drawn):
    posted("nodes/a/?tab=state", {"node/writes/notes": "{{ input.n }}", "node/writes/total": "4.5"})
    assert draft()["nodes"][1]["writes"] == {"notes": "{{ input.n }}", "total": 4.5}


def test_a_node_that_writes_nothing_any_more_has_no_writes(drawn):
    posted("nodes/a/?tab=state", {"node/writes/notes": "", "node/writes/total": ""})
    assert "writes" not in draft()["nodes"][1]


def test_another_tab_leaves_what_is_written_alone(drawn):
    posted("nodes/a/?tab=note", {"node/note": "Why?"})
    assert draft()["nodes"][1]["writes"] == {"notes": "x"}


def test_what_is_wrong_with_a_write_is_told_at_its_field_and_tab(drawn):
    answer = signed_in("ada").post(
        BASE + "nodes/a/?tab=state", {"node/writes/total": "many"}, headers={"HX-Request": "true"}
    )
    said = text(answer)
    assert "What a writes to total is string, but number is needed" in said
    assert 'aria-invalid="true"' in said


def test_a_field_that_is_gone_can_still_be_mended(drawn, demo):
    nodes = [{**each, "writes": {"old": 1}} if each["id"] == "a" else each for each in BODY["nodes"]]
    documents.save_draft(demo, "flow", "drawn", {**BODY, "nodes": nodes}, None)
    page = text(signed_in("ada").get(BASE + "?node=a&tab=state"))
    assert "The state has no field old" in page
    assert "&quot;old&quot;: 1" in page
    posted("nodes/a/?tab=state", {"node/writes/notes": "x", "node/writes~more": '{"old": 2}'})
    assert draft()["nodes"][1]["writes"] == {"notes": "x", "old": 2}
    posted("nodes/a/?tab=state", {"node/writes/notes": "x", "node/writes~more": ""})
    assert draft()["nodes"][1]["writes"] == {"notes": "x"}


def test_without_a_state_no_node_has_the_tab(demo):
    plain = {**BODY, "nodes": [{k: v for k, v in each.items() if k != "writes"} for each in BODY["nodes"]]}
    documents.save_draft(demo, "flow", "drawn", {k: v for k, v in plain.items() if k != "state"}, None)
    page = text(signed_in("ada").get(BASE + "?node=a"))
    assert "tab=settings" in page
    assert "tab=state" not in page


def test_the_flows_settings_hold_the_fields_and_a_reducer_for_each(drawn):
    page = text(signed_in("ada").get(BASE + "?panel=input"))
    assert 'name="flow/state/schema~json"' in page
    assert 'name="flow/state/reducers/total"' in page
    data = {
        "flow/state/schema~json": json.dumps(STATE["schema"]),
        "flow/state/reducers/notes": "append",
        "flow/state/reducers/total": "max",
    }
    assert posted("settings/", data).status_code == 302
    assert draft()["state"] == {"schema": STATE["schema"], "reducers": {"notes": "append", "total": "max"}}


def test_a_flow_gets_its_first_state_in_the_settings(demo):
    documents.save_draft(
        demo, "flow", "drawn", flow([node("start", "start"), node("done", "end")], ["start -> done"]), None
    )
    data = {"flow/name": "Drawn", "flow/state/schema~json": json.dumps(STATE["schema"])}
    assert posted("settings/", data).status_code == 302
    assert draft()["state"] == {"schema": STATE["schema"]}


def test_names_of_the_state_are_offered_while_one_types(drawn):
    ada, address = signed_in("ada"), BASE + "expressions/?node=a"

    def labels(source: str, own: str = "") -> list[str]:
        data = {"kind": "value", "source": source, "at": str(len(source))}
        return [offer["label"] for offer in ada.post(address + own, data).json()["complete"]]

    assert labels("= sta") == ["state"]
    assert labels("= state.") == ["notes", "total"]
    assert labels("= output.", "&own=output") == ["n"]
    assert labels("= output.") == []


def test_an_unknown_field_is_told_while_one_types(drawn):
    data = {"kind": "value", "source": "= 1 + state.totl"}
    found = signed_in("ada").post(BASE + "expressions/?node=b", data).json()
    assert found["flaws"] == [
        {
            "reason": "The state has no field totl: did you mean total? Else read another, or add it under "
            "`properties` of the state's schema.",
            "position": 12,
        }
    ]


def test_one_node_is_tried_with_a_state_of_its_own(drawn):
    page = text(fragment(signed_in("ada"), BASE + "trials/?node=b"))
    assert 'name="input/state/notes' in page
    posted("trials/?node=b", {"input/state/notes/0": "given"})
    created = json.loads(Event.objects.get(run=Run.objects.get(), seq=1).data)
    assert created["document"]["state"]["schema"]["properties"]["notes"]["default"] == ["given"]


def test_a_renamed_step_is_called_so_in_what_is_written(drawn, demo):
    nodes = [
        {**each, "writes": {"total": "= steps.a.output.n", "notes": "{{ steps.a.output.n }}"}}
        if each["id"] == "b"
        else each
        for each in BODY["nodes"]
    ]
    documents.save_draft(demo, "flow", "drawn", {**BODY, "nodes": nodes}, None)
    operations = [{"op": "rename", "node": "a", "to": "first"}]
    revision = Document.objects.get(slug="drawn").revision
    answer = signed_in("ada").post(
        BASE + "operations/",
        json.dumps({"revision": revision, "operations": operations, "label": "x"}),
        content_type="application/json",
    )
    assert answer.status_code == 200
    assert draft()["nodes"][2]["writes"] == {
        "total": "= steps.first.output.n",
        "notes": "{{ steps.first.output.n }}",
    }
