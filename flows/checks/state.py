"""The typed state of a flow: fields that exist, reducers and values that fit them, no two writers in a race."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from flows.checks.at_once import AtOnce
from flows.checks.drawing import Drawing
from flows.checks.expressions import Reads, Single
from flows.checks.fits import made_by
from flows.checks.scope import expressions_of
from flows.checks.shapes import can_be, listed, misfits, types
from flows.graph import Node
from flows.state import REDUCERS, Declared
from governance.refusals import Problem, pointer
from governance.schemas import instance_problems, nearest

MEND_RACE = (
    "give the field a reducer that keeps both (append, merge, max, min), let them write to two fields, "
    "or connect them so that one comes after the other"
)


def state(drawing: Drawing) -> Iterator[Problem]:
    """Nothing where the schema of the state cannot be read: what is wrong with it, flows.checks.schemas says."""
    declared = drawing.declared
    if declared is None and "state" in drawing.document:
        return
    if declared is not None:
        yield from of_reducers(declared)
        yield from of_defaults(declared)
        yield from of_reading(drawing)
        yield from of_races(drawing, declared)
    yield from of_writing(drawing, declared)


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
    schema = declared.of_fields()
    for name, default in declared.first().items():
        at = f"/state/schema/properties{pointer(name)}/default"
        reducer = declared.reducer(name)
        if found := instance_problems(schema, {name: default}):
            message = f"The default of {name} does not fit its own schema: {found[0].message}"
            yield Problem(at, message, "default_misfit")
        elif not REDUCERS[reducer].holds(default):
            message = f"Nothing can be added to the default of {name} by {reducer}: let it be {REDUCERS[reducer].what}."
            yield Problem(at, message, "default_misfit")


def of_reading(drawing: Drawing) -> Iterator[Problem]:
    for node, node_type in drawing.typed:
        for single in expressions_of(drawing, node, node_type):
            for problem in problems_of(drawing, single):
                yield drawing.at_node(problem, node.id)


def problems_of(drawing: Drawing, single: Single) -> Iterator[Problem]:
    """`state.x`, asked for or not, where there is no x. What lies below a field, flows.checks.fields says."""
    declared, read = drawing.declared, single.reads()
    if declared is None:
        return
    names = {path[1] for path in read.paths | read.guarded if path[0] == "state" and len(path) > 1}
    for name in sorted(names - declared.fields.keys()):
        message = f"The state has no field {name}: {instead(name, declared, 'read another')}."
        yield Problem(single.pointer, message, "unknown_field")
    for name in sorted(never_there(drawing, declared, read)):
        message = (
            f"state.{name} is read here, but no step writes to it and it has no default, so this fails: "
            "let a step before write to it, or give it a `default`."
        )
        yield Problem(single.pointer, message, "never_written")


def never_there(drawing: Drawing, declared: Declared, read: Reads) -> set[str]:
    """The fields that an expression relies on, and that nothing puts there."""
    written = {name for node, _ in drawing.typed for name in node.writes}
    relied_on = {path[1] for path in read.certain() if path[0] == "state" and len(path) > 1}
    return (relied_on & declared.fields.keys()) - written - declared.first().keys()


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


def of_races(drawing: Drawing, declared: Declared) -> Iterator[Problem]:
    """Two that may write to one field at the same time, where the one that comes last would win by chance."""
    graph = drawing.graph
    if len(graph.order) < len(graph.nodes) or not any(node.type == "start" for node in graph.nodes.values()):
        return
    writers: dict[str, list[Node]] = {}
    for node, _ in drawing.typed:
        for name in node.writes:
            if name in declared.fields and declared.reducer(name) in ("replace", "merge"):
                writers.setdefault(name, []).append(node)
    shared = {name: nodes for name, nodes in writers.items() if len(nodes) > 1}
    at_once = AtOnce(graph, {node.id for nodes in shared.values() for node in nodes}) if shared else None
    for name, nodes in shared.items():
        told: set[str] = set()
        for one, other in combinations(nodes, 2):
            what = contested(drawing, declared, name, one, other)
            if what and other.id not in told and at_once.may(one.id, other.id):
                told.add(other.id)
                message = (
                    f"{one.id} and {other.id} may write to {what} at the same time, and whoever comes last would "
                    f"win: {MEND_RACE}."
                )
                nodes_told = (one.id, other.id)
                problem = Problem(f"/writes{pointer(name)}", message, "parallel_writes", nodes=nodes_told)
                yield drawing.at_node(problem, other.id)


def contested(drawing: Drawing, declared: Declared, name: str, one: Node, other: Node) -> str:
    """What of a field both write to: all of it, or keys that both surely write; nothing where that cannot be said."""
    if declared.reducer(name) != "merge":
        return name
    keys = [set(made_by(drawing, node.writes[name], node).get("required", ())) for node in (one, other)]
    return ", ".join(f"{name}.{key}" for key in sorted(keys[0] & keys[1]))


def types_of(schema: Any) -> frozenset[str]:
    return types(schema) if isinstance(schema, Mapping) and "$ref" not in schema else types({})


def instead(name: str, declared: Declared, else_do: str) -> str:
    meant = nearest(name, declared.fields)
    add = f"{else_do}, or add it under `properties` of the state's schema"
    return f"did you mean {meant}? Else {add}" if meant else add
