"""`manage.py launch` as a person or a script meets it: on its own, beside a server, in a pipe, in a terminal."""

import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.journeys import stage
from tests.serving import ROOT, BatonServer, clean_environment, manage

ADDS = {
    "kind": "flow",
    "slug": "adds",
    "name": "Adds",
    "input_schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
    "nodes": [
        {"id": "start", "type": "start"},
        {"id": "add", "type": "transform", "config": {"output": {"sum": "= input.n + 1"}}},
        {"id": "done", "type": "end", "config": {"output": "= steps.add.output"}},
    ],
    "edges": [{"from": "start", "to": "add"}, {"from": "add", "to": "done"}],
}
ASKS = {
    "kind": "flow",
    "slug": "asks",
    "name": "Asks",
    "nodes": [
        {"id": "start", "type": "start"},
        {"id": "ask", "type": "approval", "config": {"reviewers": ["role:reviewer"], "title": "Well?"}},
        {"id": "done", "type": "end"},
    ],
    "edges": [{"from": "start", "to": "ask"}, {"from": "ask", "port": "approved", "to": "done"}],
}
DOCUMENTS = [
    stage.scripted(
        {"when": {"agent": "broken"}, "fail": {"status": 400}},
        {"when": {"agent": "slow"}, "say": "At last.", "after_s": 3},
        {"say": "Said."},
    ),
    stage.agent("broken", "script/any"),
    stage.agent("slow", "script/any"),
    ADDS,
    ASKS,
    stage.chain("breaks", {"id": "work", "type": "agent", "config": {"agent": "broken", "text": "Go."}}),
    stage.chain("rests", {"id": "think", "type": "agent", "config": {"agent": "slow", "text": "Go."}}),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that the first launch made, with the flows of this file."""
    data, documents = tmp_path_factory.mktemp("launch"), tmp_path_factory.mktemp("documents")
    first = launched(data, "demo/no-such-flow")
    assert first.returncode == 2
    for document in DOCUMENTS:
        text = yaml.safe_dump(document, sort_keys=False)
        (documents / f"{document['kind']}-{document['slug']}.yaml").write_text(text)
    manage(data, "apply", str(documents), "--project", "demo")
    manage(data, "token", "ben", "--project", "demo", "--role", "viewer")
    return data


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BatonServer]:
    """The same folder, served: last in this file, so that the tests before it find nobody."""
    process = BatonServer(folder, tmp_path_factory.mktemp("log") / "serve.log")
    try:
        yield process.wait_until_ready()
    finally:
        process.sweep()


def launched(data: Path, *arguments: str) -> subprocess.CompletedProcess:
    done = manage(data, "launch", *arguments, check=False)
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


def started(data: Path, *arguments: str, **streams) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), "launch", *arguments],
        cwd=ROOT,
        env=clean_environment(data, {"TERM": "xterm"}),
        **streams,
    )


def test_alone_it_executes_the_run_and_says_how_it_ended(folder):
    done = launched(folder, "demo/adds", "--input", '{"n": 41}')
    assert done.returncode == 0, done.stderr
    first, output = done.stdout.strip().splitlines()
    assert first.split()[1:] == ["succeeded", "$0.000000"]
    assert json.loads(output) == {"sum": 42}


def test_alone_it_ends_with_3_where_a_person_has_to_decide(folder):
    done = launched(folder, "demo/asks", "--input", "{}")
    assert done.returncode == 3
    assert "waits at ask for approval" in done.stdout


def test_alone_it_ends_with_1_where_the_run_fails(folder):
    done = launched(folder, "demo/breaks")
    assert done.returncode == 1
    assert "provider_error at work: " in done.stderr


def test_alone_ctrl_c_gives_the_run_back_and_the_next_launch_finishes_it(folder):
    process = started(
        folder, "demo/rests", "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    seen = next(line for line in process.stdout if "think started" in line)
    assert "\x1b" not in seen
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert process.returncode == 1 and "the run goes on" in said and "Traceback" not in said
    done = launched(folder, "demo/rests", "--json")
    runs = json.loads(done.stdout)
    assert done.returncode == 0 and runs["output"] == {"text": "At last."}


def test_beside_a_server_that_executes_the_run(folder, server):
    done = launched(folder, "demo/adds", "--input", '{"n": 1}', "--follow")
    assert done.returncode == 0
    lines = [line.split(maxsplit=1)[1] for line in done.stdout.splitlines()[:-2]]
    assert lines == [
        "run created",
        "run started",
        *(f"{node} {state}" for node in ("start", "add", "done") for state in ("started", "succeeded")),
        "run finished succeeded",
    ]
    assert "\x1b" not in done.stdout
    assert launched(folder, "demo/asks").returncode == 3
    assert launched(folder, "demo/breaks").returncode == 1


def test_what_was_given_back_is_finished_by_the_server(server):
    """The run of the launch that Ctrl-C ended."""
    api = server.api()
    newest = [run for run in api.pages("projects/demo/runs/?flow=rests")]
    assert [api.finished(run["id"])["status"] for run in newest] == ["succeeded", "succeeded"]


def test_the_input_may_come_from_a_file_and_the_run_leave_as_json(folder, server, tmp_path):
    file = tmp_path / "input.json"
    file.write_text('{"n": 6}')
    done = launched(folder, "demo/adds", "--input-file", str(file), "--json", "--follow")
    run = json.loads(done.stdout)
    assert (done.returncode, run["status"], run["output"], run["input"]) == (
        0,
        "succeeded",
        {"sum": 7},
        {"n": 6},
    )
    assert run["user"] == "admin"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["demo/adds", "--input", "{n: 1}"], "--input is not JSON"),
        (["demo/adds", "--input", "[" * 100 + "]" * 100], "deeper than 64"),
        (["demo/adds", "--input", r'{"n": "\u0000"}'], "/n: "),
        (["demo/adds", "--input", '{"n": 1}', "--input-file", "x"], "not both"),
        (["demo/adds", "--input-file", "/nowhere/input.json"], "/nowhere/input.json"),
        (["adds"], "PROJECT/FLOW"),
        (["demo/"], "PROJECT/FLOW"),
        ([], "PROJECT/FLOW"),
    ],
)
def test_arguments_that_cannot_be_read_are_refused_with_2_before_anything_starts(arguments, said):
    with pytest.raises(CommandError) as refused:
        call_command("launch", *arguments)
    assert said in str(refused.value)
    # Without arguments it is argparse that refuses, which exits with 2 from a shell.
    assert refused.value.returncode == (2 if arguments else 1)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["demo/adds", "--input", '{"n": "one"}'], 2, "/n: "),
        (["demo/adds", "--input", '{"n": 1}', "--user", "nobody"], 2, "nobody"),
        (["demo/no-such-flow"], 2, "no-such-flow"),
        (["no-such-project/adds"], 2, "no-such-project"),
        (["demo/adds", "--input", '{"n": 1}', "--user", "ben"], 1, "role"),
        ([], 2, "PROJECT/FLOW"),
    ],
)
def test_what_cannot_be_launched_is_refused_with_a_sentence(folder, server, arguments, code, said):
    done = launched(folder, *arguments)
    assert done.returncode == code
    assert said in done.stderr and done.stdout == ""


def test_ctrl_c_beside_a_server_only_stops_watching(folder, server):
    process = started(
        folder, "demo/rests", "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    next(line for line in process.stdout if "think started" in line)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=5)
    assert process.returncode == 1 and "Traceback" not in said
    api = server.api()
    newest = api.read("projects/demo/runs/?flow=rests&limit=1")["results"][0]
    assert api.finished(newest["id"])["status"] == "succeeded"


def test_a_pipe_that_closes_early_is_no_error(folder, server):
    process = started(
        folder, "demo/rests", "--follow", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(15) == 1
    assert process.stderr.read() == ""


def test_in_a_terminal_a_table_changes_in_place(folder, server):
    leader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = started(folder, "demo/rests", "--follow", stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    while True:
        try:
            piece = os.read(leader, 4096)
        except OSError:  # the terminal is gone with its last user
            break
        shown += piece
    os.close(leader)
    assert process.wait(10) == 0
    text = shown.decode()
    assert "\x1b[" in text, "it moves the cursor and colours"
    assert "running" in text and text.count("think") >= 2
    assert orjson.loads(text.strip().splitlines()[-1]) == {"text": "At last."}
