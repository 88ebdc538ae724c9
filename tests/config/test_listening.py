"""What the server does with bodies that are too long, seen from the socket: refused early, and never kept."""

import json
import socket
import threading
import time

import pytest

from config import listening
from runs.api.parsing import MAX_BYTES
from tests.serving import BatonServer

PUT = (
    "PUT /api/v1/projects/demo/secrets/key/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("listening")
    server = BatonServer(folder / "data", folder / "log")
    try:
        yield server.wait_until_ready()
    finally:
        server.sweep()


class Line:
    """One raw connection."""

    def __init__(self, server: BatonServer):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, text: str | bytes) -> None:
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def answer(self) -> tuple[str, dict]:
        """The status line and the body, once the server has said all it wants to say."""
        heard = b""
        while piece := self.socket.recv(65_536):
            heard += piece
        head, _, body = heard.partition(b"\r\n\r\n")
        return head.decode().splitlines()[0], json.loads(body)


@pytest.mark.parametrize("length", [MAX_BYTES + 1, 10**12])
def test_a_body_that_is_announced_too_long_is_refused_before_a_byte_of_it_is_sent(server, length):
    with Line(server) as line:
        line.say(f"{PUT}Content-Length: {length}\r\n\r\n")
        status, problem = line.answer()
    assert status == "HTTP/1.1 413 Content Too Large"
    assert (problem["code"], problem["detail"]) == (
        "too_large",
        "A body may have 2,000,000 bytes here; send less.",
    )


def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_long(server):
    piece = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with Line(server) as line:
        line.say(f"{PUT}Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(MAX_BYTES // 65_536 + 1):
            line.say(piece)
        assert line.answer()[0] == "HTTP/1.1 413 Content Too Large"


def test_whoever_reads_only_after_sending_everything_hears_the_refusal_too(server):
    body = b"x" * (20 * MAX_BYTES)
    with Line(server) as line:
        line.say(f"{PUT}Content-Length: {len(body)}\r\n\r\n")
        line.say(body)
        assert line.answer()[0] == "HTTP/1.1 413 Content Too Large"


def test_whoever_does_not_stop_is_cut_off(server):
    started = time.monotonic()
    with Line(server) as line, pytest.raises(OSError):
        line.say(f"{PUT}Content-Length: {10**12}\r\n\r\n")
        while time.monotonic() < started + 4 * listening.LISTENS_S:
            line.say(b"x" * 1_000)
            time.sleep(0.05)
    assert time.monotonic() - started < 3 * listening.LISTENS_S


def test_endless_bodies_cost_no_memory(server):
    def send() -> None:
        with Line(server) as line:
            line.say(f"{PUT}Transfer-Encoding: chunked\r\n\r\n")
            try:
                for _ in range(400):
                    line.say(b"100000\r\n" + b"x" * 1_048_576 + b"\r\n")
            except OSError:
                pass

    before = resident(server.process.pid)
    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert resident(server.process.pid) - before < 60_000_000


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def test_a_page_takes_longer_bodies_and_has_a_bound_too(server):
    with Line(server) as line:
        line.say("POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000001\r\n\r\n")
        assert line.answer()[0] == "HTTP/1.1 413 Content Too Large"
    with Line(server) as line:
        line.say("POST /sign-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n")
        line.say("Content-Length: 3000000\r\n\r\n" + "x" * 3_000_000)
        assert not line.socket.recv(100).startswith(b"HTTP/1.1 413 Content Too Large")


def test_a_body_of_the_longest_length_is_taken(server):
    with Line(server) as line:
        line.say(f"{PUT}Connection: close\r\nContent-Length: {MAX_BYTES}\r\n\r\n")
        line.say(b" " * MAX_BYTES)
        assert line.answer()[0] == "HTTP/1.1 401 Unauthorized"


def test_a_refused_document_is_called_by_its_name(server):
    token = server.token()
    with Line(server) as line:
        line.say(f"{PUT}Authorization: Bearer {token}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}")
        assert line.answer()[0] == "HTTP/1.1 422 Unprocessable Content"
