"""Tool calls through the one door, against a real server: listed, checked, approved, sent once."""

import asyncio
import time
from dataclasses import replace

import orjson
import pytest

from governance import documents, secrets
from registry import gateway
from registry.breaker import THRESHOLD
from registry.calls import CallFailed, ModelAsk, Pinned, ToolAsk
from tests.governance.conftest import member
from tests.registry.desk import MemoryDesk
from tests.registry.scene import Service, agent, hangs_up, says, tool

OK = says({"charge": 1})


@pytest.fixture
def desk(project) -> MemoryDesk:
    return MemoryDesk(project_id=project.pk)


def ask(
    service: Service, arguments=None, *, agent=None, by_model=False, last_attempt=True, **changes
) -> ToolAsk:
    return ToolAsk(
        agent=agent,
        tool=tool(service.url, **changes),
        arguments={"amount": 5} if arguments is None else arguments,
        by_model=by_model,
        last_attempt=last_attempt,
    )


async def test_a_call_is_decided_made_and_recorded(service, desk):
    service.answers = [OK]
    output = await gateway.tool_call(desk, ask(service))
    assert output == {"status": 200, "body": {"charge": 1}}
    assert desk.types == ["policy.decided", "tool.called"]
    assert desk.of("tool.called")[0] == {
        "call": "work.1/a1",
        "tool": "charge",
        "status": "ok",
        "cost_usd": 0,
        "cached": False,
        "error": None,
        "arguments": {"amount": 5},
        "output": output,
    }
    (request,) = service.requests
    assert request["headers"]["Idempotency-Key"] == "0000000000007/work.1/a1"
    assert desk.commits == [False]  # reading can be repeated: nobody waits for the disk


async def test_what_the_journal_holds_is_not_called_again(service, desk):
    service.answers = [OK]
    output = await gateway.tool_call(desk, ask(service))
    await desk.commit()
    again = desk.after_a_crash()
    assert await gateway.tool_call(again, ask(service)) == output
    assert (len(service.requests), again.added) == (1, [])


@pytest.mark.parametrize("by_model", [True, False])
async def test_the_recorded_answer_of_another_tool_is_neither_handed_on_nor_called_for(
    service, desk, by_model
):
    service.answers = [OK]
    await gateway.tool_call(desk, ask(service))
    await desk.commit()
    again = desk.after_a_crash()
    other = replace(ask(service, risk="write", by_model=by_model), tool=Pinned("refund", 1, {"type": "http"}))
    with pytest.raises(CallFailed, match="holds the call work.1/a1 as one of the tool charge") as refused:
        await gateway.tool_call(again, other)
    assert (refused.value.code, refused.value.final, refused.value.retryable) == ("step_failed", False, False)
    assert (len(service.requests), again.added) == (1, [])


async def test_the_recorded_answer_of_a_tool_is_none_of_a_model(service, desk):
    service.answers = [OK]
    await gateway.tool_call(desk, ask(service))
    await desk.commit()
    question = ModelAsk(agent=None, model="sim/m", messages=[{"role": "user", "content": "?"}])
    with pytest.raises(CallFailed, match="of the tool charge; played again, the step asks for a model"):
        await gateway.model_call(desk.after_a_crash(), question)


async def test_a_tool_outside_the_agents_list_is_denied_and_never_called(service, desk):
    service.answers = [OK]
    with pytest.raises(CallFailed, match="not on the list of the agent 'writer'") as denied:
        await gateway.tool_call(desk, ask(service, agent=agent(tools=["refund"]), by_model=True))
    assert (denied.value.code, denied.value.final) == ("tool_not_allowed", True)
    assert [one["effect"] for one in desk.of("policy.decided")] == ["deny"]
    assert desk.of("tool.called") == [] and service.requests == []


async def test_an_unknown_tool_is_denied_by_the_list(desk):
    unknown = ToolAsk(agent=agent(), tool=Pinned("rm -rf", 0, None), arguments={}, by_model=True)
    with pytest.raises(CallFailed) as denied:
        await gateway.tool_call(desk, unknown)
    assert denied.value.code == "tool_not_allowed"


