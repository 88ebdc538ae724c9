"""The typed state of a run on its page: each field with its type, value and reducer, and which step wrote what."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from flows.checks.shapes import SCALARS, types
from flows.state import Declared
from runs.models import Run, Step
from runs.typed_state import History, Written, history
from runs.views.run import json_tree
from runs.views.run.drawing import Drawing

MOST_WRITES = 100


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
class Line:
    """What one step wrote, for the list of all of them."""

    at: int
    url: str
    name: str
    iteration: int
    fields: list[tuple[str, json_tree.Tree]]


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
    newest = list(reversed(found.writes))
    lines = [line(run, drawing, written) for written in newest[:MOST_WRITES]]
    return RunState(fields(found.declared, found.now), lines, len(newest) - len(lines))


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
    return [
        field(declared, name, state, writes or {}, type_words(schema))
        for name, schema in declared.fields.items()
    ]


def field(
    declared: Declared, name: str, state: Mapping[str, Any], writes: Mapping[str, Any], type: str
) -> Field:
    value = json_tree.tree(state[name]) if name in state else None
    adds = name in writes and writes[name] != state.get(name)
    written = json_tree.tree(writes[name]) if adds else None
    return Field(name, type, declared.reducer(name), value, name in writes, written)


def line(run: Run, drawing: Drawing, written: Written) -> Line:
    url = reverse("run-step", args=[run.id, written.node, written.iteration])
    wrote = [(name, json_tree.tree(value)) for name, value in written.writes.items()]
    return Line(written.at, f"{url}?tab=state", drawing.node_name(written.node), written.iteration, wrote)


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
