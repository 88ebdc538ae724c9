"""What is wrong with a flow's typed state before a run: fields, reducers, values, and writers in a race."""

from itertools import combinations
from random import Random

import pytest

from flows.check import check
from flows.checks.at_once import AtOnce
from flows.graph import parse
from tests.environment import scaled
from tests.flows.drawings import flow, library, line, lookup, node, told
from tests.flows.random_graphs import random_choices, random_graph, to_document, without_early_joins
from tests.flows.reference import Graph, interpret

STATE = {
    "schema": {
        "type": "object",
        "properties": {
            "notes": {"type": "array", "items": {"type": "string"}, "default": []},
            "facts": {"type": "object", "properties": {"n": {"type": "integer"}}},
            "total": {"type": "number"},
            "status": {"enum": ["new", "done"], "default": "new"},
        },
    },
    "reducers": {"notes": "append", "facts": "merge", "total": "max"},
}
LIBRARY = library(
    tool_find={
        "slug": "find",
        "type": "http",
        "output_schema": {"type": "object", "properties": {"n": {"type": "integer"}}},
    }
)


def made(output=1, **writes) -> dict:
    return node("a", "transform", {"output": output}, writes=writes)


def stated(*middle: dict, state: dict | None = None, **more) -> dict:
    return line(*middle, state=STATE if state is None else state, **more)


FINE = {
    "values that fit": stated(made({"n": 1}, notes="x", facts={"n": "= output.n"}, total="= output.n", status="done")),
    "a list to a list": stated(made(notes=["x", "= input.word"])),
    "what cannot be known": stated(made(notes="= input.words", total="= input.n * 2.0")),
    "its own output": stated(node("a", "tool", {"tool": "find"}, writes={"total": "= output.n"})),
    "its own output where it may fail": stated(
        node("a", "tool", {"tool": "find"}, on_error="port", writes={"total": "= output.n"})
    ),
    "the state read": stated(made("= state.notes"), node("b", "transform", {"output": "{{ state.status }}"})),
    "the whole state": stated(made("= size(state)")),
    "asked for first": stated(made("= has(state.total) ? state.total : 0.0")),
    "an agent's instructions": stated(node("a", "agent", {"agent": "writer", "text": "{{ state.notes }}"})),
    "a state that nobody uses": stated(),
}  # fmt: skip


@pytest.mark.parametrize("document", FINE.values(), ids=FINE)
def test_a_sound_state_has_no_problems(document: dict):
    assert check(document, LIBRARY) == []


def fields(**schemas) -> dict:
    return {"schema": {"type": "object", "properties": schemas}}


AT, WRITES = "/nodes/1/config/output", "/nodes/1/writes"
BREACHES = {
    "an unknown field written": (stated(made(nots="x")), ("unknown_field", f"{WRITES}/nots", ("a",))),
    "an unknown field read": (stated(made("= state.nots")), ("unknown_field", AT, ("a",))),
    "an unknown field asked for": (stated(made("= has(state.nots)")), ("unknown_field", AT, ("a",))),
    "a key that a field has not": (
        stated(
            made("= state.facts.m", facts={"n": 1}),
            state=fields(facts={"type": "object", "properties": {"n": {}}, "additionalProperties": False}),
        ),
        ("unknown_key", AT, ("a",)),
    ),
    "nobody writes it": (stated(made("= state.total")), ("never_written", AT, ("a",))),
    "no state to read": (line(made("= state.notes")), ("unknown_name", AT, ("a",))),
    "no state to write to": (line(made(notes="x")), ("no_state", WRITES, ("a",))),
    "a value that is no expression": (stated(made(notes="= 1 +")), ("expression_error", f"{WRITES}/notes", ("a",))),
    "a step that comes later": (
        stated(made(notes="= steps.b.output"), node("b", "transform", {"output": "x"})),
        ("step_out_of_scope", f"{WRITES}/notes", ("a", "b")),
    ),
    "a key that its output has not": (
        stated(made({"n": 1}, total="= output.m")),
        ("unknown_key", f"{WRITES}/total", ("a",)),
    ),
    "output outside of writes": (stated(made("= output.n")), ("unknown_name", AT, ("a",))),
    "a text for a number": (stated(made(total="many")), ("schema_mismatch", f"{WRITES}/total", ("a",))),
    "a number for a list of texts": (stated(made(notes=3)), ("schema_mismatch", f"{WRITES}/notes", ("a",))),
    "a list of numbers for a list of texts": (
        stated(made("= state.ns", notes="= state.ns"), state={
            **STATE,
            "schema": {"type": "object", "properties": {
                "notes": {"type": "array", "items": {"type": "string"}},
                "ns": {"type": "array", "items": {"type": "integer"}, "default": []},
            }},
            "reducers": {"notes": "append"},
        }),
        ("schema_mismatch", f"{WRITES}/notes", ("a",)),
    ),
    "no object to merge": (stated(made(facts="x")), ("schema_mismatch", f"{WRITES}/facts", ("a",))),
    "a wrong key to merge": (stated(made(facts={"n": "x"})), ("schema_mismatch", f"{WRITES}/facts", ("a",))),
    "another word": (stated(made(status="lost")), ("schema_mismatch", f"{WRITES}/status", ("a",))),
    "its own output of another type": (
        stated(made("word", total="= output")),
        ("schema_mismatch", f"{WRITES}/total", ("a",)),
    ),
    "a reducer for no field": (
        stated(state={**fields(a={}), "reducers": {"b": "max"}}),
        ("unknown_field", "/state/reducers/b", ()),
    ),
    "a reducer that does not fit": (
        stated(state={**fields(a={"type": "string"}), "reducers": {"a": "append"}}),
        ("reducer_misfit", "/state/reducers/a", ()),
    ),
    "a default that does not fit": (
        stated(state=fields(a={"type": "string", "default": 1})),
        ("default_misfit", "/state/schema/properties/a/default", ()),
    ),
    "a default that nothing can be added to": (
        stated(state={**fields(a={"type": ["array", "null"], "default": None}), "reducers": {"a": "append"}}),
        ("default_misfit", "/state/schema/properties/a/default", ()),
    ),
    "a state that is no object": (
        stated(state={"schema": {"type": "array"}}),
        ("not_object", "/state/schema/type", ()),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), BREACHES.values(), ids=BREACHES)