async def test_a_denial_is_replayed_without_asking_again(service, desk):
    for one in (desk, desk.after_a_crash()):
        with pytest.raises(CallFailed) as denied:
            await gateway.tool_call(one, ask(service, agent=agent(tools=[]), by_model=True))
        assert denied.value.code == "tool_not_allowed"
        await one.commit()
    assert len(one.of("policy.decided")) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({}, "amount"), ({"amount": "five"}, "$.amount: This must be a number.")],
)
async def test_wrong_arguments_are_refused_before_anything_happens(service, desk, arguments, said):
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(desk, ask(service, arguments))
    assert refused.value.code == "invalid_input" and said in refused.value.message
    assert desk.lines == [] and service.requests == []


async def test_an_output_that_breaks_its_promise_is_a_recorded_failure(service, desk):
    service.answers = [OK]
    schema = {"type": "object", "properties": {"body": {"required": ["refund"]}}}
    with pytest.raises(CallFailed, match=r"\$\.body") as failed:
        await gateway.tool_call(desk, ask(service, output_schema=schema))
    assert failed.value.code == "invalid_output"
    assert desk.of("tool.called")[0]["status"] == "error"


@pytest.mark.parametrize(("status", "retryable"), [(404, False), (429, True), (503, True)])
async def test_a_failing_peer_is_a_recorded_failure(service, desk, status, retryable):
    service.answers = [says({"why": "no"}, status), OK]
    with pytest.raises(CallFailed, match=f"answered {status}") as failed:
        await gateway.tool_call(desk, ask(service))
    assert (failed.value.code, failed.value.retryable) == ("step_failed", retryable)
    again = desk.next_attempt()
    await gateway.tool_call(again, ask(service))
    assert [one["status"] for one in again.of("tool.called")] == ["error", "ok"]


@pytest.mark.parametrize(
    ("status", "last_attempt", "final"), [(503, False, False), (503, True, True), (404, False, True)]
)
async def test_a_model_is_told_of_a_failure_unless_another_attempt_may_fare_better(
    service, desk, status, last_attempt, final
):
    service.answers = [says({}, status), OK]
    told = ask(service, agent=agent(), by_model=True, last_attempt=last_attempt)
    with pytest.raises(CallFailed) as failed:
        await gateway.tool_call(desk, told)
    assert failed.value.final is final
    again = desk.next_attempt()
    if final:
        with pytest.raises(CallFailed) as replayed:
            await gateway.tool_call(again, told)
        assert (replayed.value.message, replayed.value.final) == (failed.value.message, True)
        assert len(service.requests) == 1
    else:
        await gateway.tool_call(again, told)
        assert len(service.requests) == 2


async def test_an_irreversible_tool_waits_for_a_person_and_goes_on_with_what_they_made_of_it(service, desk):
    service.answers, desk.store.answers = [OK], [("approve", {"amount": 3})]
    await gateway.tool_call(desk, ask(service, risk="irreversible"))
    (request,) = desk.store.asked
    assert (request.kind, request.call, request.payload) == ("approval", "work.1/a1", {"amount": 5})
    assert (request.reviewers, request.editable) == (("role:reviewer",), True)
    assert request.schema["required"] == ["amount"] and len(request.fingerprint) == 64
    assert service.requests[0]["body"] == '{"amount":3}'
    assert desk.of("tool.called")[0]["arguments"] == {"amount": 3}
    assert desk.types == ["policy.decided", "note", "tool.called"]
    assert True in desk.commits  # on disk before it goes out


async def test_what_a_person_changed_is_checked_like_everything_else(service, desk):
    desk.store.answers = [("approve", {"amount": "all of it"})]
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(desk, ask(service, risk="irreversible"))
    assert refused.value.code == "invalid_input" and service.requests == []


LARGE = {
    "kind": "policy",
    "slug": "large",
    "name": "Large",
    "effect": "approve",
    "actions": ["tool.call"],
    "when": "arguments.amount > 100",
    "reason": "Large sums.",
}


