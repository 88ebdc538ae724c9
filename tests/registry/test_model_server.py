"""The model server for tests, as a program of its own: what other processes see of it."""

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from tests.openai_server import Control


@pytest.fixture(scope="module")
def url():
    command = [sys.executable, "-m", "tests.openai_server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        yield program.stdout.readline().removeprefix("ready ").strip()
        program.terminate()


def ask(url, text="hello", **fields) -> dict:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    asked = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def test_it_answers_without_a_stream_too(url):
    Control(url).reset([{"when": {"contains": "look"}, "calls": [{"tool": "find", "arguments": {"id": 1}}]}])
    answer = ask(url, "look")["choices"][0]
    assert answer["finish_reason"] == "tool_calls"
    assert answer["message"]["tool_calls"][0]["function"] == {"name": "find", "arguments": '{"id": 1}'}
    assert ask(url, "hello")["choices"][0]["message"]["content"] == "hello"
    assert [call["messages"][0]["content"] for call in Control(url).state()["calls"]] == ["look", "hello"]


def test_a_call_waits_at_its_point_until_released(url):
    control = Control(url)
    control.reset([{"say": "gone on", "hold": "gate"}])
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(ask(url)))
    waiting.start()
    deadline = time.monotonic() + 5
    while control.state()["held"].get("gate") != 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert answers == []
    control.release("gate")
    waiting.join(5)
    assert answers[0]["choices"][0]["message"]["content"] == "gone on"


def test_a_rule_plays_as_often_as_it_says(url):
    Control(url).reset([{"status": 500, "times": 2}])
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError):
            ask(url)
    assert ask(url)["choices"][0]["message"]["content"] == "hello"
