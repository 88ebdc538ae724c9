"""`manage.py serve` as a person meets it: the first start, the end, the next start, and what can be wrong."""

import ctypes
import json
import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from websockets.sync.client import connect

from runs.engine.folder import FolderLock
from tests.journeys import stage
from tests.servers import free_port
from tests.serving import ROOT, BatonServer, clean_environment, manage


@pytest.fixture
def peer():
    with stage.ToolServer() as server:
        yield server


def lines(server: BatonServer) -> list[str]:
    return server.log().strip().splitlines()


def test_the_first_start_says_where_it_is_and_how_to_sign_in_and_the_next_only_where(start):
    server = start(BatonServer)
    assert lines(server) == [
        f"Baton http://127.0.0.1:{server.port}/",
        f"Sign in once: {server.sign_in_link}",
        f"Data folder: {server.data}",
    ]
    signed_in = httpx.get(server.sign_in_link, trust_env=False)
    assert signed_in.status_code < 400
    assert server.stop(signal.SIGINT) == 0
    server.restarted()
    assert lines(server) == [
        f"Baton http://127.0.0.1:{server.port}/",
        "Sign in: manage.py link admin makes a new link",
        f"Data folder: {server.data}",
    ]
    assert server.stop(signal.SIGTERM) == 0
    assert len(lines(server)) == 3


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_it_ends_in_time_with_calls_under_way_and_goes_on_at_the_next_start(start, peer, by):
    server = start(BatonServer, env={"BATON_HTTP_ALLOW": peer.endpoint})
    api = server.api()
    stage.publish(
        api,
        stage.scripted({"when": {"agent": "slow"}, "say": "At last.", "after_s": 2}),
        stage.agent("slow", "script/any"),
        stage.tool("look", peer.url, "read"),
        stage.tool("post", peer.url, "write"),
        stage.chain("talks", {"id": "think", "type": "agent", "config": {"agent": "slow", "text": "Well?"}}),
        stage.chain("looks", {"id": "look", "type": "tool", "config": CALL | {"tool": "look"}}),
        stage.chain("posts", {"id": "post", "type": "tool", "config": CALL | {"tool": "post"}}),
        stage.chain("rests", {"id": "rest", "type": "wait", "config": {"seconds": 3600}}),
    )
    for path in ("/look", "/post"):
        peer.hold(path)
    runs = {flow: api.launch(flow, input={"n": 7})["id"] for flow in ("talks", "looks", "posts", "rests")}
    stage.until(lambda: peer.held["/look"] and peer.held["/post"], 20, "both calls are under way")
    with connect(f"ws://127.0.0.1:{server.port}/ws/runs/{runs['looks']}/", additional_headers=bearer(api)):
        assert server.stop(by, within_s=5) == 0
    assert "Traceback" not in server.log()
    peer.release("/look"), peer.release("/post")
    server.restarted()
    assert api.finished(runs["talks"])["output"] == {"text": "At last."}
    assert api.finished(runs["looks"])["output"]["body"] == {"receipt": "look-7"}
    # The call that cannot be repeated was cut off: a person is asked, it is not sent again.
    assert [wait["kind"] for wait in api.waiting(runs["posts"])["waiting"]] == ["uncertain"]
    assert [wait["kind"] for wait in api.waiting(runs["rests"])["waiting"]] == ["timer"]
    assert len(peer.bodies("/post")) == 1
    (item,) = stage.pending(api)
    stage.decide(api, item, "done", payload={"status": 200, "body": {"receipt": "post-7"}})
    assert api.finished(runs["posts"])["output"]["body"] == {"receipt": "post-7"}
    for flow in ("talks", "looks", "posts"):
        stage.assert_sound(api.run(runs[flow]), api.events(runs[flow]))


CALL = {"arguments": {"n": "= input.n"}}


def bearer(api) -> dict[str, str]:
    return {"Authorization": f"Bearer {api.token}"}


def test_a_second_signal_while_it_ends_changes_nothing(start):
    server = start(BatonServer)
    server.process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    assert server.stop(signal.SIGINT) == 0
    assert "Traceback" not in server.log()


def test_a_signal_before_it_is_ready_ends_it_without_a_traceback(data_folder, tmp_path):
    server = BatonServer(data_folder, tmp_path / "early.log")
    try:
        stage.until(lambda: (data_folder / "lock").exists(), 30, "it sets up", every_s=0.005)
        server.stop(signal.SIGINT)
        assert "Traceback" not in server.log()
    finally:
        server.sweep()


