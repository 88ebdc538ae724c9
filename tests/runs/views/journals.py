"""Runs with real journals for tests of pages: what the engine wrote of two runs of the demo, stored anew."""

import json
from pathlib import Path

from governance import ids
from governance.models import Approval, Project, User
from runs.models import Event, Part, Run, Step

FOLDER = Path(__file__).parent / "journals"
TEXTS = ("waiting", "output", "error", "pins")


def replay(project: Project, user: User, name: str, **fields) -> Run:
    """The run of journals/NAME.json under a number of its own; `fields` replace those of its row."""
    found = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    number = ids.new_id()
    row = {
        key: json.dumps(value) if key in TEXTS and value is not None else value
        for key, value in found["run"].items()
    }
    row = {key: value for key, value in row.items() if value is not None}
    run = Run.objects.create(
        id=number, root_id=number, project=project, user=user, version=1, **{**row, **fields}
    )
    Event.objects.bulk_create(
        Event(run=run, **{**event, "data": json.dumps(event["data"])}) for event in found["events"]
    )
    Step.objects.bulk_create(Step(run=run, **step) for step in found["steps"])
    Part.objects.bulk_create(
        Part(run=run, hash=part["hash"], text=json.dumps(part["text"])) for part in found["parts"]
    )
    for item in found["approvals"]:
        Approval.objects.create(**{**item, "project": project, "run_id": run.id, "launched_by": user})
    return run


def lengthen(run: Run, count: int) -> None:
    """`count` more steps, each with its lines: items of a map."""
    at = run.created_at
    lines, steps = [], []
    for item in range(count):
        seq = run.seq + 2 * item + 1
        where = {"run": run, "node": "reply", "iteration": 1, "item": item, "attempt": 1, "at": at + item}
        lines.append(Event(seq=seq, type="step.started", data='{"input":1}', **where))
        ended = '{"status":"succeeded","port":"out","ports":["out"],"output":{"text":"x"}}'
        lines.append(Event(seq=seq + 1, type="step.finished", data=ended, **where))
        step = {
            "status": "succeeded",
            "port": "out",
            "attempts": 1,
            "started_seq": seq,
            "finished_seq": seq + 1,
        }
        times = {"started_at": at + item, "finished_at": at + item + 1}
        steps.append(Step(run=run, node="reply", iteration=1, item=item, **step, **times))
    Event.objects.bulk_create(lines, batch_size=1000)
    Step.objects.bulk_create(steps, batch_size=1000)
    run.seq += 2 * count
    run.save(update_fields=["seq"])
