"""What a fork takes over: the lines of every step that does not lie behind its node, with seqs of their own.

Calls, retries and approvals are not taken over: the copy costs nothing and asks nobody. A step's stored texts
are, where an output names them.
"""

from collections.abc import Iterable, Mapping, Sequence

from django.db.models import QuerySet

from flows.graph import Graph
from runs.engine.rows import STEP_COLUMNS, dumps, loads
from runs.models import Event, Part, Run, Step

COPIED = ("step.started", "step.finished", "step.skipped", "choice.made", "note")
NOTES = ("plan",)  # of the notes those that say why a step did what it did


def behind(graph: Graph, node: str) -> set[str]:
    """The node and everything that can run after it, over loop edges too."""
    found, pending = {node}, [node]
    while pending:
        following = {edge.target for edge in graph.outgoing[pending.pop()]} - found
        found |= following
        pending.extend(following)
    return found


class Copy:
    """The rows that `source` gives to `target`, whose journal has `after` lines already."""

    def __init__(self, source: Run, target: Run, again: set[str], after: int):
        self.source, self.target, self.again, self.seq = source, target, again, after
        self.seqs: dict[int, int] = {}
        self.events = [self._event(event) for event in self._settled(self._lines())]

    def _lines(self) -> QuerySet[Event]:
        lines = Event.objects.filter(run_id=self.source.id, type__in=COPIED).order_by("seq")
        return lines.exclude(node__in=self.again)

    def _settled(self, lines: Iterable[Event]) -> list[Event]:
        """Steps that are still under way are executed anew; so are those that were cut off, and those whose failure
        ended the run. An item that failed stands as long as its map does."""
        lines = [(line, loads(line.data)) for line in lines]
        lines = [(line, data) for line, data in lines if line.type != "note" or data.get("kind") in NOTES]
        done = {key_of(line) for line, data in lines if has_settled(line, data)}
        done |= {
            key_of(line)
            for line, data in lines
            if line.item is not None
            and data.get("status") == "failed"
            and (line.node, line.iteration, None) in done
        }
        # A turn belongs to one conversation: where that is held anew, it may ask others for other things.
        done -= {
            key_of(line)
            for line, data in lines
            if line.type == "step.started"
            and "turn" in data
            and (line.node, line.iteration, None) not in done
        }
        return [line for line, _ in lines if key_of(line) in done]

    def _event(self, event: Event) -> Event:
        self.seq += 1
        self.seqs[event.seq] = self.seq
        data = loads(event.data)
        if "arrived" in data:
            data["arrived"] = [[source, port, self.seqs[seq]] for source, port, seq in data["arrived"]]
        return Event(
            run_id=self.target.id,
            seq=self.seq,
            at=event.at,
            type=event.type,
            node=event.node,
            iteration=event.iteration,
            item=event.item,
            attempt=event.attempt,
            data=dumps(data),
        )

    def steps(self) -> list[Step]:
        """The projections of the copied lines; what they cost stays with the run that paid."""
        copied = {
            (event.node, event.iteration, -1 if event.item is None else event.item) for event in self.events
        }
        return [
            self._step(step)
            for step in Step.objects.filter(run_id=self.source.id)
            if (step.node, step.iteration, step.item) in copied
        ]

    def _step(self, step: Step) -> Step:
        values = {name: getattr(step, name) for name in STEP_COLUMNS}
        values |= {"run_id": self.target.id, "cost": 0, "input_tokens": 0, "output_tokens": 0}
        for name in ("started_seq", "finished_seq"):
            values[name] = self.seqs.get(values[name])
        return Step(**values)

    def parts(self) -> list[Part]:
        """The texts that copied outputs name."""
        named = {hash for event in self.events if (hash := named_part(loads(event.data).get("output")))}
        found: Sequence[Part] = Part.objects.filter(run_id=self.source.id, hash__in=named) if named else ()
        return [Part(run_id=self.target.id, hash=part.hash, text=part.text) for part in found]


def has_settled(line: Event, data: Mapping) -> bool:
    """Whether the line ends a step in a way that others can follow."""
    status = data.get("status")
    return (
        line.type == "step.skipped" or status == "succeeded" or (status == "failed" and bool(data["ports"]))
    )


def key_of(event: Event) -> tuple:
    return event.node, event.iteration, event.item


def named_part(output) -> str | None:
    reference = output.get("$part") if isinstance(output, dict) else None
    return reference.get("text") if isinstance(reference, dict) else None
