"""The planner against the reference interpreter, on graphs that nobody chose."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.graph import parse
from runs.engine.planner import Plan, State
from tests.flows.random_graphs import (
    random_choices,
    random_graph,
    sound_graphs,
    to_document,
    without_early_joins,
)
from tests.flows.reference import Failure, Record, interpret


class Player:
    """Drives the planner as the driver does, with the reference's oracle and schedule, and keeps what happened."""

    def __init__(self, graph, choose, rng):
        self.state = State(parse(to_document(graph)))
        self.choose, self.rng = choose, rng
        self.records: list[Record] = []
        self.running: dict[str, int] = {}
        self.started: set[tuple[str, int]] = set()
        self.outcome = None

    def play(self) -> "Player":
        self.carry_out(self.state.begin())
        while self.outcome is None:
            node = self.rng.choice(sorted(self.running))
            self.finish(node, self.choose(node, self.running[node]))
        return self

    def finish(self, node: str, chosen) -> None:
        iteration = self.running.pop(node)
        if isinstance(chosen, Failure):
            port = self.state.graph.nodes[node].on_error == "port"
            ports = self.state.resolve(node, ("error",)) if port else ()
            self.records.append(Record(node, iteration, "failed", ports))
            self.carry_out(self.state.fail(node, chosen.code))
        else:
            ports = self.state.resolve(node, tuple(chosen))
            self.records.append(Record(node, iteration, "ran", ports))
            self.carry_out(self.state.settle(node, ports))

    def carry_out(self, plan: Plan) -> None:
        self.records += [Record(turn.node, turn.iteration, "skipped") for turn in plan.skipped]
        self.records += [Record(f.turn.node, f.turn.iteration, "failed", f.ports) for f in plan.failed]
        for turn in plan.cancelled:
            assert self.running.pop(turn.node) == turn.iteration
        for turn in plan.ready:
            assert (turn.node, turn.iteration) not in self.started, "a step started twice"
            self.started.add((turn.node, turn.iteration))
            self.running[turn.node] = turn.iteration
        if plan.outcome is not None:
            self.outcome = plan.outcome


def settled(records, outcome: str) -> list[Record]:
    """Cancelled steps may have been pending, and a failing run stops skipping: what ran is compared always."""
    left_out = {"cancelled"} if outcome in ("succeeded", "no_end_reached") else {"cancelled", "skipped"}
    return sorted(
        Record(record.node, record.iteration, record.what, tuple(sorted(record.ports)))
        for record in records
        if record.what not in left_out
    )


def compare(graph, seed: int, failing: float) -> None:
    choose = random_choices(graph, seed, failing)
    expected = interpret(graph, choose, Random(seed))
    played = Player(graph, choose, Random(seed)).play()
    assert (played.outcome.code or "succeeded") == expected.outcome
    assert settled(played.records, expected.outcome) == settled(expected.records, expected.outcome)
    if expected.outcome == "succeeded":
        assert sorted(played.state.ends) == sorted(expected.ends)
    elif expected.node is not None:
        assert played.outcome.node == expected.node


@given(graph=sound_graphs(), seed=st.integers(0, 2**32), failing=st.sampled_from([0.0, 0.1, 0.3]))
@settings(max_examples=200, deadline=None)
def test_the_planner_and_the_reference_run_skip_and_repeat_the_same(graph, seed, failing):
    compare(graph, seed, failing)


def test_thousands_of_random_graphs_end_as_the_reference_says(long_mode):
    for seed in range(20_000 if long_mode else 1_500):
        compare(random_graph(Random(seed)), seed, 0.1 if seed % 2 else 0.0)


@pytest.mark.parametrize("seed", range(20))
def test_without_early_joins_the_schedule_changes_nothing(seed):
    graph = without_early_joins(random_graph(Random(seed)))
    choose = random_choices(graph, seed)
    plays = [Player(graph, choose, Random(schedule)).play() for schedule in range(4)]
    outcomes = {play.outcome.code or "succeeded" for play in plays}
    assert len(outcomes) == 1
    if outcomes <= {"succeeded", "no_end_reached"}:  # a run that fails stops wherever its other steps are
        assert len({tuple(settled(play.records, *outcomes)) for play in plays}) == 1