def publish_policy(project, document: dict) -> None:
    member(project, "rita", "reviewer")
    documents.create_and_publish(project, "policy", document["slug"], document, None)


def archive_policy(project, slug: str) -> None:
    documents.archive(documents.load(project, "policy", slug), None)


async def test_a_change_that_other_people_would_have_to_approve_is_refused(project, service, desk):
    await asyncio.to_thread(publish_policy, project, LARGE)
    desk.store.answers = [("approve", {"amount": 5000})]
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(desk, ask(service, risk="irreversible"))
    assert (refused.value.code, refused.value.message) == (
        "denied",
        "This change needs the approval of role:reviewer by large@1: Large sums.",
    )
    assert service.requests == []


async def test_a_change_within_what_was_asked_for_goes_on(project, service, desk):
    await asyncio.to_thread(publish_policy, project, LARGE)
    service.answers, desk.store.answers = [OK], [("approve", {"amount": 300})]
    await gateway.tool_call(desk, ask(service, {"amount": 200}))
    assert service.requests[0]["body"] == '{"amount":300}'


BAN = {
    "kind": "policy",
    "slug": "ban",
    "name": "Ban",
    "effect": "deny",
    "actions": ["tool.call"],
    "when": "true",
    "reason": "Closed.",
}


class ForbiddenMeanwhile(MemoryDesk):
    """While the person reads, a policy against it comes into force."""

    project = None

    async def decided(self, request):
        told = await super().decided(request)
        await asyncio.to_thread(publish_policy, self.project, BAN)
        return told


async def test_what_was_forbidden_while_a_person_read_is_not_called_now_nor_after_a_crash(project, service):
    desk = ForbiddenMeanwhile(project_id=project.pk)
    desk.project, desk.store.answers = project, [("approve", None)]
    operation = ask(service, risk="irreversible")
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(desk, operation)
    said = "This was approved, but is by now denied by ban@1: Closed."
    assert (refused.value.code, refused.value.message) == ("denied", said)
    assert desk.types == ["policy.decided", "note"]
    await desk.commit()
    await asyncio.to_thread(archive_policy, project, "ban")
    again = desk.after_a_crash()
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(again, operation)
    assert refused.value.message == said and service.requests == [] and again.types == desk.types


@pytest.mark.parametrize("left_as", [None, {"amount": 3}])
async def test_what_may_be_out_already_is_a_matter_for_people_whatever_is_forbidden_by_now(
    project, service, desk, left_as
):
    service.answers, desk.store.answers = (
        [hangs_up(5)],
        [("approve", left_as), ("done", {"status": 200, "body": 1})],
    )
    operation = ask(service, risk="irreversible")
    again = await interrupted(service, desk, operation)
    await asyncio.to_thread(publish_policy, project, BAN)
    assert await gateway.tool_call(again, operation) == {"status": 200, "body": 1}
    assert [one.kind for one in desk.store.asked] == ["approval", "uncertain"]


async def test_an_agent_that_was_let_go_is_not_stopped_by_what_is_forbidden_later(project, desk):
    wish = {"kind": "policy", "slug": "wish", "name": "Wish", "effect": "approve", "actions": ["agent.run"]}
    await asyncio.to_thread(publish_policy, project, {**wish, "when": "true", "reason": "Ask."})
    desk.store.answers = [("approve", None)]
    facts = {
        "agent": {"slug": "writer", "version": 1, "tools": []},
        "input": {"text": "Go."},
        "cost_usd": 0.0,
    }
    await gateway.decide(desk, "agent.run", facts, "Go.")
    await desk.commit()
    await asyncio.to_thread(publish_policy, project, {**BAN, "actions": ["agent.run"]})
    await gateway.decide(desk.after_a_crash(), "agent.run", facts, "Go.")
    with pytest.raises(CallFailed, match="Closed"):
        await gateway.decide(MemoryDesk(project_id=project.pk), "agent.run", facts, "Go.")