def test_a_breach_is_named_with_its_place(document: dict, expected: tuple):
    assert told(check(document, LIBRARY)) == [expected]


def test_a_misspelt_field_is_told_what_was_meant():
    (problem,) = check(stated(made(nots="x")), LIBRARY)
    assert problem.message == (
        "The state has no field nots: did you mean notes? Else write to another, or add it under `properties` of "
        "the state's schema."
    )


def test_a_state_without_a_schema_has_no_fields():
    assert told(check(stated(made(notes="x"), state={}), LIBRARY)) == [
        ("unknown_field", "/nodes/1/writes/notes", ("a",))
    ]


# --- at the same time ----------------------------------------------------------------------------------------------


def write(id: str, value="done", type: str = "transform", field: str = "status", **more) -> dict:
    return node(id, type, writes={field: value}, **more)


def drawn(middle: list[dict], edges: list[str]) -> dict:
    return flow([node("start", "start"), *middle, node("done", "end")], edges, state=STATE)


def races(document: dict) -> list[tuple]:
    return [nodes for code, _, nodes in told(check(document, lookup)) if code == "parallel_writes"]


A, B = write("a"), write("b", "new")
CHOICE = node("c", "condition")  # ports again, other, else
ROUTER = node("c", "router")
BOTH_WAYS = [
    "start -> c",
    "c:billing -> a",
    "c:technical -> b",
    "c:otherwise -> done",
    "a -> done",
    "b -> done",
]
SEVERAL = node("c", "router", {"by": "agent", "agent": "writer", "text": "?", "multiple": True, "routes": [
    {"port": "billing", "description": "x"}, {"port": "technical", "description": "y"}]})  # fmt: skip
