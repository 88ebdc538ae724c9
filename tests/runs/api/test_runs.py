"""Reading runs: the run itself, its steps, its events, its parts; and feedback."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import ids
from governance.models import AuditEntry, User
from governance.privacy import vault
from runs.models import Feedback, Part

pytestmark = pytest.mark.both_databases


def test_a_run_is_shown_as_the_contract_says(ada, make_run):
    run = make_run(
        status="waiting",
        environment="live",
        waiting='[{"kind":"approval","node":"check","iteration":1,"item":null,"id":"0000000000007","until":1500000}]',
        cost=1_234_567,
        input_tokens=10,
        output_tokens=20,
        started_at=2_000_000,
        created_at=1_000_000,
        error='{"code":"denied","message":"No.","node":"check","iteration":1}',
    )
    assert ada.get(f"runs/{run.public_id}/").json() == {
        "id": run.public_id,
        "project": "demo",
        "flow": "support",
        "version": 1,
        "status": "waiting",
        "queue_position": None,
        "environment": "live",
        "trigger": "api",
        "labels": {},
        "pins": {},
        "input": {"message": "hi"},
        "output": None,
        "error": {"code": "denied", "message": "No.", "node": "check", "iteration": 1},
        "waiting": [
            {
                "kind": "approval",
                "node": "check",
                "iteration": 1,
                "item": None,
                "id": "0000000000007",
                "until": "1970-01-01T00:00:01.500Z",
            }
        ],
        "cost_usd": 0.001234567,
        "tokens": {"input": 10, "output": 20},
        "created_at": "1970-01-01T00:00:01.000Z",
        "started_at": "1970-01-01T00:00:02.000Z",
        "finished_at": None,
        "user": "ada",
        "trace_id": "0" * 32,
        "parent": None,
        "forked_from": None,
    }


def test_a_child_names_its_parent(ada, make_run):
    parent = make_run()
    child = make_run(
        parent_id=parent.id, parent_node="each", parent_iteration=2, parent_item=3, root_id=parent.id
    )
    shown = ada.get(f"runs/{child.public_id}/").json()
    assert shown["parent"] == {"run": parent.public_id, "node": "each", "iteration": 2, "item": 3}


def test_runs_come_newest_first_and_in_pages(ada, make_run):
    made = [make_run().public_id for _ in range(5)]
    path, seen, pages = "projects/demo/runs/?limit=2", [], 0
    while path:
        page = ada.get(path).json()
        seen += [run["id"] for run in page["results"]]
        path, pages = page["next"], pages + 1
    assert seen == made[::-1]
    assert pages == 3


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["c", "b", "a"]),
        ("status=failed", ["b"]),
        ("status=failed,succeeded", ["b", "a"]),
        ("flow=other", ["b"]),
        ("user=ben", ["a"]),
        ("user=nobody", []),
        ("since=2026-05-01T00:00:00Z", ["c", "b"]),
        ("since=2026-05-01T02:00:00%2B02:00", ["c", "b"]),
        ("since=2026-05-01T00:00:00.001Z", ["c"]),
    ],
)
def test_runs_are_filtered(ada, make_run, query, expected):
    may = 1_777_593_600_000_000
    at = {"a": may - 1_000_000, "b": may, "c": may + 1_000_000}
    given = {
        "a": {"user": User.objects.get(username="ben")},
        "b": {"status": "failed", "flow": "other"},
        "c": {"status": "running"},
    }
    names = {make_run(created_at=at[name], **given[name]).public_id: name for name in "abc"}
    results = ada.get(f"projects/demo/runs/?{query}").json()["results"]
    assert [names[run["id"]] for run in results] == expected


@pytest.fixture
def told(make_run, make_event, make_step):
    """start → a, b → join; b failed over its error port; a's text is a part."""
    run = make_run()
    make_event(run, 1, "run.created", {})
    make_event(run, 2, "step.started", {"input": {"message": "hi"}}, node="start", iteration=1)
    make_event(run, 3, "step.finished", {"status": "succeeded", "port": "out", "output": {"message": "hi"}})
    make_event(run, 4, "step.started", {"arrived": [["start", "out", 3]]}, node="a", iteration=1)
    make_event(run, 5, "step.started", {"arrived": [["start", "out", 3]]}, node="b", iteration=1)
    make_event(
        run, 6, "step.finished", {"status": "succeeded", "output": {"$part": {"text": "ab12"}}}, node="a"
    )
    error = {"code": "timeout", "message": "Too slow."}
    make_event(run, 7, "step.finished", {"status": "failed", "port": "error", "error": error}, node="b")
    make_event(run, 8, "step.started", {"arrived": [["a", "out", 6], ["b", "error", 7]]}, node="join")
    Part.objects.create(run=run, hash="ab12", text='"A long answer."')
    make_step(run, "start", started_seq=2, finished_seq=3, port="out")
    make_step(run, "a", started_seq=4, finished_seq=6, agent="writer@3", cost=2_000_000_000, attempts=2)
    make_step(run, "b", started_seq=5, finished_seq=7, status="failed", port="error")
    make_step(run, "never", status="skipped")
    make_step(run, "join", started_seq=8, status="running", item=4)
    return run


