"""Personal data under rules that tokenize and mask: what was planted stands nowhere, and gets to the one tool that sees
it. The model server, the tool server and Baton are real processes or real HTTP."""

import html
import json
import re
from pathlib import Path

import httpx
import pytest

from tests.api import Api
from tests.journeys import stage
from tests.openai_server import OpenAIServer

EMAIL, CARD, SSN = "carla.planted@northwind-mail.com", "4539 1488 0343 6467", "536-22-8714"
KEY = "AKIAQ3EGRT5XZ7WNPLKM"
SAID, ECHOED = "otto.spoken@contoso-mail.org", "olga.echoed@fabrikam-mail.net"
PASSWORD = "hunter22-planted"
PLANTED = (EMAIL, CARD, SSN, KEY, SAID, ECHOED, PASSWORD)
EVERYWHERE = ["run_input", "run_output", "model_input", "model_output", "tool_input", "tool_output"]
RULES = {
    "kind": "privacy",
    "slug": "default",
    "name": "Default",
    "rules": [
        {"entities": ["EMAIL_ADDRESS", "CREDIT_CARD", "US_SSN"], "where": EVERYWHERE, "action": "tokenize"},
        {"entities": ["AWS_KEY", "API_KEY"], "where": EVERYWHERE, "action": "mask"},
    ],
}
TEXT = {"type": "object", "required": ["to"], "properties": {"to": {"type": "string", "format": "email"}}}
MESSAGE = f"Write to {EMAIL}. The card {CARD} and the number {SSN} are on file; the key is {KEY}."
TOKEN = re.compile(r"<EMAIL_ADDRESS_\d+>")


class MailServer(stage.ToolServer):
    """Echoes whom it wrote to, and names somebody else."""

    def answer(self, path: str, key: str, body: dict) -> dict:
        super().answer(path, key, {"n": 1, **body})
        return {"sent_to": body.get("to"), "copy": f"A copy went to {ECHOED}."}


@pytest.fixture
def mail():
    with MailServer() as server:
        yield server


def play(asked: dict) -> dict:
    """Calls the tool with the first token that it was shown, then says whom it wrote to."""
    last = asked["messages"][-1]
    if last["role"] == "tool":
        return {"say": f"I wrote to {first_token(asked)}; {SAID} may know more.", "chunk": 3}
    return {"calls": [{"tool": "mail", "arguments": {"to": first_token(asked), "note": last["content"]}}]}


def first_token(asked: dict) -> str:
    return TOKEN.search(json.dumps(asked["messages"]))[0]


@pytest.fixture
def models():
    with OpenAIServer(play=play) as server:
        yield server


def documents(models: OpenAIServer, mail: MailServer) -> list[dict]:
    sends = stage.tool("mail", mail.url, "write", sees=["EMAIL_ADDRESS"], idempotent=True)
    sends["config"]["body"] = {"to": "= arguments.to", "note": "= arguments.note"}
    sends["input_schema"] = {**TEXT, "properties": {**TEXT["properties"], "note": {"type": "string"}}}
    flow = stage.chain(
        "letters",
        {"id": "write", "type": "agent", "config": {"agent": "writer", "text": "{{ input.message }}"}},
        {
            "id": "check",
            "type": "approval",
            "config": {
                "reviewers": ["role:reviewer"],
                "title": "Is this right: {{ steps.write.output.text }}",
                "payload": {"said": "= steps.write.output.text", "asked": "= input.message"},
                "editable": True,
            },
        },
        {
            "id": "known",
            "type": "condition",
            "config": {"cases": [{"port": "yes", "when": 'input.message.contains("planted@north")'}]},
        },
    )
    flow["edges"] = [
        {"from": "start", "to": "write"},
        {"from": "write", "to": "check"},
        {"from": "check", "port": "approved", "to": "known"},
        {"from": "known", "port": "yes", "to": "done"},
    ]
    flow["nodes"][-1]["config"] = {
        "output": {"said": "= steps.write.output.text", "asked": "= input.message"}
    }
    return [
        stage.hosted(models.url),
        sends,
        stage.agent("writer", "peer/any", tools=["mail"]),
        flow,
    ]