@pytest.mark.parametrize("decision", ["reject", "timed_out"])
async def test_a_rejected_call_is_never_made_nor_recorded_as_called(service, desk, decision):
    desk.store.answers = [(decision, None)]
    with pytest.raises(CallFailed) as rejected:
        await gateway.tool_call(desk, ask(service, risk="irreversible"))
    assert rejected.value.code == "rejected"
    assert service.requests == [] and desk.of("tool.called") == []


async def test_after_a_crash_between_decision_and_answer_the_same_person_is_asked_the_same(service, desk):
    service.answers, desk.store.answers = [OK], [("approve", None)]
    operation = ask(service, risk="irreversible")
    await gateway.tool_call(desk, operation)
    desk.store.lines = desk.store.lines[:1]  # the decision was stored, nothing after it
    again = desk.after_a_crash()
    await gateway.tool_call(again, operation)
    assert len(desk.store.asked) == 1 and again.types == ["policy.decided", "note", "tool.called"]


LOST = [
    pytest.param(hangs_up(), {}, id="the connection broke"),
    pytest.param(hangs_up(1), {"timeout_s": 0.2}, id="no answer in time"),
]


@pytest.mark.parametrize(("answer", "changes"), LOST)
async def test_a_lost_answer_of_what_cannot_be_repeated_is_a_question_to_a_person(
    service, desk, answer, changes
):
    service.answers, desk.store.answers = (
        [answer],
        [("done", {"status": 200, "body": "found in the bank's books"})],
    )
    output = await gateway.tool_call(desk, ask(service, risk="write", **changes))
    assert output == {"status": 200, "body": "found in the bank's books"}
    assert [(one.kind, one.call) for one in desk.store.asked] == [("uncertain", "work.1/a1")]
    assert [(one["call"], one["status"], one["output"]) for one in desk.of("tool.called")] == [
        ("work.1/a1", "ok", output)
    ]
    assert len(service.requests) == 1


@pytest.mark.parametrize(("answer", "changes"), LOST)
async def test_a_lost_answer_of_what_can_be_repeated_is_a_failure_to_retry(service, desk, answer, changes):
    service.answers = [answer]
    with pytest.raises(CallFailed) as failed:
        await gateway.tool_call(desk, ask(service, risk="write", idempotent=True, **changes))
    assert failed.value.retryable and desk.store.asked == []


async def interrupted(service: Service, desk: MemoryDesk, operation: ToolAsk) -> MemoryDesk:
    """The desk after a crash while the call was out."""
    seen = len(service.requests)
    task = asyncio.create_task(gateway.tool_call(desk, operation))
    async with asyncio.timeout(5):
        while len(service.requests) == seen:
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return desk.after_a_crash()


async def test_a_crash_while_it_was_out_asks_and_a_repetition_keeps_call_and_key(service, desk):
    service.answers, desk.store.answers = [hangs_up(5), OK], [("repeat", None)]
    operation = ask(service, risk="write")
    again = await interrupted(service, desk, operation)
    assert await gateway.tool_call(again, operation) == {"status": 200, "body": {"charge": 1}}
    assert [one["headers"]["Idempotency-Key"] for one in service.requests] == ["0000000000007/work.1/a1"] * 2
    assert again.types == ["policy.decided", "note", "note", "tool.called"]
    assert [one["call"] for one in again.of("note")] == ["work.1/a1", "2!work.1/a1"]
    assert again.of("tool.called")[0]["call"] == "work.1/a1"


async def test_a_second_crash_asks_a_second_time(service, desk):
    service.answers, desk.store.answers = [hangs_up(5), hangs_up(5), OK], [("repeat", None), ("reject", None)]
    operation = ask(service, risk="write")
    again = await interrupted(service, desk, operation)
    again = await interrupted(service, again, operation)
    with pytest.raises(CallFailed) as rejected:
        await gateway.tool_call(again, operation)
    assert rejected.value.code == "rejected"
    assert [one.call for one in desk.store.asked] == ["work.1/a1", "2!work.1/a1"]
    assert desk.store.asked[0].fingerprint != desk.store.asked[1].fingerprint
    assert len(service.requests) == 2


