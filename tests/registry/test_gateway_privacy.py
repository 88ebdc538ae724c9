"""Personal data at the one door: what leaves and what comes back is as the rules leave it, on record once."""

import asyncio
from collections.abc import Callable

import orjson
import pytest
from aiohttp import web
from django.db import OperationalError

from governance import documents, ids
from governance.models import AuditEntry, User
from governance.privacy import Vault
from registry import answers, gateway, lookups, privacy, trial
from registry.calls import CallFailed, ModelAsk, ToolAsk
from registry.untrusted import LONGEST_FAILURE
from tests.registry.desk import MemoryDesk, Store
from tests.registry.scene import agent, hangs_up, says, tool
from tests.registry.test_unread_answers import LockedVault

EMAIL, OTHER = "carla@northwind-mail.com", "otto@contoso-mail.org"
CARD = "4539 1488 0343 6467"
NOTE = {"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}}}


@pytest.fixture
def desk(project) -> MemoryDesk:
    return MemoryDesk(project_id=project.pk, vault=Vault(ids.new_id()))


@pytest.fixture
def rules(project) -> Callable:
    """`await rules("tokenize", "model_input", …)` puts rules on e-mail addresses and cards in force."""

    async def publish(action: str, *where: str, slug: str = "default") -> None:
        rule = {"entities": ["EMAIL_ADDRESS", "CREDIT_CARD"], "where": list(where), "action": action}
        body = {"kind": "privacy", "slug": slug, "name": slug, "rules": [rule]}
        await asyncio.to_thread(documents.create_and_publish, project, "privacy", slug, body, None)

    return publish


@pytest.fixture
async def echo(scripted) -> None:
    """A model that says what it was asked: so it shows what it saw."""
    await asyncio.to_thread(scripted)


def ask(text: str, **changes) -> ModelAsk:
    messages = [{"role": "user", "content": text}]
    return ModelAsk(**{"agent": agent(), "model": "sim/m", "messages": messages, **changes})


def on_record(desk: MemoryDesk) -> str:
    return orjson.dumps([desk.lines, desk.store.parts]).decode()


def writing(url: str, **changes):
    config = {"method": "POST", "url": f"{url}/mail", "body": {"to": "= arguments.to"}}
    return tool(url, config=config, input_schema=NOTE, **changes)


async def test_without_rules_nothing_is_looked_at(echo, desk):
    reply = await gateway.model_call(desk, ask(f"Write to {EMAIL}."))
    assert reply.text == f"Write to {EMAIL}."
    assert desk.types == ["policy.decided", "model.called"]


async def test_the_model_sees_tokens_and_the_journal_holds_them(rules, echo, desk):
    await rules("tokenize", "model_input")
    reply = await gateway.model_call(desk, ask(f"Write to {EMAIL} and {OTHER}, then {EMAIL}."))
    assert reply.text == "Write to <EMAIL_ADDRESS_1> and <EMAIL_ADDRESS_2>, then <EMAIL_ADDRESS_1>."
    assert desk.types == ["privacy.found", "policy.decided", "model.called"]
    assert desk.of("privacy.found") == [
        {
            "call": "work.1/a1",
            "where": "model_input",
            "entities": ["EMAIL_ADDRESS"],
            "action": "tokenize",
            "counts": {"EMAIL_ADDRESS": 3},
        }
    ]
    assert EMAIL not in on_record(desk)


async def test_what_the_model_says_is_sifted_before_it_is_written_or_shown(rules, scripted, desk):
    said = f"Ask {OTHER}, who sits right next to the printer on the second floor and answers every question at once."
    await asyncio.to_thread(scripted, [{"say": said}])
    await rules("mask", "model_output")
    reply = await gateway.model_call(desk, ask("Whom do I ask?"))
    assert reply.text == said.replace(OTHER, "[EMAIL_ADDRESS]")
    assert "".join(desk.deltas) == reply.text
    assert OTHER not in on_record(desk)


async def test_what_is_blocked_does_not_leave(rules, echo, desk):
    await rules("block", "model_input")
    with pytest.raises(CallFailed) as refused:
        await gateway.model_call(desk, ask(f"Write to {EMAIL}."))
    assert refused.value.code == "denied"
    assert refused.value.message == (
        "The privacy rules default@1 found EMAIL_ADDRESS in model_input: they are blocked."
    )
    assert desk.types == ["privacy.found"]
    assert EMAIL not in on_record(desk)


async def test_an_answer_that_is_blocked_is_paid_and_not_kept(rules, scripted, desk):
    tokens = {"input": 10, "output": 5}
    prices = {"m": {"input_usd_per_mtok": 1000, "output_usd_per_mtok": 2000}}
    await asyncio.to_thread(scripted, [{"say": f"It is {OTHER}.", "tokens": tokens}], prices)
    await rules("block", "model_output")
    with pytest.raises(CallFailed) as refused:
        await gateway.model_call(desk, ask("Who is it?"))
    assert refused.value.code == "denied"
    (called,) = desk.of("model.called")
    assert (called["status"], called["response"], called["cost_usd"]) == ("error", None, 0.02)
    assert [settled.cost for settled in desk.store.settled] == [20_000_000]
    assert OTHER not in on_record(desk)
    assert desk.deltas == []


async def test_a_person_is_asked_with_tokens_and_agrees_to_the_values(rules, echo, desk):
    await rules("approve", "model_input")
    desk.store.answers = [("approve", None)]
    reply = await gateway.model_call(desk, ask(f"Write to {EMAIL}."))
    assert reply.text == f"Write to {EMAIL}."
    (request,) = desk.store.asked
    assert (request.call, request.title) == ("work.1/a1/model_input", "May this go to the model?")
    assert request.payload == [["Write to <EMAIL_ADDRESS_1>.", []]]
    (called,) = desk.of("model.called")
    assert desk.store.parts[called["prompt"][0]["part"]] == "Write to <EMAIL_ADDRESS_1>."


async def test_what_a_person_rejects_does_not_leave(rules, echo, desk):
    await rules("approve", "model_input")
    desk.store.answers = [("reject", None)]
    with pytest.raises(CallFailed) as refused:
        await gateway.model_call(desk, ask(f"Write to {EMAIL}."))
    assert refused.value.code == "rejected"
    assert desk.of("model.called") == []


async def test_an_answer_waits_for_a_person_also_after_a_crash(rules, scripted, desk):
    await asyncio.to_thread(scripted, [{"say": f"It is {OTHER}."}])
    await rules("approve", "model_output")
    desk.store.answers = [("approve", None)]
    first = await gateway.model_call(desk, ask("Who is it?"))
    await desk.commit()
    again = desk.after_a_crash()
    assert await gateway.model_call(again, ask("Who is it?")) == first
    assert first.text == "It is <EMAIL_ADDRESS_1>."
    assert len(desk.store.asked) == 1
    assert again.types == ["policy.decided", "privacy.found", "model.called"]


async def test_a_tool_gets_the_values_that_it_sees_and_no_others(rules, service, desk):
    await rules("tokenize", "tool_input", "tool_output")
    service.answers = [says({"sent": EMAIL, "copy": OTHER})]
    to = f"{EMAIL} about {CARD}"
    output = await gateway.tool_call(
        desk, ToolAsk(None, writing(service.url, sees=["EMAIL_ADDRESS"]), {"to": to})
    )
    (request,) = service.requests
    assert orjson.loads(request["body"]) == {"to": f"{EMAIL} about <CREDIT_CARD_1>"}
    assert output["body"] == {"sent": "<EMAIL_ADDRESS_1>", "copy": "<EMAIL_ADDRESS_2>"}
    (called,) = desk.of("tool.called")
    assert called["arguments"] == {"to": "<EMAIL_ADDRESS_1> about <CREDIT_CARD_1>"}
    for value in (EMAIL, OTHER, CARD):
        assert value not in on_record(desk)


async def test_a_tool_that_says_a_token_does_not_get_what_it_stands_for(rules, service, desk):
    await rules("tokenize", "tool_input", "tool_output")
    service.answers = [says({"said": "<EMAIL_ADDRESS_1>"})]
    seeing = writing(service.url, sees=["EMAIL_ADDRESS"])
    await gateway.tool_call(desk, ToolAsk(None, writing(service.url), {"to": EMAIL}))
    (first,) = desk.of("tool.called")
    assert first["output"]["body"] == {"said": "<\\EMAIL_ADDRESS_1>"}
    await gateway.tool_call(desk, ToolAsk(None, seeing, {"to": first["output"]["body"]["said"]}))
    assert orjson.loads(service.requests[1]["body"]) == {"to": "<EMAIL_ADDRESS_1>"}


@pytest.mark.parametrize("length", [0, 200, 255, 262, 440, 455, 462])
async def test_what_a_tool_quotes_in_its_error_is_covered(rules, service, desk, length):
    """Wherever the error would be cut: half an address is an address to nobody but its reader."""
    await rules("tokenize", "tool_input", "tool_output")
    service.answers = [
        says({"error": f"{'No. ' * (length // 4)}{EMAIL} is unknown, ask {OTHER}"}, status=404)
    ]
    seeing = writing(service.url, sees=["EMAIL_ADDRESS"])
    with pytest.raises(CallFailed) as failed:
        await gateway.tool_call(desk, ToolAsk(None, seeing, {"to": EMAIL}))
    assert len(failed.value.message) <= LONGEST_FAILURE
    for value in (EMAIL, EMAIL[:6], OTHER, OTHER[:6]):
        assert value not in on_record(desk) + failed.value.message


async def test_a_blocked_argument_ends_the_step_also_where_a_model_sent_it(rules, service, desk):
    await rules("block", "tool_input")
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(desk, ToolAsk(None, writing(service.url), {"to": EMAIL}, by_model=True))
    assert (refused.value.code, refused.value.final) == ("denied", False)
    assert service.requests == []


async def test_a_blocked_answer_of_a_tool_is_not_asked_for_again(rules, service, desk):
    await rules("block", "tool_output")
    service.answers = [says({"owner": OTHER})]
    call = ToolAsk(None, writing(service.url, risk="write"), {"to": "everybody"})
    for attempt in (desk, desk.next_attempt):
        with pytest.raises(CallFailed) as refused:
            await gateway.tool_call(attempt if attempt is desk else attempt(), call)
        assert refused.value.code == "denied"
    assert len(service.requests) == 1
    assert OTHER not in on_record(desk)


async def test_schemas_see_the_values_and_their_messages_do_not_tell_them(rules, service, desk):
    await rules("tokenize", "tool_input")
    service.answers = [says({})]
    schema = {"type": "object", "properties": {"to": {"type": "string", "pattern": "^[a-z]+@northwind"}}}
    fits = writing(service.url)
    fits.document["input_schema"] = schema
    await gateway.tool_call(desk, ToolAsk(None, fits, {"to": EMAIL}))
    with pytest.raises(CallFailed) as refused:
        await gateway.tool_call(desk, ToolAsk(None, fits, {"to": OTHER}))
    assert refused.value.code == "invalid_input"
    assert OTHER not in refused.value.message


async def test_two_peoples_equal_looking_calls_never_meet_in_the_cache(rules, echo, project):
    await rules("tokenize", "model_input")
    texts = []
    for value in (EMAIL, OTHER, EMAIL):
        desk = MemoryDesk(Store(), project_id=project.pk, vault=Vault(ids.new_id()))
        reply = await gateway.model_call(desk, ask(f"Write to {value}.", cache_ttl_s=60))
        texts.append((reply.text, reply.cached))
    assert texts == [
        ("Write to <EMAIL_ADDRESS_1>.", False),
        ("Write to <EMAIL_ADDRESS_1>.", False),
        ("Write to <EMAIL_ADDRESS_1>.", True),
    ]


async def test_an_agent_that_names_rules_that_are_not_there_says_nothing_personal(echo, desk):
    careful = agent(privacy="strict")
    with pytest.raises(CallFailed) as refused:
        await gateway.model_call(desk, ask(f"Write to {EMAIL}.", agent=careful))
    assert refused.value.code == "denied"
    assert (await gateway.model_call(desk.next_attempt(), ask("Hello", agent=careful))).text == "Hello"


async def test_a_value_that_only_the_tool_was_given_does_not_come_back(rules, service, desk):
    await rules("tokenize", "tool_input")
    service.answers = [says({"sent": EMAIL, "to": OTHER})]
    seeing = writing(service.url, sees=["EMAIL_ADDRESS"])
    output = await gateway.tool_call(desk, ToolAsk(None, seeing, {"to": EMAIL}))
    assert output["body"] == {"sent": "<EMAIL_ADDRESS_1>", "to": OTHER}


QUOTED = f"{EMAIL} paid with {CARD}"
PADDED = "x" * 375  # what follows is cut where failures are shortened


def spells(body: str, status: int, kind: str = "application/json") -> Callable:
    """Answers with these very characters."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=body, status=status, content_type=kind)

    return answer


@pytest.fixture
async def hosted(service, project):
    """The service as a model's provider, `peer`, and as one of another type, `claude`."""
    for slug, kind in (("peer", "openai"), ("claude", "anthropic")):
        body = {"kind": "provider", "slug": slug, "type": kind, "api_base": f"{service.url}/v1"}
        await asyncio.to_thread(documents.create_and_publish, project, "provider", slug, body, None)
    lookups.forget()
    return service


FAILURES = {
    "its own message": (
        says({"error": {"message": QUOTED}}, 500),
        "peer/m answered 500: <EMAIL_ADDRESS_1> paid with <CREDIT_CARD_1>",
    ),
    "a refusal": (
        says({"error": {"message": QUOTED}}, 400),
        "peer/m answered 400: <EMAIL_ADDRESS_1> paid with <CREDIT_CARD_1>",
    ),
    "limits": (
        says({"message": QUOTED}, 429),
        "peer/m answered 429: <EMAIL_ADDRESS_1> paid with <CREDIT_CARD_1>",
    ),
    "plain text": (
        spells(QUOTED, 503, "text/plain"),
        "peer/m answered 503: <EMAIL_ADDRESS_1> paid with <CREDIT_CARD_1>",
    ),
    "JSON that hides it behind escapes": (
        spells(orjson.dumps({"detail": [{"input": EMAIL}]}).decode().replace("@", "\\u0040"), 422),
        'claude/m answered 422: {"detail":[{"input":"<EMAIL_ADDRESS_1>"}]}',
    ),
    "a value where it is cut": (
        says({"error": {"message": f"{PADDED} {EMAIL} {'y' * 200}"}}, 500),
        f"peer/m answered 500: {PADDED} <EMAIL_ADDRESS_1> {'y' * 84}…",
    ),
    "an error in the stream": (
        spells(f'data: {{"error": {{"message": "{QUOTED}"}}}}\n\n', 200, "text/event-stream"),
        "peer/m broke off",
    ),
    "no event of a stream": (spells(f"data: {QUOTED}\n\n", 200, "text/event-stream"), "peer/m broke off"),
    "no words at all": (
        hangs_up(),
        "peer/m broke off: the connection ended before its answer was whole.",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_what_a_provider_says_in_its_error_is_as_the_rules_leave_it(rules, hosted, desk, name):
    await rules("tokenize", "model_output")
    answer, said = FAILURES[name]
    hosted.answers = [answer]
    for attempt in (desk, desk.next_attempt):
        desk = attempt if attempt is desk else attempt()
        with pytest.raises(CallFailed) as failed:
            await gateway.model_call(desk, ask("Hello", model=said.split()[0]))
        assert (failed.value.code, failed.value.message[: len(said)]) == ("provider_error", said)
        assert str(failed.value) == failed.value.message
        assert desk.of("model.called")[-1]["error"]["message"] == failed.value.message
    assert len(hosted.requests) == 2
    for value in (EMAIL, CARD, EMAIL[:8]):
        assert value not in on_record(desk) + failed.value.message


async def test_an_error_that_a_rule_blocks_is_told_by_its_status(rules, hosted, desk):
    await rules("block", "model_output")
    hosted.answers = [says({"error": {"message": QUOTED}}, 500)]
    with pytest.raises(CallFailed) as failed:
        await gateway.model_call(desk, ask("Hello", model="peer/m"))
    assert (failed.value.code, failed.value.status, failed.value.retryable) == ("provider_error", 500, True)
    assert failed.value.message == (
        "peer/m answered 500. "
        "The privacy rules default@1 found CREDIT_CARD, EMAIL_ADDRESS in model_output: they are blocked."
    )
    (called,) = desk.of("model.called")
    assert (called["status"], called["error"]["message"]) == ("error", failed.value.message)
    assert EMAIL not in on_record(desk)


async def test_a_time_out_keeps_its_words(rules, scripted, desk):
    await asyncio.to_thread(scripted, [{"say": "late", "after_s": 5}])
    await rules("block", "model_output")
    with pytest.raises(CallFailed) as failed:
        await gateway.model_call(desk, ask("Hello", timeout_s=0.05))
    assert (failed.value.code, failed.value.message) == ("timeout", "sim/m gave no answer within 0.05 s.")


async def test_an_error_that_cannot_be_looked_through_is_not_written(rules, hosted, desk):
    await rules("tokenize", "model_output")
    hosted.answers = [says({"error": {"message": QUOTED}}, 500)]
    desk.vault = LockedVault(ids.new_id())
    with pytest.raises(OperationalError, match="locked"):
        await gateway.model_call(desk, ask("Hello", model="peer/m"))
    (called,) = desk.of("model.called")
    assert called["error"] == {
        "code": "cancelled",
        "message": "The call failed; what was said of it could not be looked through.",
    }
    assert len(desk.store.settled) == 1
    assert EMAIL not in on_record(desk)


async def test_the_test_of_a_provider_tells_its_error_as_the_rules_leave_it(rules, hosted, project):
    await rules("mask", "model_output")
    hosted.answers = [says({"error": {"message": QUOTED}}, 401)]
    ada = await asyncio.to_thread(lambda: User.objects.create(username="ada"))
    result = await asyncio.to_thread(trial.provider, project, "peer", "m", ada)
    assert result["error"]["message"] == (
        "The provider refused the key: check the secret. "
        "(peer/m answered 401: [EMAIL_ADDRESS] paid with [CREDIT_CARD])"
    )
    line = await AuditEntry.objects.aget(project=project, action="provider.test")
    assert line.data["error"] == result["error"]


def pieces(text: str, length: int) -> list[str]:
    return [text[at : at + length] for at in range(0, len(text), length)]


STREAMED = f"Write to {EMAIL} or <EMAIL_ADDRESS_1>; the card is {CARD}. " + "And so on, word by word. " * 10


@pytest.mark.parametrize("length", [1, 3, 7, 50])
async def test_streamed_text_never_shows_what_the_rules_hide_and_tears_no_token(rules, desk, length):
    await rules("tokenize", "model_output")
    await desk.vault.token("EMAIL_ADDRESS", OTHER)
    watched = answers.watched(desk, await privacy.rules_for(desk))
    for piece in pieces(STREAMED, length):
        watched(piece)
        await asyncio.sleep(0)
    await watched.end()
    shown = STREAMED.replace(EMAIL, "<EMAIL_ADDRESS_2>").replace(CARD, "<CREDIT_CARD_1>")
    assert "".join(desk.deltas) == shown
    assert all(delta.count("<") == delta.count(">") for delta in desk.deltas)
    assert len(desk.deltas) > 1


async def test_what_a_rule_stops_is_shown_no_further_and_json_not_at_all(rules, desk):
    await rules("block", "model_output")
    found = await privacy.rules_for(desk)
    for text in (STREAMED, '{"to": "' + "somebody, " * 50 + '"}'):
        watched = answers.watched(desk, found)
        for piece in pieces(text, 5):
            watched(piece)
            await asyncio.sleep(0)
        await watched.end()
    assert "".join(desk.deltas) in ("", "Write to ")


async def test_policies_decide_by_the_values_and_their_reasons_do_not_tell_them(rules, echo, desk, project):
    await rules("tokenize", "model_input")

    async def policy(when: str) -> None:
        body = {"kind": "policy", "slug": "mail", "name": "Mail", "effect": "deny", "actions": ["model.call"]}
        await asyncio.to_thread(
            documents.create_and_publish, project, "policy", "mail", {**body, "when": when}, None
        )

    await policy('input.text.contains("carla@")')
    with pytest.raises(CallFailed) as refused:
        await gateway.model_call(desk, ask(f"Write to {EMAIL}."))
    assert refused.value.code == "denied"
    await policy("int(input.text) > 5")
    other = MemoryDesk(project_id=project.pk, vault=Vault(ids.new_id()))
    with pytest.raises(CallFailed) as refused:
        await gateway.model_call(other, ask(EMAIL))
    assert "could not be evaluated" in refused.value.message
    assert "carla" not in refused.value.message
    assert EMAIL not in on_record(desk) + on_record(other)
