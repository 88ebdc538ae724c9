"""The consoles: a tool called once, a provider asked once, an agent tried on one input."""

import json
import socket

import pytest

from governance import documents
from governance.documents import digest
from governance.models import AuditEntry, Project
from registry.sample import office
from runs import agent_trials
from runs.engine.library import Library
from runs.engine.rows import loads
from runs.models import Event, Part, Run, Step
from tests.openai_server import OpenAIServer
from tests.runs.views.registry_scene import client_of, document, house, sent_by

CALCULATOR = "/projects/demo/tools/quote-total/test/"
REFUND = "/projects/demo/tools/create-refund/test/"
PROVIDER = "/projects/demo/providers/simulated/test/"
TRIAL = "/projects/demo/agents/billing-specialist/trial/"
GIVEN = {"arguments/charge": "ch_9001", "arguments/amount_usd": "5", "arguments/reason": "twice"}


@pytest.fixture
def project(transactional_db) -> Project:
    """Calls are made by a loop of their own, which must see what is there."""
    return house()


def test_a_tool_is_called_and_its_answer_shown(project):
    answer = client_of("kim").post(CALCULATOR, {"arguments/expression": "12 * 49.00 * 0.9"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Answered in" in page
    assert "&quot;result&quot;: 529.2" in page
    (line,) = AuditEntry.objects.filter(action="tool.test")
    assert (line.actor, line.object, line.data["ok"]) == ("kim", "tool/quote-total", True)


def test_what_a_tool_could_not_do_is_said_in_words(project):
    page = client_of("kim").post(CALCULATOR, {"arguments/expression": "12 / 0"}).content.decode()
    assert "Failed after" in page
    assert "divi" in page
    assert "invalid_input" in page or "step_failed" in page


@pytest.mark.parametrize(
    ("database", "sql", "said"),
    [
        ("books", "SELECT count(*) AS n FROM invoices", "&quot;n&quot;: 12"),
        ("books", "SELECT * FROM hr_salaries", "The table hr_salaries is outside this tool&#x27;s scope"),
        ("books", "SELECT nobody FROM invoices", "This SQL does not work: no such column: nobody."),
        ("ledger", "SELECT 1", "There is no database &#x27;ledger&#x27; for this project. Use one that is there (b"),
    ],
)  # fmt: skip
def test_what_a_statement_brings_or_why_it_is_refused_is_said_in_words(
    project, settings, tmp_path, database, sql, said
):
    settings.DATA_DIR = tmp_path
    office.make("demo")
    body = {
        "kind": "tool",
        "slug": "ask",
        "type": "sql",
        "config": {"database": database, "tables": ["invoices"]},
    }
    documents.create_and_publish(project, "tool", "ask", body, None)
    page = client_of("kim").post("/projects/demo/tools/ask/test/", {"arguments/sql": sql}).content.decode()
    assert said in page
    assert f"Database {database}\nTables   invoices" in page
    form = client_of("kim").get("/projects/demo/tools/ask/").content.decode()
    assert '<option value="books">' in form
    assert ("There is no database &#x27;ledger&#x27;" in form) is (database == "ledger")


def test_arguments_that_do_not_fit_are_told_at_their_field_and_nothing_is_called(project):
    answer = client_of("kim").post(REFUND, {**GIVEN, "arguments/amount_usd": "0", "confirmed": "yes"})
    assert answer.status_code == 422
    assert "This must be more than 0" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="tool.test").exists()


def test_an_irreversible_call_is_confirmed_first_and_still_asks_a_person(project):
    kim = client_of("kim")
    assert "What this call does cannot be undone." in kim.get(REFUND).content.decode()
    unconfirmed = kim.post(REFUND, GIVEN)
    assert unconfirmed.status_code == 422
    assert "Not called: confirm first" in unconfirmed.content.decode()
    assert not AuditEntry.objects.filter(action="tool.test").exists()
    page = kim.post(REFUND, {**GIVEN, "confirmed": "yes"}).content.decode()
    assert "a test cannot wait for one" in page
    assert AuditEntry.objects.get(action="tool.test").data["ok"] is False


def test_the_console_shows_what_the_tool_takes_and_sends(project):
    page = client_of("ben").get(REFUND).content.decode()
    assert "required, more than 0, up to 100000" in page
    assert "required, 1 to 64 characters" in page
    assert "POST http://sample.baton.internal/payments/refunds" in page
    assert "Authors of the project can call it here." in page


def test_a_tool_that_is_not_published_cannot_be_called(project):
    body = {"kind": "tool", "slug": "fresh", "type": "calculator"}
    documents.save_draft(project, "tool", "fresh", body, None)
    answer = client_of("kim").post("/projects/demo/tools/fresh/test/", {"arguments/expression": "1"})
    assert "Publish the tool first." in answer.content.decode()
    assert not AuditEntry.objects.filter(action="tool.test").exists()


def test_htmx_gets_the_console_alone(project):
    part = client_of("kim").post(CALCULATOR, {"arguments/expression": "1+1"}, headers={"HX-Request": "true"})
    assert part.content.decode().lstrip().startswith('<section class="card" id="tool-console"')


def test_a_provider_that_answers_says_how_fast(project):
    page = client_of("ada").post(PROVIDER, {"model": "small"}).content.decode()
    assert "Answered in" in page
    assert "This is a test of the connection." in page  # a script without a matching entry says what it heard


def test_a_provider_is_asked_for_a_named_model(project):
    answer = client_of("ada").post(PROVIDER, {"model": " "})
    assert answer.status_code == 422
    assert "Name the model to call." in answer.content.decode()


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "The provider refused the key: check the secret."), (404, "The provider has no such model")],
)
def test_what_a_real_provider_refuses_is_said_in_words(project, settings, status, said):
    with OpenAIServer(rules=[{"status": status, "message": "no"}]) as server:
        settings.HTTP_ALLOW = frozenset({server.endpoint})
        assert said in answer_of(project, server.url)