def test_steps_show_what_came_and_what_went(ada, told):
    steps = ada.get(f"runs/{told.public_id}/steps/").json()["results"]
    error = {"code": "timeout", "message": "Too slow."}
    assert [(step["node"], step["input"], step["output"], step["error"]) for step in steps] == [
        ("start", {"message": "hi"}, {"message": "hi"}, None),
        ("a", {"message": "hi"}, {"text": "A long answer."}, None),
        ("b", {"message": "hi"}, None, error),
        ("join", {"a": {"text": "A long answer."}, "b": {"error": error}}, None, None),
        ("never", None, None, None),
    ]
    assert steps[1]["agent"] == "writer"
    assert (steps[1]["version"], steps[1]["attempts"], steps[1]["cost_usd"]) == (3, 2, 2)
    assert [step["item"] for step in steps] == [None, None, None, 4, None]


def test_what_the_run_itself_asked_for_is_no_step(ada, told, make_step):
    make_step(told, "", started_seq=1, finished_seq=9)  # its launch and release are kept under no node
    nodes = [step["node"] for step in ada.get(f"runs/{told.public_id}/steps/").json()["results"]]
    assert nodes == ["start", "a", "b", "join", "never"]
    assert ada.get("projects/demo/metrics/").json()["steps"]["total"] == 5


def test_steps_come_in_pages_without_loss(ada, told):
    path, seen = f"runs/{told.public_id}/steps/?limit=1", []
    while path:
        page = ada.get(path).json()
        seen += [step["node"] for step in page["results"]]
        path = page["next"]
    assert seen == ["start", "a", "b", "join", "never"]


def test_events_follow_their_seq(ada, told):
    page = ada.get(f"runs/{told.public_id}/events/?after=3&limit=3").json()
    assert [event["seq"] for event in page["results"]] == [4, 5, 6]
    assert page["results"][2]["data"]["output"] == {"text": "A long answer."}
    assert page["results"][0]["data"] == {"arrived": [["start", "out", 3]]}
    rest = ada.get(page["next"]).json()
    assert [event["seq"] for event in rest["results"]] == [7, 8]
    assert rest["next"] is None


@pytest.mark.parametrize("query", ["after=-1", "after=2147483648", "after=x"])
def test_a_wrong_place_in_the_journal_is_refused(ada, told, query):
    assert ada.get(f"runs/{told.public_id}/events/?{query}").status_code == 422


def test_a_part_is_shown_to_members_only(ada, caller, told):
    assert ada.get(f"runs/{told.public_id}/parts/ab12/").json() == {"text": "A long answer."}
    assert ada.get(f"runs/{told.public_id}/parts/ab13/").status_code == 404
    assert caller("sam").get(f"runs/{told.public_id}/parts/ab12/").status_code == 404


def test_what_looks_like_a_part_and_is_none_stays(ada, make_run, make_event, make_step):
    run = make_run(output='{"$part":{"text":"ff"}}')
    make_event(run, 1, "step.finished", {"output": {"$part": {"text": ["no"]}}, "status": "succeeded"})
    make_step(run, "a", finished_seq=1)
    assert ada.get(f"runs/{run.public_id}/").json()["output"] == {"$part": {"text": "ff"}}
    assert ada.get(f"runs/{run.public_id}/steps/").json()["results"][0]["output"] == {
        "$part": {"text": ["no"]}
    }


@pytest.mark.parametrize("path", ["runs/{run}/steps/", "runs/{run}/events/", "projects/demo/runs/"])
def test_the_number_of_queries_does_not_grow(ada, told, make_run, make_event, make_step, path):
    path = path.format(run=told.public_id)
    with CaptureQueriesContext(connection) as few:
        ada.get(path)
    for seq in range(9, 60):
        make_run()
        make_event(told, seq, "step.finished", {"status": "succeeded", "output": {"$part": {"text": "ab12"}}})
        make_step(told, f"n{seq}", started_seq=8, finished_seq=seq)
    with CaptureQueriesContext(connection) as many:
        assert len(ada.get(path + "?limit=500").json()["results"]) > 50
    assert len(many) == len(few) <= 8


def test_one_stored_text_is_shown_with_its_values_to_who_may_see_them(caller, ada, told):
    (name,) = vault.allocate(told.root_id, [("EMAIL_ADDRESS", "ann@shop.example")])
    Part.objects.create(run=told, hash="cd34", text=f'"To {name}."')
    path = f"runs/{told.public_id}/parts/cd34/"
    assert ada.get(path).json() == {"text": f"To {name}."}
    assert caller("ben").get(f"{path}?reveal=true").status_code == 403
    assert caller("rita").get(f"{path}?reveal=true").json() == {"text": "To ann@shop.example."}
    entry = AuditEntry.objects.get(action="run.reveal")
    assert (entry.actor, entry.data["what"]) == ("rita", "part")


def test_feedback_is_kept(caller, make_run):
    run = make_run()
    answer = caller("olu").post(f"runs/{run.public_id}/feedback/", {"score": 5, "comment": "Good."})
    assert answer.status_code == 201
    assert answer.json()["user"] == "olu"
    assert Feedback.objects.get(run=run).comment == "Good."


@pytest.mark.parametrize("score", [0, 6, 2.5, "5", None])
def test_feedback_is_a_score_from_1_to_5(ada, make_run, score):
    answer = ada.post(f"runs/{make_run().public_id}/feedback/", {"score": score})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/score"


def test_identifiers_are_opaque_text(ada, make_run):
    run = make_run()
    assert ids.decode(run.public_id) == run.id
    assert ada.get(f"runs/{run.id}/").status_code == 404
