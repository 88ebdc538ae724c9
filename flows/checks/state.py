"""The typed state of a flow: fields that exist, reducers and values that fit them. Races: flows.checks.races."""

from collections.abc import Iterator, Mapping, Set
from itertools import islice
from typing import Any

from flows.checks.drawing import Drawing
from flows.checks.expressions import Reads, Single
from flows.checks.fits import made_by
from flows.checks.races import races
from flows.checks.scope import expressions_of
from flows.checks.shapes import can_be, listed, misfits, types
from flows.graph import Node
from flows.state import REDUCERS, Declared
from governance.refusals import Problem, pointer
from governance.schemas import instance_problems, nearest

MOST_TOLD = 100  # of each kind: to look for the field that was meant takes a millisecond


def state(drawing: Drawing) -> Iterator[Problem]:
    """Nothing where the schema of the state cannot be read: what is wrong with it, flows.checks.schemas says."""
    declared = drawing.declared
    if declared is None and "state" in drawing.document:
        return
    parts = [of_writing(drawing, declared)]
    if declared is not None:
        first = (of_reducers(declared), of_defaults(declared), of_reading(drawing, declared))
        parts = [*first, races(drawing, declared), *parts]
    for part in parts:
        yield from islice(part, MOST_TOLD)


def of_reducers(declared: Declared) -> Iterator[Problem]:
    for name, reducer in declared.reducers.items():
        at = "/state/reducers" + pointer(name)
        if name not in declared.fields:
            yield Problem(
                at,
                f"There is no field {name} to put together: {instead(name, declared, 'remove it')}.",
                "unknown_field",
            )
            continue
        wanted, has = REDUCERS[reducer].types, types_of(declared.fields[name])
        if wanted and not can_be(has, wanted):
            message = (
                f"{reducer} puts together {REDUCERS[reducer].what}, but {name} is {listed(has)}: choose another "
                f"reducer, or let the field be {listed(wanted)}."
            )
            yield Problem(at, message, "reducer_misfit")


def of_defaults(declared: Declared) -> Iterator[Problem]:
    """All defaults are checked in one go: each alone would read the whole schema again."""
    first = declared.first()
    unfit = misfits_of(declared, instance_problems(declared.of_fields(), first))
    if "" in unfit:
        message = f"The defaults of the state's fields cannot be checked: {unfit['']}"
        yield Problem("/state/schema/properties", message, "default_misfit")
    for name, default in first.items():
        at = f"/state/schema/properties{pointer(name)}/default"
        reducer = declared.reducer(name)
        if pointer(name) in unfit:
            message = f"The default of {name} does not fit its own schema: {unfit[pointer(name)]}"
            yield Problem(at, message, "default_misfit")
        elif not REDUCERS[reducer].holds(default):
            message = f"Nothing can be added to the default of {name} by {reducer}: let it be {REDUCERS[reducer].what}."
            yield Problem(at, message, "default_misfit")


def misfits_of(declared: Declared, problems: list[Problem]) -> dict[str, str]:
    """The first message of each field, by the field's pointer; that of no field by nothing."""
    known = {pointer(name) for name in declared.fields}
    found: dict[str, str] = {}
    for problem in problems:
        at = "/".join(problem.pointer.split("/")[:2])
        found.setdefault(at if at in known else "", problem.message)
    return found


def of_reading(drawing: Drawing, declared: Declared) -> Iterator[Problem]:
    there = put_there(drawing, declared)
    for node, node_type in drawing.typed:
        for single in expressions_of(drawing, node, node_type):
            for problem in of_expression(declared, single, there):
                yield drawing.at_node(problem, node.id)


def put_there(drawing: Drawing, declared: Declared) -> Set[str]:
    """The fields that a step writes to or that have a default."""
    return {name for node, _ in drawing.typed for name in node.writes} | declared.first().keys()


def problems_of(drawing: Drawing, single: Single) -> Iterator[Problem]:
    """What is wrong with how one expression reads the state."""
    if drawing.declared is not None:
        yield from of_expression(drawing.declared, single, put_there(drawing, drawing.declared))


def of_expression(declared: Declared, single: Single, there: Set[str]) -> Iterator[Problem]:
    """`state.x`, asked for or not, where there is no x. What lies below a field, flows.checks.fields says."""
    read = single.reads()
    names = {path[1] for path in read.paths | read.guarded if path[0] == "state" and len(path) > 1}
    for name in sorted(names - declared.fields.keys()):
        message = f"The state has no field {name}: {instead(name, declared, 'read another')}."
        yield Problem(single.pointer, message, "unknown_field")
    for name in sorted(relied_on(declared, read) - there):
        message = (
            f"state.{name} is read here, but no step writes to it and it has no default, so this fails: "
            "let a step before write to it, or give it a `default`."
        )
        yield Problem(single.pointer, message, "never_written")


def relied_on(declared: Declared, read: Reads) -> set[str]:
    """The fields that an expression cannot do without."""
    named = {path[1] for path in read.certain() if path[0] == "state" and len(path) > 1}
    return named & declared.fields.keys()


def of_writing(drawing: Drawing, declared: Declared | None) -> Iterator[Problem]:
    for node, _ in drawing.typed:
        if node.writes and declared is None:
            message = (
                f"{node.id} writes to the flow's state, but the flow has none: give it a `state` with a `schema` "
                "that has these fields, or remove `writes`."
            )
            yield drawing.at_node(Problem("/writes", message, "no_state"), node.id)
        for name, template in node.writes.items() if declared else ():
            at = "/writes" + pointer(name)
            if name not in declared.fields:
                message = f"The state has no field {name}: {instead(name, declared, 'write to another')}."
                yield drawing.at_node(Problem(at, message, "unknown_field"), node.id)
                continue
            for reason in misfitting(drawing, node, name, template, declared):
                message = f"What {node.id} writes to {name} {reason}: write something that fits."
                yield drawing.at_node(Problem(at, message, "schema_mismatch"), node.id)


def misfitting(drawing: Drawing, node: Node, name: str, template: Any, declared: Declared) -> Iterator[str]:
    """Why what is written can never fit the field, as far as it is known before a run."""
    made, field = made_by(drawing, template, node), declared.fields[name]
    for misfit in misfits(made, takes(declared.reducer(name), field, made)):
        where = f" at {misfit.at}" if misfit.at else ""
        yield f"{misfit.reason}{where}"


def takes(reducer: str, field: Any, made: Mapping) -> Mapping | None:
    """The schema of what one step may write to a field."""
    if reducer == "append" and isinstance(field, Mapping):
        is_list = types(made) == {"array"}
        if "array" in types(made) and not is_list:
            return None
        return field if is_list else field.get("items")
    if reducer == "merge" and isinstance(field, Mapping):
        return {"type": "object", **field, "required": []}
    return {"type": "number"} if reducer in ("max", "min") else field


def types_of(schema: Any) -> frozenset[str]:
    return types(schema) if isinstance(schema, Mapping) and "$ref" not in schema else types({})


def instead(name: str, declared: Declared, else_do: str) -> str:
    meant = nearest(name, declared.fields)
    add = f"{else_do}, or add it under `properties` of the state's schema"
    return f"did you mean {meant}? Else {add}" if meant else add