async def test_a_crash_while_a_read_was_out_just_repeats_it(service, desk):
    service.answers = [hangs_up(5), OK]
    operation = ask(service)
    again = await interrupted(service, desk, operation)
    await gateway.tool_call(again, operation)
    assert desk.store.asked == [] and len(service.requests) == 2


async def test_what_never_left_is_no_uncertain_matter(service, desk):
    operation = ask(service, risk="write", config={"method": "POST", "url": "http://127.0.0.1:1/x"})
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(desk, operation)
    assert refused.value.code == "address_refused" and desk.store.asked == []


@pytest.mark.parametrize(
    ("status", "risk", "retryable"),
    [(500, "write", True), (500, "irreversible", False), (429, "irreversible", True)],
)
async def test_an_irreversible_call_that_failed_half_way_is_not_retried_by_itself(
    service, desk, status, risk, retryable
):
    service.answers, desk.store.answers = [says({}, status)], [("approve", None)]
    with pytest.raises(CallFailed) as failed:
        await gateway.tool_call(desk, ask(service, risk=risk))
    assert failed.value.retryable is retryable


async def test_a_secret_reaches_the_peer_and_nothing_else(service, desk, project):
    await asyncio.to_thread(secrets.put, project, "key", "s3cr3t-value", None)
    config = {"method": "GET", "url": f"{service.url}/x", "headers": {"X-Key": "{{ secrets.key }}"}}
    service.answers = [says({"echo": "s3cr3t-value"}), says({"echo": "s3cr3t-value"}, 500)]
    with_secret = ask(service, config=config, secrets=["key"])
    await gateway.tool_call(desk, with_secret)
    with pytest.raises(CallFailed) as failed:
        await gateway.tool_call(desk, with_secret)
    assert [one["headers"]["X-Key"] for one in service.requests] == ["s3cr3t-value"] * 2
    assert "s3cr3t" not in orjson.dumps([desk.lines, desk.store.parts, failed.value.message]).decode()


async def test_a_missing_secret_is_a_clear_failure(service, desk):
    with pytest.raises(CallFailed, match="There is no secret 'key'"):
        await gateway.tool_call(desk, ask(service, secrets=["key"]))
    assert desk.of("tool.called")[0]["status"] == "error" and service.requests == []


@pytest.mark.parametrize(("risk", "requests"), [("read", 1), ("write", 2)])
async def test_only_what_reads_is_used_again(service, desk, risk, requests):
    service.answers = [OK]
    for _ in range(2):
        await gateway.tool_call(desk, ask(service, risk=risk, idempotent=True, cache_ttl_s=60))
    assert len(service.requests) == requests
    assert desk.of("tool.called")[1]["cached"] is (requests == 1)


async def test_a_dead_tool_is_left_alone(service, desk):
    service.answers = [says({}, 503)]
    for _ in range(THRESHOLD):
        with pytest.raises(CallFailed, match="503"):
            await gateway.tool_call(desk, ask(service))
    before = time.perf_counter()
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(desk, ask(service))
    assert time.perf_counter() - before < 0.05
    assert (refused.value.code, len(service.requests)) == ("breaker_open", THRESHOLD)


async def test_the_calculator_needs_no_configuration(desk):
    calculator = Pinned("sum", 1, {"kind": "tool", "slug": "sum", "type": "calculator"})
    operation = ToolAsk(agent=None, tool=calculator, arguments={"expression": "(1 + 2) * 3"})
    assert await gateway.tool_call(desk, operation) == {"result": 9}
    assert desk.commits == [False]


async def test_anything_else_is_asked_by_name(desk):
    await gateway.decide(desk, "agent.run", {"agent": {"slug": "writer", "version": 2}}, "Write.")
    decided = desk.of("policy.decided")[0]
    assert (decided["action"], decided["facts"]) == (
        "agent.run",
        {"cost_usd": 0, "agent": "writer@2", "text": "Write."},
    )
