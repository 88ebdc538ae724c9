"""A run that cannot be read fails with a sentence, and costs the runs claimed with it nothing."""

import time

import pytest

from governance import documents, people
from governance.models import Version
from runs.engine import hosting
from runs.launch import launch
from runs.models import FINISHED, Event, Run

FLOW = {
    "kind": "flow",
    "slug": "plain",
    "name": "Plain",
    "nodes": [{"id": "start", "type": "start"}, {"id": "end", "type": "end"}],
    "edges": [{"from": "start", "to": "end"}],
}


def finished(runs: list[Run]) -> list[Run]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = list(Run.objects.filter(id__in=[run.id for run in runs]).order_by("id"))
        if all(run.status in FINISHED for run in found):
            return found
        time.sleep(0.05)
    raise AssertionError([run.status for run in found])


@pytest.mark.parametrize("damage", ["a version that is gone", "a first line that is no JSON"])
def test_an_unreadable_run_fails_alone(transactional_db, damage):
    ada = people.create_user("ada", None)
    project = people.create_project("demo", "Demo", ada)
    documents.create_and_publish(project, "flows", "plain", FLOW, ada)
    runs = [launch(project, "plain", {"n": n}, user=ada)[0] for n in range(2)]
    if damage == "a version that is gone":
        Run.objects.filter(id=runs[0].id).update(version=7)
    else:
        Event.objects.filter(run_id=runs[0].id, seq=1).update(data="{")
    hosting.start(sole=True)
    try:
        bad, good = finished(runs)
    finally:
        hosting.stop()
    assert (bad.status, good.status) == ("failed", "succeeded")
    assert "cannot be read" in bad.error
    assert Event.objects.get(run_id=bad.id, seq=bad.seq).type == "run.finished"
    assert Version.objects.count() == 1
