"""Test calls of providers and tools: the same door, said in words, audited, and never part of a run."""

import asyncio

import orjson
import pytest

from governance import documents, secrets
from governance.models import AuditEntry, User
from governance.refusals import NotFound
from registry import trial
from tests.registry.scene import says, tool

SCHEMA = {"type": "object", "properties": {"amount": {"type": "number"}}}


@pytest.fixture
def ada(project) -> User:
    return User.objects.create(username="ada")


def publish(project, kind: str, slug: str, **body) -> None:
    documents.create_and_publish(project, kind, slug, {"kind": kind, "slug": slug, **body}, None)


def test_a_provider_that_answers_is_well(project, ada):
    publish(project, "provider", "sim", type="scripted", script=[{"say": "ready"}])
    result = trial.provider(project, "sim", "any", ada)
    assert (result["ok"], result["output"]) == (True, {"text": "ready"})
    assert result["latency_ms"] >= 0
    (line,) = AuditEntry.objects.filter(project=project, action="provider.test")
    assert (line.actor, line.object, line.data["ok"]) == ("ada", "provider/sim", True)
    assert [one["action"] for one in line.data["decisions"]] == ["model.call"]


def test_a_provider_that_nobody_published_is_not_found(project, ada):
    with pytest.raises(NotFound, match="There is no provider 'sim'"):
        trial.provider(project, "sim", "any", ada)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "The provider refused the key"),
        (403, "The provider refused the key"),
        (404, "no such model"),
        (429, "because of its limits"),
        (500, "answered 500"),
    ],
)
def test_what_is_wrong_with_a_provider_is_said_in_words(project, ada, status, said):
    publish(project, "provider", "sim", type="scripted", script=[{"fail": {"status": status}}])
    result = trial.provider(project, "sim", "any", ada)
    assert (result["ok"], result["error"]["code"]) == (False, "provider_error")
    assert said in result["error"]["message"]
    assert "output" not in result


def test_a_changed_provider_is_tested_as_it_is_now(project, ada):
    for word in ("one", "two"):
        publish(project, "provider", "sim", type="scripted", script=[{"say": word}])
        assert trial.provider(project, "sim", "any", ada)["output"] == {"text": word}


async def test_a_tool_is_called_once_with_its_secret_and_audited_without_it(project, service):
    service.answers = [says({"charge": 1})]
    ada = await asyncio.to_thread(lambda: User.objects.create(username="ada"))
    await asyncio.to_thread(secrets.put, project, "key", "s3cr3t-value", None)
    config = {"method": "GET", "url": f"{service.url}/x", "headers": {"X-Key": "{{ secrets.key }}"}}
    body = {"type": "http", "risk": "read", "config": config, "input_schema": SCHEMA, "secrets": ["key"]}
    await asyncio.to_thread(lambda: publish(project, "tool", "charge", **body))
    result = await asyncio.to_thread(trial.tool, project, "charge", {"amount": 1}, ada)
    assert (result["ok"], result["output"]) == (True, {"status": 200, "body": {"charge": 1}})
    assert [one["headers"]["X-Key"] for one in service.requests] == ["s3cr3t-value"]
    data = await asyncio.to_thread(lambda: AuditEntry.objects.get(action="tool.test").data)
    assert "s3cr3t" not in orjson.dumps(data).decode()


@pytest.mark.parametrize(
    ("changes", "arguments", "code", "said"),
    [
        ({}, {"amount": "x"}, "invalid_input", "$.amount"),
        ({"risk": "irreversible"}, {"amount": 1}, "rejected", "a test cannot wait"),
        ({"config": {"url": "http://127.0.0.1:9/"}}, {"amount": 1}, "address_refused", "private address"),
        ({"secrets": ["gone"]}, {"amount": 1}, "step_failed", "There is no secret 'gone'"),
    ],
)
def test_what_is_wrong_with_a_tool_is_said_in_words(project, ada, changes, arguments, code, said):
    document = {"risk": "read", **tool("http://127.0.0.1:9").document, **changes}
    publish(
        project,
        "tool",
        "charge",
        **{key: value for key, value in document.items() if key not in ("kind", "slug")},
    )
    result = trial.tool(project, "charge", arguments, ada)
    assert (result["ok"], result["error"]["code"]) == (False, code)
    assert said in result["error"]["message"]
    assert AuditEntry.objects.filter(action="tool.test").count() == 1


def test_a_lent_loop_is_used(project, ada):
    publish(project, "provider", "sim", type="scripted", script=[{"say": "ready"}])
    loop = trial._own_loop()
    trial.borrow(loop)
    try:
        assert trial.provider(project, "sim", "any", ada)["ok"]
    finally:
        trial.borrow(None)


def test_a_loop_that_stands_still_is_not_waited_for(project, ada):
    publish(project, "provider", "sim", type="scripted", script=[{"say": "ready"}])
    stopped = asyncio.new_event_loop()
    trial.borrow(stopped)
    try:
        assert trial.provider(project, "sim", "any", ada)["ok"]
    finally:
        trial.borrow(None)
        stopped.close()


def test_a_trial_passes_the_policies_like_every_call(project, ada):
    publish(project, "provider", "sim", type="scripted", script=[{"say": "ready"}])
    when = 'environment == "test" && model == "sim/any" && user == "ada"'
    publish(
        project, "policy", "no-trials", effect="deny", actions=["model.call"], when=when, reason="Not today."
    )
    result = trial.provider(project, "sim", "any", ada)
    assert (result["ok"], result["error"]) == (False, {"code": "denied", "message": "Not today."})
    (line,) = AuditEntry.objects.filter(project=project, action="provider.test")
    (decided,) = line.data["decisions"]
    assert (decided["effect"], decided["policies"]) == ("deny", ["no-trials@1"])
    assert (decided["facts"]["model"], decided["facts"]["cost_usd"]) == ("sim/any", 0)