def test_where_nothing_listens_is_said_in_words(project, settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else takes the port meanwhile
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        settings.HTTP_ALLOW = frozenset({endpoint})
        assert "nothing listens there. Check api_base" in answer_of(project, f"http://{endpoint}/v1")


def answer_of(project: Project, url: str) -> str:
    body = {"kind": "provider", "slug": "real", "type": "openai", "api_base": url, "api_key": "sk-test"}
    documents.create_and_publish(project, "provider", "real", body, None)
    page = client_of("ada").post("/projects/demo/providers/real/test/", {"model": "gpt-x"}).content.decode()
    assert "sk-test" not in page
    return page


def try_agent(username: str, **sent: str) -> Run:
    answer = client_of(username).post(TRIAL, {"input/text": "Refund ch_9001", **sent})
    assert answer.status_code == 302, answer.content.decode()
    run = Run.objects.get()
    assert answer["Location"] == f"{TRIAL}{run.public_id}/"
    return run


def test_a_version_is_tried_as_a_run_of_one_node_pinned_to_it(project):
    agent = document(project, "agent", "billing-specialist")
    body = documents.content(agent.active)
    documents.publish(agent, {**body, "purpose": "Newer."}, None)
    run = try_agent("olu", version="1")
    created = loads(Event.objects.get(run=run, seq=1).data)
    assert (run.version, run.trigger, run.environment) == (0, "test", "test")
    assert created["input"] == {"text": "Refund ch_9001"}
    assert [node["type"] for node in created["document"]["nodes"]] == ["start", "agent", "end"]
    assert loads(run.pins) == {
        "agents/billing-specialist@1": 1,
        "tools/create-refund": 1,
        "tools/lookup-charge": 1,
        "tools/lookup-order": 1,
    }
    assert agent_trials.tried(run) == ("billing-specialist", 1)


def test_a_draft_is_tried_as_it_stands_with_the_tools_that_it_names(project):
    agent = document(project, "agent", "billing-specialist")
    draft = {**documents.content(agent.active), "instructions": "Be brief.", "tools": ["quote-total"]}
    documents.save_draft(project, "agent", "billing-specialist", draft, None)
    run = try_agent("kim", version="draft")
    created = loads(Event.objects.get(run=run, seq=1).data)
    assert loads(run.pins) == {"tools/quote-total": 1}
    shelf = Library().shelf(project, run.flow, 0, run.pins, created["document"])
    pinned = shelf.get("agents", "billing-specialist")
    assert (pinned.number, pinned.hash) == (0, digest(draft))
    assert pinned.content["instructions"] == "Be brief."
    assert shelf.get("tools", "quote-total").number == 1


def test_an_agent_that_was_never_published_can_be_tried(project):
    body = {"kind": "agent", "slug": "fresh", "model": "simulated/small", "instructions": "Hi."}
    documents.save_draft(project, "agent", "fresh", body, None)
    answer = client_of("kim").post(
        "/projects/demo/agents/fresh/trial/", {"input/text": "hello", "version": "draft"}
    )
    assert answer.status_code == 302
    assert agent_trials.tried(Run.objects.get()) == ("fresh", 0)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"version": "draft", "input/text": "x"}, "There is no draft"),
        ({"version": "7", "input/text": "x"}, "has no version 7"),
        ({"version": "", "input/text": "x"}, "Choose what to try"),
        ({"version": "1", "input/text": ""}, "Fill this in."),
    ],
)
def test_what_cannot_be_tried_is_told_and_starts_nothing(project, sent, message):
    answer = client_of("kim").post(TRIAL, sent)
    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not Run.objects.exists()