def publish(api: Api, models: OpenAIServer, mail: MailServer, rules: dict = RULES) -> None:
    answer = api.post("projects/demo/privacy/default/versions/", json=rules)
    assert answer.status_code == 201, answer.text
    stage.publish(api, *documents(models, mail))


def everything(api: Api, run_id: str) -> str:
    """What the API says of a run, its texts, its approvals and its project."""
    paths = [
        "projects/demo/runs/",
        "projects/demo/approvals/",
        "projects/demo/audit/",
        f"projects/demo/decisions/?run={run_id}",
        f"runs/{run_id}/",
        f"runs/{run_id}/steps/",
        f"runs/{run_id}/events/?limit=500",
    ]
    said = [api.get(path).text for path in paths]
    parts = set(re.findall(r'"(?:part|text_part|arguments_part|text)":"([0-9a-f]{32,64})"', "".join(said)))
    assert parts
    return "\n".join([*said, *(api.get(f"runs/{run_id}/parts/{part}/").text for part in sorted(parts))])


def assert_nothing_planted(text: str | bytes, where: str) -> None:
    for value in PLANTED:
        found = value.encode() if isinstance(text, bytes) else value
        at = text.find(found)
        assert at < 0, f"{value} stands in {where}: {text[max(0, at - 200) : at + 100]!r}"


