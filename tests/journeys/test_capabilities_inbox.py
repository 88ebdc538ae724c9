"""The inbox over HTTP: the reminder, what silence does, and how soon a run goes on (P13, G5, H1; contract 5)."""

import time
from datetime import datetime

from tests.journeys.playhouse import House, end, node

ENDS = [end("yes", "yes {{ steps.ok.output.payload }}"), end("no", "{{ steps.ok.output.decision }}")]
WAYS = "start > ok; ok.approved > yes; ok.rejected > no"


def asking(**config) -> list[dict]:
    return [node("ok", "approval", **{"reviewers": ["role:reviewer"], "payload": 3, **config}), *ENDS]


def reminders(house: House, item: dict) -> list[dict]:
    lines = house.ada.read("projects/demo/audit/?limit=500")["results"]
    return [
        line
        for line in lines
        if (line["action"], line["object"]) == ("approval.remind", f"approval/{item['id']}")
    ]


def test_who_waits_is_reminded_once_while_nothing_drives_the_run(house: House):
    play = house.play(asking(due_in_s=6), WAYS)
    item = play.asks()
    until = time.monotonic() + 5.5
    while not (found := reminders(house, item)) and time.monotonic() < until:
        time.sleep(0.2)
    assert [(line["actor"], line["data"]["run"]) for line in found] == [("system", play.id)]
    assert play.asks()["status"] == "pending"
    assert play.output == "timed_out"  # in its time, though no driver held it
    assert len(reminders(house, item)) == 1


def test_a_run_goes_on_soon_after_the_decision_and_held_nothing_meanwhile(house: House):
    play = house.play(asking(due_in_s=600), WAYS)
    item = play.asks()
    play.decided("approve")
    run = play.ended()
    assert run["output"] == "yes 3"
    (said,) = house.rita.read(f"approvals/{item['id']}/")["decisions"]
    decided, finished = (datetime.fromisoformat(at) for at in (said["at"], run["finished_at"]))
    # A second is the promise; a machine under tests may take longer, a run that only a sweep wakes takes far longer.
    assert 0 <= (finished - decided).total_seconds() < 5


def test_one_decision_answers_one_call_alone(house: House):
    """Single use: the same flow, the same arguments, another run: it is asked again, and neither fits the other."""
    flow = house.flow(asking(), WAYS)
    first, second = house.launch(flow), house.launch(flow)
    one, two = first.asks(), second.asks()
    assert one["fingerprint"] != two["fingerprint"]
    body = {"decision": "approve", "fingerprint": one["fingerprint"]}
    assert house.rita.post(f"approvals/{two['id']}/decision/", json=body).status_code == 409
    assert house.rita.post(f"approvals/{one['id']}/decision/", json=body).status_code == 201
    assert house.rita.post(f"approvals/{one['id']}/decision/", json=body).status_code == 409
    assert second.asks()["status"] == "pending"