def test_a_draft_with_a_fault_is_refused_with_the_field(project):
    agent = document(project, "agent", "billing-specialist")
    draft = {**documents.content(agent.active), "model": "nobody/gpt"}
    documents.save_draft(project, "agent", "billing-specialist", draft, None)
    answer = client_of("kim").post(TRIAL, {"version": "draft", "input/text": "x"})
    assert answer.status_code == 422
    assert "model: There is no provider &#x27;nobody&#x27;" in answer.content.decode()


def test_an_agent_is_asked_by_its_input_schema(project):
    schema = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}}
    body = {"kind": "agent", "slug": "typed", "model": "simulated/small", "input_schema": schema}
    documents.create_and_publish(project, "agent", "typed", body, None)
    kim = client_of("kim")
    path = "/projects/demo/agents/typed/trial/"
    assert "input/amount" in sent_by(kim.get(path).content.decode(), 'id="trial-form"')
    assert kim.post(path, {"version": "1", "input/amount": "12.5"}).status_code == 302
    created = loads(Event.objects.get(seq=1).data)
    assert created["input"] == {"amount": 12.5}
    assert created["document"]["nodes"][1]["config"]["text"] == "{{ input }}"


def journal(run: Run) -> None:
    """A finished trial as the engine leaves it: one model call with a tool call, and an answer with markup in it."""
    for hash, text in {
        "s": "You are <b>kind</b>.",
        "u": "Refund ch_9001",
        "a": "<script>x</script> Done.",
    }.items():
        Part.objects.create(run=run, hash=hash, text=json.dumps(text))
    prompt = [{"role": "system", "part": "s"}, {"role": "user", "part": "u"}]
    said = {
        "part": "a",
        "finish_reason": "stop",
        "tool_calls": [{"id": "1", "name": "lookup", "arguments": "{}"}],
    }
    lines = [
        (
            "policy.decided",
            {"call": "m1", "action": "model.call", "effect": "allow", "policies": [], "reason": "Fine."},
        ),
        (
            "model.called",
            {
                "call": "m1",
                "model": "simulated/large",
                "status": "ok",
                "tokens": {"input": 11, "output": 7},
                "cost_usd": 0.002,
                "cached": False,
                "error": None,
                "prompt": prompt,
                "response": said,
            },
        ),
        (
            "tool.called",
            {
                "call": "t1",
                "tool": "lookup",
                "status": "error",
                "error": {"code": "timeout", "message": "No answer."},
                "arguments": {"a": "<i>"},
            },
        ),
    ]
    for seq, (type, data) in enumerate(lines, start=3):
        Event.objects.create(
            run=run, seq=seq, at=run.created_at, type=type, node="agent", iteration=1, data=json.dumps(data)
        )
    Run.objects.filter(id=run.id).update(
        status="succeeded",
        seq=9,
        output=json.dumps({"text": "<script>x</script> Done."}),
        started_at=run.created_at,
        finished_at=run.created_at + 1_500_000,
        input_tokens=11,
        output_tokens=7,
        cost=2_000_000,
    )
    Step.objects.create(run=run, node="agent", iteration=1, status="succeeded", agent="billing-specialist@1")


def test_the_panel_shows_what_the_model_saw_and_said_and_what_it_cost(project):
    run = try_agent("kim", version="1")
    journal(run)
    page = client_of("ben").get(f"{TRIAL}{run.public_id}/").content.decode()
    panel = page[page.index('id="trial"') :].partition("</main>")[0]
    assert "You are &lt;b&gt;kind&lt;/b&gt;." in panel
    assert "&lt;script&gt;x&lt;/script&gt; Done." in panel
    assert "<script>x" not in page
    assert "1.5s · 11 in, 7 out · $0.002" in " ".join(panel.split())
    assert "lookup({})" in panel
    assert "timeout" in panel
    assert "model.call" in panel
    assert "hx-get" not in panel


def test_the_panel_asks_again_until_the_run_has_ended_and_only_for_what_is_new(project):
    run = try_agent("kim", version="1")
    ben, address = client_of("ben"), f"{TRIAL}{run.public_id}/"
    part = {"HX-Request": "true"}
    first = ben.get(address, headers=part).content.decode()
    assert f'hx-get="{address}?seen={run.seq}"' in first
    assert ben.get(f"{address}?seen={run.seq}", headers=part).status_code == 204
    journal(run)
    assert "hx-get" not in ben.get(f"{address}?seen={run.seq}", headers=part).content.decode()


def test_the_panel_shows_trials_of_this_agent_alone(project):
    run = try_agent("kim", version="1")
    other = f"/projects/demo/agents/writer/trial/{run.public_id}/"
    assert client_of("kim").get(other).status_code == 404
    assert client_of("sam").get(f"{TRIAL}{run.public_id}/").status_code == 404
    Run.objects.filter(id=run.id).update(trigger="api")
    assert client_of("kim").get(f"{TRIAL}{run.public_id}/").status_code == 404
