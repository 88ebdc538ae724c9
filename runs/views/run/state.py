"""The typed state of a run on its page: each field with its type, value and reducer, and which step wrote what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from flows.checks.shapes import SCALARS, types
from flows.state import Declared
from runs.engine.rows import dumps
from runs.models import Run, Step
from runs.typed_state import History, Written, history
from runs.views.run import json_tree
from runs.views.run.drawing import Drawing

MOST_WRITES, MOST_VALUES = 100, 500
SHORT, SHOWN = 500, 240  # characters of JSON: up to SHORT a written value is shown whole, of others the start


@dataclass(frozen=True, slots=True)
class Field:
    """One row. `value` is None where nobody wrote to the field yet; `written` is what this step `wrote`, where that is
    not all that there is."""

    name: str
    type: str
    reducer: str
    value: json_tree.Tree | None
    wrote: bool = False
    written: json_tree.Tree | None = None


@dataclass(frozen=True, slots=True)
class StepState:
    """`fields` as they were after the step, or as it sees them while it is under way."""

    fields: list[Field]
    is_after: bool
    wrote: bool


@dataclass(frozen=True, slots=True)
class Start:
    """How a long value begins, and how many characters of JSON it has; its step shows it whole."""

    text: str
    size: int
    is_cut: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """What one step wrote, for the list of all of them."""

    at: int
    url: str
    name: str
    iteration: int
    fields: list[tuple[str, json_tree.Tree | Start]]


@dataclass(frozen=True, slots=True)
class RunState:
    """The state now, the newest writes first; `left_out` are the older ones beyond the bound."""

    fields: list[Field]
    lines: list[Line]
    left_out: int


def of_run(run: Run, drawing: Drawing) -> RunState | None:
    """None where the flow has no state."""
    found = history(run, drawing.document)
    if found is None:
        return None
    lines = [line(run, drawing, written) for written in newest_of(found)]
    return RunState(fields(found.declared, found.now), lines, len(found.writes) - len(lines))


def newest_of(found: History) -> Iterator[Written]:
    """The newest that a page has room for; one step may write to a hundred fields."""
    values = 0
    for written in list(reversed(found.writes))[:MOST_WRITES]:
        values += len(written.writes)
        if values > MOST_VALUES:
            return
        yield written


def of_step(run: Run, drawing: Drawing, step: Step) -> StepState | None:
    """An item's is that of its map: items write nothing of their own."""
    found = history(run, drawing.document)
    if found is None:
        return None
    written = found.of(step.node, step.iteration) if step.item < 0 else None
    state = state_at(found, step, written)
    writes = written.writes if written else {}
    return StepState(fields(found.declared, state, writes), step.finished_seq is not None, bool(writes))


def state_at(found: History, step: Step, written: Written | None) -> Mapping[str, Any]:
    if written is not None:
        return written.state
    seq = step.finished_seq or step.started_seq
    return found.now if seq is None else found.before(seq)


def fields(
    declared: Declared, state: Mapping[str, Any], writes: Mapping[str, Any] | None = None
) -> list[Field]:
    """All values share the room of one tree."""
    room = json_tree.room()
    return [
        field(declared.reducer(name), name, type_words(schema), state, writes or {}, room)
        for name, schema in declared.fields.items()
    ]


def field(
    reducer: str,
    name: str,
    type: str,
    state: Mapping[str, Any],
    writes: Mapping[str, Any],
    room: Iterator[int],
) -> Field:
    value = json_tree.tree(state[name], room) if name in state else None
    adds = name in writes and writes[name] != state.get(name)
    written = json_tree.tree(writes[name], room) if adds else None
    return Field(name, type, reducer, value, name in writes, written)


def line(run: Run, drawing: Drawing, written: Written) -> Line:
    url = reverse("run-step", args=[run.id, written.node, written.iteration])
    wrote = [(name, shown(value)) for name, value in written.writes.items()]
    return Line(written.at, f"{url}?tab=state", drawing.node_name(written.node), written.iteration, wrote)


def shown(value: Any) -> json_tree.Tree | Start:
    text = dumps(value)
    return json_tree.tree(value) if len(text) <= SHORT else Start(f"{text[:SHOWN]}…", len(text))


def type_words(schema: Any) -> str:
    """The type of a field in a few words: `list of string`, `number`, `new, seen or done`."""
    if not isinstance(schema, Mapping):
        return _("anything")
    if isinstance(schema.get("enum"), list):
        return _("one of %(values)s") % {"values": ", ".join(str(value) for value in schema["enum"][:8])}
    named = types(schema)
    if named == {"array"}:
        items = schema.get("items")
        inner = types(items) if isinstance(items, Mapping) else frozenset()
        return _("list of %(type)s") % {"type": next(iter(inner))} if len(inner) == 1 else _("list")
    return " / ".join(sorted(named)) if 0 < len(named) <= len(SCALARS) - 1 else _("anything")