def refused(data, *arguments: str, env: dict | None = None) -> str:
    """What `serve` says when it cannot start: one line, no traceback, not 0."""
    port = () if "--port" in arguments else ("--port", str(free_port()))
    done = manage(data, "serve", *port, *arguments, env=env, check=False)
    assert done.returncode not in (0, None)
    said = done.stderr.strip()
    assert "Traceback" not in said and len(said.splitlines()) == 1, said
    assert done.stdout == ""
    return said


@pytest.mark.parametrize(
    ("env", "named", "should"),
    [
        ({"DATABASE_URL": "foo"}, "DATABASE_URL", "postgresql://"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}, "DATABASE_URL", "running"),
        ({"REDIS_URL": "bar"}, "REDIS_URL", "redis://"),
        ({"REDIS_URL": "redis://127.0.0.1:9/0"}, "DATABASE_URL", "PostgreSQL"),
        ({"BATON_HTTP_ALLOW": "zzz"}, "BATON_HTTP_ALLOW", "host:port"),
        ({"BATON_SECRET_KEY": "short"}, "BATON_SECRET_KEY", "32"),
        ({"BATON_PUBLIC_URL": "baton.example"}, "BATON_PUBLIC_URL", "https://"),
        ({"DATABASE_URL_FILE": "/nowhere/secret"}, "DATABASE_URL_FILE", "readable"),
        ({"BATON_DATA": "/dev/null/var"}, "BATON_DATA", "may write"),
        ({"BATON_DATA": "/proc/baton"}, "BATON_DATA", "may write"),
    ],
    ids=lambda value: "-".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_one_line_that_names_it(data_folder, env, named, should):
    said = refused(data_folder, env=env)
    assert named in said and should in said


def test_a_file_in_place_of_the_data_folder_is_one_line(tmp_path):
    file = tmp_path / "taken"
    file.write_text("not a folder")
    assert "BATON_DATA" in refused(file)


def keep_out() -> None:
    """No mode keeps root out: the process gives up that right (PR_CAPBSET_DROP, CAP_DAC_OVERRIDE)."""
    ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)


def test_a_data_folder_that_cannot_be_written_is_one_line(data_folder):
    data_folder.chmod(0o555)
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "serve", "--port", str(free_port())],
        env=clean_environment(data_folder),
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=keep_out,
    )
    assert done.returncode != 0 and "BATON_DATA" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_database_file_that_is_none_is_one_line(data_folder):
    (data_folder / "baton.sqlite3").write_bytes(b"this was never a database " * 100)
    assert "baton.sqlite3" in refused(data_folder)


def test_a_busy_port_is_one_line_and_nothing_is_set_up(data_folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refused(data_folder, "--port", str(taken.getsockname()[1]))
    assert "--port" in said and "in use" in said
    assert not (data_folder / "baton.sqlite3").exists()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"port": 0}, "--port 0"),
        ({"port": 65536}, "--port 65536"),
        ({"port": -1}, "--port -1"),
        ({"host": "192.0.2.1"}, "192.0.2.1"),
        ({"host": "no.such.host.invalid"}, "no.such.host.invalid"),
    ],
)
def test_where_it_cannot_listen_it_says_so_before_anything_is_set_up(options, named):
    with pytest.raises(CommandError, match=re.escape(named)):
        call_command("serve", **options)


def test_a_data_folder_in_use_names_who_uses_it(data_folder):
    lock = FolderLock(data_folder)
    lock.take("at http://127.0.0.1:8000/")
    try:
        said = refused(data_folder)
        assert "http://127.0.0.1:8000/" in said and "BATON_DATA" in said
    finally:
        lock.release()


def test_on_postgresql_without_redis_one_process_executes_the_runs(start, postgres_url, tmp_path):
    """Where runs live in a database that others reach, too, a second server is refused and a launch only follows."""
    env = {"DATABASE_URL": postgres_url}
    server = start(BatonServer, env=env)
    other = tmp_path / "other"
    said = refused(other, env=env)
    assert f"127.0.0.1:{server.port}" in said and "REDIS_URL" in said
    stage.publish(
        server.api(), stage.chain("rests", {"id": "rest", "type": "wait", "config": {"seconds": 0.1}})
    )
    done = manage(server.data, "launch", "demo/rests", "--json", env=env)
    assert json.loads(done.stdout)["status"] == "succeeded"
    server.kill9()
    server.restarted()