def assert_nowhere_in(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            assert_nothing_planted(path.read_bytes(), str(path))


def test_what_was_planted_stands_nowhere_and_the_tool_that_sees_it_gets_it(begin, models, mail, tmp_path):
    server = begin(env={"BATON_HTTP_ALLOW": f"{mail.endpoint},{models.endpoint}"})
    ada, rita, ben = (
        server.api("ada"),
        server.api("rita", "demo", "reviewer"),
        server.api("ben", "demo", "viewer"),
    )
    publish(ada, models, mail)

    run = ada.launch("letters", input={"message": MESSAGE})
    (wait,) = ada.waiting(run["id"])["waiting"]
    item = rita.read(f"approvals/{wait['id']}/")
    assert item["title"].startswith("Is this right: I wrote to <EMAIL_ADDRESS_1>; <EMAIL_ADDRESS_3> may know")
    stage.decide(rita, item, "approve")
    done = ada.finished(run["id"])

    assert done["status"] == "succeeded", done
    shown = MESSAGE.replace(EMAIL, "<EMAIL_ADDRESS_1>").replace(CARD, "<CREDIT_CARD_1>")
    shown = shown.replace(SSN, "<US_SSN_1>").replace(KEY, "[AWS_KEY]")
    assert done["input"] == {"message": shown}
    assert done["output"] == {
        "said": "I wrote to <EMAIL_ADDRESS_1>; <EMAIL_ADDRESS_3> may know more.",
        "asked": shown,
    }
    assert mail.bodies("/mail") == [{"n": 1, "to": EMAIL, "note": shown.replace("<EMAIL_ADDRESS_1>", EMAIL)}]
    assert len(models.calls) == 2
    assert_nothing_planted(json.dumps(models.calls, ensure_ascii=False), "what the model saw")
    said = everything(ada, run["id"])
    assert_nothing_planted(said, "the API")
    assert "<EMAIL_ADDRESS_2>" in said  # what the tool said of somebody else
    found = {
        (e["data"]["where"], e["data"]["action"])
        for e in ada.events(run["id"])
        if e["type"] == "privacy.found"
    }
    assert ("run_input", "tokenize") in found
    assert ("run_input", "mask") in found
    assert ("tool_output", "tokenize") in found
    assert ("model_output", "tokenize") in found
    with httpx.Client(base_url=server.url, follow_redirects=True, trust_env=False, timeout=30) as pages:
        pages.get(server.sign_in_link)
        assert_pages_tell_nothing(pages, run["id"])
    assert ben.get(f"runs/{run['id']}/?reveal=true").status_code == 403
    assert rita.read(f"runs/{run['id']}/steps/?reveal=true")["results"][0]["output"] == {
        "message": MESSAGE.replace(KEY, "[AWS_KEY]")
    }
    assert_nothing_planted(server.log(), "the log")
    assert_nowhere_in(server.data)


def assert_pages_tell_nothing(pages: httpx.Client, run_id: str) -> None:
    """Until they are asked to: then they tell, once, and it is on the audit log."""
    step = f"runs/{run_id}/steps/write/1/?tab="
    tabs = [f"{step}{tab}" for tab in ("messages", "data", "tools", "policy", "pii", "raw")]
    paths = [f"runs/{run_id}/", f"runs/{run_id}/about/", f"runs/{run_id}/forks/"]
    for path in (*paths, *tabs, "projects/demo/runs/", "projects/demo/approvals/", "projects/demo/audit/"):
        page = pages.get(path)
        assert page.status_code == 200, f"{path}: {page.status_code}"
        assert_nothing_planted(html.unescape(page.text), path)
    assert "CREDIT_CARD" in pages.get(f"{step}pii").text
    asking = pages.get(f"runs/{run_id}/reveal/")
    assert_nothing_planted(html.unescape(asking.text), "the question")
    body = {"csrfmiddlewaretoken": pages.cookies["csrftoken"]}
    told = pages.post(f"runs/{run_id}/reveal/", data=body, headers={"Referer": str(asking.url)})
    assert told.status_code == 200
    assert "no-store" in told.headers["Cache-Control"]
    for value in (EMAIL, CARD, SSN, SAID):
        assert value in html.unescape(told.text)
    assert "run.reveal" in pages.get("projects/demo/audit/").text


def test_what_a_provider_quotes_in_its_error_stands_nowhere(begin, models, mail):
    """Not where it is retried, nor where people are asked or shown it, nor where the provider is tested."""
    server = begin(env={"BATON_HTTP_ALLOW": models.endpoint})
    ada, rita = server.api("ada"), server.api("rita", "demo", "reviewer")
    secret = {"entities": ["PASSWORD"], "where": ["model_output"], "action": "tokenize"}
    publish(ada, models, mail, {**RULES, "rules": [*RULES["rules"], secret]})
    more = {"retry": {"max_attempts": 2, "backoff_s": 0.1}, "escalate": {"to": "role:reviewer"}}
    config = {"agent": "writer", "text": "Hello"}
    stage.publish(ada, stage.chain("fails", {"id": "ask", "type": "agent", "config": config, **more}))
    quoted = f"{SAID} with password={PASSWORD} and the key {KEY}"
    models.play = lambda asked: {"status": 500, "message": f"No database for {quoted}"}
    shown = "peer/any answered 500: No database for <EMAIL_ADDRESS_1> with password=<PASSWORD_1> and the key [AWS_KEY]"

    run = ada.launch("fails", input={})
    (wait,) = ada.waiting(run["id"], within_s=90)["waiting"]
    item = rita.read(f"approvals/{wait['id']}/")
    assert shown in json.dumps(item, ensure_ascii=False)
    assert_nothing_planted(json.dumps(item), "the item")
    stage.decide(rita, item, "reject", reason="Not today.")
    assert ada.finished(run["id"])["error"]["code"] == "rejected"
    lines = ada.events(run["id"])
    told = [e["data"]["error"]["message"] for e in lines if e["type"] in ("model.called", "step.retrying")]
    assert told == [shown] * 3
    tested = ada.post("projects/demo/providers/peer/test/", json={"model": "any"}).json()
    assert tested["error"]["message"] == shown
    assert_nothing_planted(everything(ada, run["id"]), "the API")
    with httpx.Client(base_url=server.url, follow_redirects=True, trust_env=False, timeout=30) as pages:
        pages.get(server.sign_in_link)
        for path in (f"runs/{run['id']}/", f"runs/{run['id']}/steps/ask/1/?tab=raw", "projects/demo/audit/"):
            page = pages.get(path)
            assert page.status_code == 200, f"{path}: {page.status_code}"
            assert_nothing_planted(html.unescape(page.text), path)
    assert_nothing_planted(server.log(), "the log")
    assert_nowhere_in(server.data)


def test_kill_nine_in_the_middle_keeps_the_tokens_and_does_nothing_twice(begin, models, mail):
    server = begin(env={"BATON_HTTP_ALLOW": f"{mail.endpoint},{models.endpoint}"})
    ada = server.api("ada")
    publish(ada, models, mail)
    models.play = lambda asked: (
        play(asked) | ({"hold": "second"} if asked["messages"][-1]["role"] == "tool" else {})
    )
    run = ada.launch("letters", input={"message": MESSAGE})
    stage.until(lambda: models.held["second"], 30, "the model is asked the second time")
    shown = [call["messages"] for call in models.calls]

    server.kill9()
    server.restarted()
    stage.until(lambda: len(models.calls) == 3, 60, "it asks again")
    models.release("second")
    (wait,) = ada.waiting(run["id"])["waiting"]
    stage.decide(ada, ada.read(f"approvals/{wait['id']}/"), "approve")
    done = ada.finished(run["id"])

    assert done["status"] == "succeeded", done
    assert models.calls[2]["messages"] == shown[1]
    assert done["output"]["said"] == "I wrote to <EMAIL_ADDRESS_1>; <EMAIL_ADDRESS_3> may know more."
    assert [body["to"] for body in mail.bodies("/mail")] == [EMAIL]
    found = [event["data"] for event in ada.events(run["id"]) if event["type"] == "privacy.found"]
    told = [(one["call"], one["where"], one["action"]) for one in found]
    assert len(told) == len(set(told))
    assert ("write.1/a3", "tool_output", "tokenize") in told
    assert_nowhere_in(server.data)


def test_who_approves_as_it_is_approves_what_was_asked_and_not_what_could_be_seen_of_it(begin, mail):
    server = begin(env={"BATON_HTTP_ALLOW": mail.endpoint})
    ada, rita = server.api("ada"), server.api("rita", "demo", "reviewer")
    sends = stage.tool("mail", mail.url, "irreversible")
    sends["config"]["body"] = {"to": "= arguments.to"}
    sends["input_schema"] = {"type": "object", "properties": {"to": {"type": "string"}}}
    call = {"id": "send", "type": "tool", "config": {"tool": "mail", "arguments": {"to": "= input.to"}}}
    flow = stage.chain("letter", call)
    flow["nodes"][-1]["config"] = {"output": {"to": "= input.to"}}
    stage.publish(ada, sends, flow)
    release = {"kind": "policy", "slug": "leaving", "effect": "approve", "actions": ["output.release"]}
    assert ada.post("projects/demo/policies/leaving/versions/", json=release).status_code == 201
    ruled(ada, "mask", "approval")

    run = ada.launch("letter", input={"to": EMAIL})
    for _ in range(2):  # the call, then the release
        (wait,) = ada.waiting(run["id"])["waiting"]
        item = rita.read(f"approvals/{wait['id']}/")
        assert_nothing_planted(json.dumps(item), "the item")
        stage.decide(rita, item, "approve")
        stage.until(lambda id=item["id"]: id not in str(ada.read(f"runs/{run['id']}/")["waiting"]), 30, "on")
    assert ada.finished(run["id"])["output"] == {"to": EMAIL}
    assert mail.bodies("/mail")[0]["to"] == EMAIL
    steps = ada.read(f"runs/{run['id']}/steps/")["results"]
    assert [step["node"] for step in steps] == ["start", "send", "done"]

    ruled(ada, "block", "approval")
    saying = {"id": "made", "type": "transform", "config": {"output": {"to": "= input.to"}}}
    stage.publish(ada, stage.chain("saying", saying))
    failed = ada.finished(ada.launch("saying", input={"to": EMAIL})["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "denied")
    assert "EMAIL_ADDRESS" in failed["error"]["message"]


def letter(mail: stage.ToolServer, *more: dict) -> list[dict]:
    """A tool that a person has to approve, with the address that the run was given, and a flow that calls it."""
    sends = stage.tool("mail", mail.url, "irreversible")
    sends["config"]["body"] = {"to": "= arguments.to", "n": "= arguments.n"}
    properties = {"to": {"type": "string", "pattern": "^[^\\[]+@.+$"}, "n": {"type": "integer"}}
    sends["input_schema"] = {"type": "object", "required": ["to"], "properties": properties}
    call = {
        "id": "send",
        "type": "tool",
        "config": {"tool": "mail", "arguments": {"to": "= input.to", "n": 1}},
    }
    return [sends, stage.chain("letter", call), *more]


def test_who_changes_one_field_sends_the_masked_ones_as_they_were(begin, mail):
    server = begin(env={"BATON_HTTP_ALLOW": mail.endpoint})
    ada, rita = server.api("ada"), server.api("rita", "demo", "reviewer")
    stage.publish(ada, *letter(mail))
    ruled(ada, "mask", "approval")
    run = ada.launch("letter", input={"to": EMAIL})
    (wait,) = ada.waiting(run["id"])["waiting"]
    item = rita.read(f"approvals/{wait['id']}/")
    assert item["payload"] == {"to": "[EMAIL_ADDRESS]", "n": 1}
    wrong = {"decision": "approve", "fingerprint": item["fingerprint"], "payload": {"to": "[PERSON]", "n": 2}}
    assert rita.post(f"approvals/{item['id']}/decision/", json=wrong).status_code == 422
    stage.decide(rita, item, "approve", payload={"to": "[EMAIL_ADDRESS]", "n": 2})
    ada.finished(run["id"])
    assert [(body["to"], body["n"]) for body in mail.bodies("/mail")] == [(EMAIL, 2)]


def test_what_is_another_operation_after_a_restart_is_asked_anew(begin, mail):
    """The rules change between the question and the call: who agreed to the one did not agree to the other."""
    server = begin(env={"BATON_HTTP_ALLOW": mail.endpoint})
    ada, rita = server.api("ada"), server.api("rita", "demo", "reviewer")
    slow = stage.tool("slow", mail.url, "read")
    both = stage.chain(
        "both", {"id": "held", "type": "tool", "config": {"tool": "slow", "arguments": {"n": 1}}}
    )
    documents = letter(mail, slow, both)
    documents[0]["input_schema"]["properties"]["to"] = {"type": "string"}
    both["nodes"].append(documents[1]["nodes"][1])
    both["nodes"].append({"id": "sent", "type": "end"})
    both["edges"] += [{"from": "start", "to": "send"}, {"from": "send", "to": "sent"}]
    stage.publish(ada, *documents)
    mail.hold("/slow")
    runs = [ada.launch(flow, input={"to": EMAIL})["id"] for flow in ("letter", "both")]
    stage.until(lambda: len(stage.pending(rita)) == 2, 30, "both are asked")
    first = {item["run"]: item for item in stage.pending(rita)}
    ruled(ada, "mask", "tool_input")
    server.kill9()
    server.restarted()
    ada, rita = server.api("ada"), server.api("rita", "demo", "reviewer")

    stage.decide(rita, first[runs[0]], "approve")  # the run was parked: it asks anew once it goes on
    stage.until(lambda: {item["id"] for item in stage.pending(rita)}.isdisjoint({i["id"] for i in first.values()})
        and len(stage.pending(rita)) == 2, 30, "both are asked anew")  # fmt: skip
    again = {item["run"]: item for item in stage.pending(rita)}
    assert rita.read(f"approvals/{first[runs[1]]['id']}/")["status"] == "cancelled"
    assert rita.read(f"approvals/{first[runs[0]]['id']}/")["status"] == "approved"
    mail.release("/slow")
    for run in runs:
        assert again[run]["payload"] == {"to": "[EMAIL_ADDRESS]", "n": 1}
        assert again[run]["fingerprint"] != first[run]["fingerprint"]
        stage.decide(rita, again[run], "approve")
        assert ada.finished(run)["status"] == "succeeded"
        lines = [event for event in ada.events(run) if event["node"] == "send"]
        asked = [event["data"]["call"] for event in lines if event["type"] == "approval.requested"]
        assert asked == ["send.1/a1", "2!send.1/a1"]
        assert len([event for event in lines if event["type"] == "policy.decided"]) == 1
    assert [body["to"] for body in mail.bodies("/mail")] == ["[EMAIL_ADDRESS]"] * 2


def ruled(api: Api, action: str, *where: str) -> None:
    rule = {"entities": ["EMAIL_ADDRESS"], "where": list(where), "action": action}
    answer = api.post(
        "projects/demo/privacy/default/versions/",
        json={"kind": "privacy", "slug": "default", "name": "Default", "rules": [rule]},
    )
    assert answer.status_code == 201, answer.text


def test_what_leaves_a_run_passes_the_rules_and_runs_below_share_the_tokens(begin):
    server = begin()
    ada, rita = server.api("ada"), server.api("rita", "demo", "reviewer")
    below = stage.chain(
        "below",
        {
            "id": "is_ours",
            "type": "condition",
            "config": {"cases": [{"port": "yes", "when": 'input.to.endsWith("@northwind-mail.com")'}]},
        },
        {"id": "made", "type": "transform", "config": {"output": {"to": "= input.to", "by": SAID}}},
    )
    below["edges"][1]["port"] = "yes"
    above = stage.chain(
        "above",
        {"id": "child", "type": "subflow", "config": {"flow": "below", "input": {"to": "= input.to"}}},
    )
    stage.publish(ada, below, above)

    ruled(ada, "tokenize", "run_input", "run_output")
    done = ada.finished(ada.launch("above", input={"to": EMAIL})["id"])
    assert done["output"] == {"to": "<EMAIL_ADDRESS_1>", "by": "<EMAIL_ADDRESS_2>"}, done

    ruled(ada, "block", "run_output")
    failed = ada.finished(ada.launch("below", input={"to": EMAIL})["id"])
    assert (failed["status"], failed["error"]["code"], failed["error"]["node"]) == (
        "failed",
        "denied",
        "done",
    )
    assert "EMAIL_ADDRESS" in failed["error"]["message"]

    ruled(ada, "tokenize", "approval")
    config = {"assignee": "role:reviewer", "text": f"Who is {SAID}?"}
    asking = stage.chain("asking", {"id": "ask", "type": "question", "config": config})
    asking["edges"][1]["port"] = "out"
    stage.publish(ada, asking)
    run = ada.launch("asking", input={})
    (wait,) = ada.waiting(run["id"])["waiting"]
    item = rita.read(f"approvals/{wait['id']}/")
    assert item["payload"] == {"text": "Who is <EMAIL_ADDRESS_1>?"}
    stage.decide(rita, item, "answer", payload={"is": f"{SAID}, also {ECHOED}"})
    done = ada.finished(run["id"])
    assert done["output"] == {"is": "<EMAIL_ADDRESS_1>, also <EMAIL_ADDRESS_2>"}, done

    ruled(ada, "approve", "run_output")
    run = ada.launch("below", input={"to": EMAIL})
    (wait,) = ada.waiting(run["id"])["waiting"]
    item = rita.read(f"approvals/{wait['id']}/")
    assert (item["title"], item["payload"]) == (
        "May this output leave?",
        {"to": "<EMAIL_ADDRESS_1>", "by": "<EMAIL_ADDRESS_2>"},
    )
    stage.decide(rita, item, "approve")
    assert ada.finished(run["id"])["output"] == item["payload"]


def test_a_million_characters_stall_nobody_and_cost_no_lease(begin, models):
    """While they are scanned, other runs come to their end; the step is attempted once."""
    server = begin(env={"BATON_HTTP_ALLOW": models.endpoint})
    ada = server.api("ada")
    models.play = lambda asked: {"say": "Read."}
    reads = stage.chain(
        "reads", {"id": "read", "type": "agent", "config": {"agent": "reader", "text": "{{ input.text }}"}}
    )
    reads["nodes"][-1]["config"] = {"output": {"asked": "= input.text"}}
    stage.publish(ada, stage.hosted(models.url), stage.agent("reader", "peer/any"), reads)
    ruled(ada, "tokenize", "run_input", "model_input", "run_output")
    filler = "The order 4711-0815 of 2026-11-21 has 12 items at 3.50 each; version 1.2.3 is out. "
    text = f"{filler * (999_000 // len(filler))} {EMAIL}"
    long = ada.launch("reads", input={"text": text})
    others = [ada.launch("reads", input={"text": f"Note {number}"}) for number in range(5)]
    assert {ada.finished(run["id"], within_s=120)["status"] for run in others} == {"succeeded"}
    done = ada.finished(long["id"], within_s=240)
    assert done["status"] == "succeeded", done["error"]
    assert done["output"]["asked"].endswith(" <EMAIL_ADDRESS_1>")
    seen = max((call["messages"][-1]["content"] for call in models.calls), key=len)
    assert len(seen) > 998_000 and seen.endswith(" <EMAIL_ADDRESS_1>")
    [step] = [one for one in ada.read(f"runs/{long['id']}/steps/")["results"] if one["node"] == "read"]
    assert step["attempts"] == 1
    assert "is let go" not in server.log()
