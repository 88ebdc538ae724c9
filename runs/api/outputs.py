"""Inputs and outputs of steps, put together from the events that hold them.

The engine writes each output once, in `step.finished`. `step.started` only says which of them arrived, and a long
text stands in a Part: `{"$part": {"text": HASH}}`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from runs.engine.rows import dumps, loads
from runs.models import Event, Part, Step

MARK = '"$part"'


class Texts:
    """The parts of one run that some outputs refer to, read in one query."""

    def __init__(self, run_id: int, outputs: Iterable[Any]):
        hashes = {found for output in outputs if (found := part_of(output))}
        rows = Part.objects.filter(run_id=run_id, hash__in=hashes) if hashes else ()
        self._texts = {row.hash: loads(row.text) for row in rows}

    def whole(self, output: Any) -> Any:
        """The output with its text; what refers to no part of this run stays as it is."""
        text = self._texts.get(part_of(output) or "")
        return output if text is None else {"text": text}


def part_of(output: Any) -> str | None:
    """The hash that `{"$part": {"text": HASH}}` refers to."""
    if not isinstance(output, dict) or output.keys() != {"$part"}:
        return None
    reference = output["$part"]
    found = reference.get("text") if isinstance(reference, dict) else None
    return found if isinstance(found, str) else None


class StepValues:
    """Input, output and error of the steps of one run: three queries, however many steps."""

    def __init__(self, run_id: int, steps: Iterable[Step]):
        steps = list(steps)
        seqs = {seq for step in steps for seq in (step.started_seq, step.finished_seq) if seq is not None}
        self._data = read_events(run_id, seqs)
        arrived = {
            seq for step in steps for _, _, seq in self._started(step).get("arrived", ()) if seq is not None
        }
        self._data |= read_events(run_id, arrived - self._data.keys())
        self._texts = Texts(run_id, (data.get("output") for data in self._data.values()))

    def input(self, step: Step) -> Any:
        """What the step got: the one output that arrived, or several by node; an error as `{"error": …}`."""
        started = self._started(step)
        if "arrived" not in started:
            return started.get("input")
        arrived = {source: self._over_edge(port, seq) for source, port, seq in started["arrived"]}
        return next(iter(arrived.values())) if len(arrived) == 1 else arrived

    def output(self, step: Step) -> Any:
        return self._texts.whole(self._data.get(step.finished_seq, {}).get("output"))

    def error(self, step: Step) -> Any:
        return self._data.get(step.finished_seq, {}).get("error")

    def writes(self, step: Step) -> Mapping:
        """What the step wrote to the flow's state, by field."""
        return self._data.get(step.finished_seq, {}).get("writes") or {}

    def turn(self, step: Step) -> str:
        """The name of the participant's turn that the step is: `CONVERSATION/NAME`; "" for any other."""
        return self._started(step).get("turn") or ""

    def _started(self, step: Step) -> Mapping:
        return self._data.get(step.started_seq, {})

    def _over_edge(self, port: str, seq: int | None) -> Any:
        data = self._data.get(seq, {})
        return {"error": data.get("error")} if port == "error" else self._texts.whole(data.get("output"))


def read_events(run_id: int, seqs: set[int]) -> dict[int, dict]:
    if not seqs:
        return {}
    rows = Event.objects.filter(run_id=run_id, seq__in=seqs).values_list("seq", "data")
    return {seq: loads(data) for seq, data in rows}


def whole_events(run_id: int, events: Iterable[Event]) -> list[str]:
    """The data of events as JSON texts, outputs that refer to a part with its text in place."""
    events = list(events)
    parsed = {
        event.seq: loads(event.data)
        for event in events
        if event.type == "step.finished" and MARK in event.data
    }
    known = Texts(run_id, (data.get("output") for data in parsed.values()))
    return [
        dumps({**parsed[event.seq], "output": known.whole(parsed[event.seq].get("output"))})
        if event.seq in parsed
        else event.data
        for event in events
    ]
