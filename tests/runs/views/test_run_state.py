"""The typed state on the page of a run: its fields as they are, what each step wrote, and the state after it."""

import json

import pytest

from governance import documents, ids
from runs.engine.rows import dumps
from runs.models import Event, Run, Step
from tests.flows.drawings import flow, node
from tests.runs.views.people import fragment, signed_in
from tests.runs.views.test_run_page import ada, address, text_of

FIELDS = {
    "notes": {"type": "array", "items": {"type": "string"}, "default": []},
    "total": {"type": "number"},
    "status": {"enum": ["new", "done"], "default": "new"},
    "<b>odd</b>": {},
}
STATE = {
    "schema": {"type": "object", "properties": FIELDS},
    "reducers": {"notes": "append", "total": "max"},
}
FLOW = flow(
    [
        node("start", "start"),
        node("a", "transform", writes={"notes": "x", "total": 1}, name="First"),
        node("b", "transform", writes={"notes": "y", "status": "done"}),
        node("done", "end"),
    ],
    ["start -> a", "a -> b", "b -> done"],
    state=STATE,
)
LINES = [
    ("start", {}),
    ("a", {"notes": "<i>one</i>", "total": 7}),
    ("b", {"notes": ["two", "three"], "status": "done"}),
    ("done", {}),
]


def stored(project, flow: dict) -> Run:
    """A run of this flow in which each node of LINES started and finished, one after the other."""
    user = ada(project)
    documents.create_and_publish(project, "flow", "drawn", {**flow, "slug": "drawn"}, user)
    number = ids.new_id()
    run = Run.objects.create(
        id=number,
        root_id=number,
        project=project,
        user=user,
        flow="drawn",
        version=1,
        status="succeeded",
        environment="",
        trigger="api",
        created_at=1,
        started_at=1,
        finished_at=99,
        output="{}",
        waiting="[]",
        pins="{}",
        labels="{}",
        seq=1 + 2 * len(LINES),
    )
    Event.objects.create(run=run, seq=1, at=1, type="run.created", data=json.dumps({"input": {}}))
    for place, (name, writes) in enumerate(LINES):
        seq, where = 2 + 2 * place, {"run": run, "node": name, "iteration": 1, "attempt": 1, "at": 2 + place}
        ended = {"status": "succeeded", "port": "out", "ports": ["out"], "output": 1}
        Event.objects.create(seq=seq, type="step.started", data='{"arrived":[]}', **where)
        data = json.dumps({**ended, **({"writes": writes} if writes else {})})
        Event.objects.create(seq=seq + 1, type="step.finished", data=data, **where)
        Step.objects.create(
            run=run,
            node=name,
            iteration=1,
            status="succeeded",
            started_seq=seq,
            finished_seq=seq + 1,
            started_at=seq,
            finished_at=seq,
        )
    return run


@pytest.fixture
def run(demo) -> Run:
    return stored(demo, FLOW)


def tab(run: Run, step: str) -> str:
    return text_of(fragment(signed_in("ben"), address(run, f"steps/{step}/1/?tab=state")))


def test_the_run_shows_each_field_with_type_value_and_reducer(run):
    said = text_of(fragment(signed_in("ben"), address(run, "about/")))
    assert "notes list of string [] 3 0 : <i>one</i> 1 : two 2 : three append" in said
    assert "total number 7 max" in said
    assert "status one of new, done done replace" in said
    assert "<b>odd</b> anything not there yet replace" in said


def test_who_wrote_what_is_listed_newest_first(run):
    said = text_of(fragment(signed_in("ben"), address(run, "about/")))
    assert "2 steps wrote to it b notes : [] 2 0 : two 1 : three status : done First notes :" in said


def test_a_step_shows_what_it_wrote_and_the_state_after_it(run):
    said = tab(run, "a")
    assert "State after this step" in said
    assert "notes list of string [] 1 0 : <i>one</i> written here <i>one</i> append" in said
    assert "total number 7 written here max" in said
    assert "status one of new, done new replace" in said


def test_a_step_that_wrote_nothing_says_so(run):
    said = tab(run, "start")
    assert "This step wrote nothing to the state." in said
    assert "notes list of string [] append" in said


def test_what_was_written_and_called_is_no_markup(run):
    page = fragment(signed_in("ben"), address(run, "steps/a/1/?tab=state")).content.decode()
    assert "<i>one" not in page
    assert "<b>odd" not in page


def test_a_run_without_state_has_no_such_tab_and_panel(demo):
    bare = [{k: v for k, v in each.items() if k != "writes"} for each in FLOW["nodes"]]
    run = stored(demo, {k: v for k, v in {**FLOW, "nodes": bare}.items() if k != "state"})
    assert "tab=state" not in fragment(signed_in("ben"), address(run, "steps/a/1/")).content.decode()
    assert "run-typed-state" not in fragment(signed_in("ben"), address(run, "about/")).content.decode()


def test_the_whole_page_shows_it_without_a_script(run):
    assert "run-typed-state" in signed_in("ben").get(address(run, "about/")).content.decode()
    assert "State after this step" in text_of(signed_in("ben").get(address(run, "steps/a/1/?tab=state")))


def test_the_api_tells_members_the_state_and_strangers_nothing(run):
    path = f"/api/v1/runs/{run.public_id}/state/"
    assert signed_in("ben").get(path).json()["state"] == {
        "notes": ["<i>one</i>", "two", "three"],
        "status": "done",
        "total": 7,
    }
    assert signed_in("ben").get(f"{path}?at=5").json()["state"]["notes"] == ["<i>one</i>"]
    assert signed_in("ben").get(f"{path}?reveal=true").status_code == 403
    assert signed_in("sam").get(path).status_code == 404


def test_of_long_written_values_the_list_shows_the_start_and_the_size(demo):
    run = stored(demo, FLOW)
    rows = [{"k": "v" * 20, "j": number} for number in range(3_000)]
    event = Event.objects.get(run=run, node="b", type="step.finished")
    event.data = json.dumps(
        {"status": "succeeded", "port": "out", "writes": {"notes": rows, "status": "done"}}
    )
    event.save()
    Event.objects.bulk_create(
        Event(
            run=run,
            seq=100 + number,
            at=100,
            type="step.finished",
            node="b",
            iteration=2 + number,
            data=event.data,
        )
        for number in range(98)
    )
    answer = fragment(signed_in("ben"), address(run, "about/"))
    page, said = answer.content.decode(), text_of(answer)
    assert "100 steps wrote to it" in said
    assert '[{"k":"vvvvvvvvvvvvvvvvvvvv","j":0},' in said
    assert f"… {len(dumps(rows))} characters, the whole value is at its step" in said
    assert page.count("the whole value is at its step") == 99
    assert len(page) < 250_000
    whole = fragment(signed_in("ben"), address(run, "steps/b/1/?tab=state")).content.decode()
    assert "the whole value is at its step" not in whole


def test_many_large_fields_share_the_room_of_one_page(demo):
    many = {f"f{number}": {"default": [[0] * 100] * 20} for number in range(90)}
    schema = {"type": "object", "properties": {**many, **FIELDS}}
    run = stored(demo, {**FLOW, "state": {**STATE, "schema": schema}})
    page = fragment(signed_in("ben"), address(run, "about/")).content.decode()
    assert page.count("<li>") < 2_000
    assert "20 more" in page
