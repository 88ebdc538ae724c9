"""The command itself: that it measures and says what it measured. What it measures is no test's business."""

import json
import subprocess
import sys

import pytest

from tests.serving import ROOT


@pytest.mark.benchmark
def test_the_command_measures_a_chain_beside_its_floor():
    command = [sys.executable, "-m", "tests.benchmarks", "W1", "--reps", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["flow"] for line in lines] == ["transforms-100", "quick-100", "quick-100"]
    assert [line.get("governed", False) for line in lines] == [False, False, True]
    for line in lines:
        assert line["ms_per_step"] > 0 and line["times_floor"] > 0 and line["cpu_ms_per_step"] > 0
        assert set(line["floors"]) == {"SQLite NORMAL", "SQLite FULL"}


def test_an_unknown_workload_is_named():
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "W9"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2
    assert "W9" in done.stderr and "capacity" in done.stderr