RACES = {
    "side by side": (
        drawn([A, B], ["start -> a", "start -> b", "a -> done", "b -> done"]),
        [("a", "b")],
    ),
    "one after the other": (drawn([A, B], ["start -> a", "a -> b", "b -> done"]), []),
    "on two ports of a condition": (
        drawn([CHOICE, A, B], ["start -> c", "c:again -> a", "c:else -> b", "a -> done", "b -> done"]),
        [],
    ),
    "on one port of a condition": (
        drawn(
            [CHOICE, A, B],
            ["start -> c", "c:again -> a", "c:again -> b", "c:else -> done", "a -> done", "b -> done"],
        ),
        [("a", "b")],
    ),
    "on two routes": (drawn([ROUTER, A, B], BOTH_WAYS), []),
    "on two routes of several": (drawn([SEVERAL, A, B], BOTH_WAYS), [("a", "b")]),
    "on an error port and the other": (
        drawn(
            [node("c", "transform", on_error="port"), A, B],
            ["start -> c", "c -> a", "c:error -> b", "a -> done", "b -> done"],
        ),
        [],
    ),
    "on a port, and past the condition": (
        drawn(
            [CHOICE, A, B],
            ["start -> c", "start -> b", "c:again -> a", "c:else -> done", "a -> done", "b -> done"],
        ),
        [("a", "b")],
    ),
    "behind a join of both ways": (
        drawn(
            [CHOICE, A, node("j", "join"), B],
            ["start -> c", "c:again -> a", "c:else -> j", "a -> j", "j -> b", "b -> done"],
        ),
        [],
    ),
    "behind the first of two": (
        drawn(
            [A, node("x", "transform"), node("j", "join", {"mode": "any"}), B],
            ["start -> a", "start -> x", "a -> j", "x -> j", "j -> b", "b -> done"],
        ),
        [],
    ),
    "behind the first of two, and going on": (
        drawn(
            [A, node("x", "transform"), node("j", "join", {"mode": "any"}), node("y", "transform"), B],
            ["start -> a", "start -> x", "a -> j", "x -> j", "j -> b", "a -> y", "y -> done", "b -> done"],
        ),
        [("a", "b")],
    ),
    "in a loop and behind it": (
        drawn(
            [A, CHOICE, B],
            ["start -> a", "a -> c", "c:again -> a *3", "c:else -> b", "c:other -> done", "b -> done"],
        ),
        [],
    ),
    "in a loop and behind the failure of another in it": (
        drawn(
            [node("h", "transform"), A, node("x", "transform", on_error="port"), CHOICE, B],
            [
                "start -> h", "h -> a", "h -> x", "a -> c", "x -> c", "c:again -> h *3", "c:else -> done",
                "c:other -> done", "x:error -> b", "b -> done",
            ],
        ),
        [],
    ),
    "in a loop and beside it": (
        drawn(
            [A, CHOICE, B],
            ["start -> a", "start -> b", "a -> c", "c:again -> a *3", "c:else -> done", "c:other -> done", "b -> done"],
        ),
        [("a", "b")],
    ),
    "three at once": (
        drawn(
            [A, B, write("d")],
            ["start -> a", "start -> b", "start -> d", "a -> done", "b -> done", "d -> done"],
        ),
        [("a", "b"), ("a", "d")],
    ),
    "to a list": (
        drawn(
            [write("a", "x", field="notes"), write("b", "y", field="notes")],
            ["start -> a", "start -> b", "a -> done", "b -> done"],
        ),
        [],
    ),
    "to two keys of an object": (
        drawn(
            [write("a", {"n": 1}, field="facts"), write("b", {"m": 1}, field="facts")],
            ["start -> a", "start -> b", "a -> done", "b -> done"],
        ),
        [],
    ),
    "to one key of an object": (
        drawn(
            [write("a", {"n": 1}, field="facts"), write("b", {"n": 2}, field="facts")],
            ["start -> a", "start -> b", "a -> done", "b -> done"],
        ),
        [("a", "b")],
    ),
    "to two fields": (
        drawn([A, write("b", 3, field="total")], ["start -> a", "start -> b", "a -> done", "b -> done"]),
        [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("document", "expected"), RACES.values(), ids=RACES)
def test_two_writers_that_may_run_at_the_same_time_are_named(document: dict, expected: list):
    assert races(document) == expected


def test_the_sentence_says_what_to_do():
    (problem,) = check(RACES["side by side"][0], lookup)
    assert problem.pointer == "/nodes/2/writes/status"
    assert problem.message == (
        "a and b may write to status at the same time, and whoever comes last would win: give the field a reducer "
        "that keeps both (append, merge, max, min), let them write to two fields, or connect them so that one comes "
        "after the other."
    )


class Watching(Random):
    """A schedule that writes down which steps it could choose from: they run at the same time."""

    def __init__(self, seed: int):
        super().__init__(seed)
        self.seen: set[tuple[str, str]] = set()

    def choice(self, running):
        self.seen |= set(combinations(sorted(running), 2))
        return super().choice(running)


def seen_together(graph: Graph, choices: int, schedule: int) -> set[tuple[str, str]]:
    watching = Watching(schedule)
    interpret(graph, random_choices(graph, choices, 0.3), watching)
    return watching.seen


def may_meet(graph: Graph) -> set[tuple[str, str]]:
    at_once = AtOnce(parse(to_document(graph)), graph.nodes)
    return {pair for pair in combinations(sorted(graph.nodes), 2) if at_once.may(*pair)}


def test_no_two_steps_that_ran_at_the_same_time_are_missed():
    """By the reference interpreter, in any order and whatever is chosen."""
    for seed in range(scaled(150, 10_000)):
        graph = random_graph(Random(seed))
        found = may_meet(graph)
        for run in range(4):
            assert seen_together(graph, seed + run, run) <= found, f"seed {seed}, run {run}"


def test_few_are_named_that_never_meet():
    """Of small graphs whose joins wait: what is named was seen to happen, but for rare ways."""
    named = seen = 0
    for seed in range(40):
        graph = without_early_joins(random_graph(Random(seed), 7))
        met = set().union(*(seen_together(graph, run, run) for run in range(60)))
        named, seen = named + len(may_meet(graph)), seen + len(met)
    assert seen >= 0.9 * named > 0, f"{named} named, {seen} seen"
