"""Turns: who has many long texts does not stand before everybody else's first."""

from concurrent.futures import Future

import pytest

from governance.detection.turns import Turns


class Processes:
    """Work that ends when the test says so."""

    def __init__(self):
        self.begun: list[str] = []
        self.ends: dict[str, Future] = {}

    def begin(self, name: str) -> Future:
        self.begun.append(name)
        self.ends[name] = Future()
        return self.ends[name]


@pytest.fixture
def processes():
    return Processes()


def asked(turns: Turns, processes: Processes, *names: str) -> dict[str, Future]:
    """`a1` is the first of owner a."""
    return {name: turns.take(name[0], lambda name=name: processes.begin(name)) for name in names}


def test_owners_take_turns_whoever_came_first_with_how_much(processes):
    asked(Turns(1), processes, "a1", "a2", "a3", "b1", "c1", "b2")
    for _ in range(5):
        processes.ends[processes.begun[-1]].set_result(None)
    assert processes.begun == ["a1", "a2", "b1", "c1", "a3", "b2"]


def test_no_more_begin_than_there_are_processes_and_results_come_back(processes):
    given = asked(Turns(2), processes, "a1", "b1", "c1")
    assert processes.begun == ["a1", "b1"]
    processes.ends["b1"].set_result("found")
    assert given["b1"].result(timeout=0) == "found"
    assert processes.begun == ["a1", "b1", "c1"]


def test_a_failure_is_told_and_the_next_has_its_turn(processes):
    given = asked(Turns(1), processes, "a1", "b1")
    processes.ends["a1"].set_exception(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        given["a1"].result(timeout=0)
    assert processes.begun == ["a1", "b1"]


def test_what_is_cancelled_while_it_waits_never_begins(processes):
    given = asked(Turns(1), processes, "a1", "b1", "c1")
    assert given["b1"].cancel()
    processes.ends["a1"].set_result(None)
    assert processes.begun == ["a1", "c1"]
