"""The forms of agents, tools and providers: nothing lost, wrong things told where they are, drafts kept."""

import json
import re

import pytest

from governance import documents, secrets
from governance.documents import canonical
from governance.models import AuditEntry, Project
from tests.runs.views.registry_scene import client_of, document, house, sent_by

AGENT = "/projects/demo/agents/billing-specialist/"
TOOL = "/projects/demo/tools/create-refund/"
PROVIDER = "/projects/demo/providers/simulated/"


@pytest.fixture
def project(db) -> Project:
    return house()


def everything(project: Project) -> list[tuple[str, str]]:
    kinds = {"agent": "agents", "tool": "tools", "provider": "providers"}
    found = project.documents.filter(kind__in=kinds).order_by("kind", "slug").values_list("kind", "slug")
    return [(kind, f"/projects/demo/{kinds[kind]}/{slug}/") for kind, slug in found]


def test_saving_an_untouched_form_changes_no_byte(project):
    ada = client_of("ada")
    for kind, path in everything(project):
        before = document(project, kind, path.split("/")[-2])
        answer = ada.post(path, sent_by(ada.get(path).content.decode()))
        assert answer.status_code == 302, (path, answer.content.decode())
        after = document(project, kind, before.slug)
        assert after.draft == before.active.content, path


def rich_agent() -> dict:
    return {
        "kind": "agent",
        "slug": "rich",
        "name": "Rich",
        "description": "Line one\nline two",
        "model": "simulated/large",
        "fallback_models": ["simulated/small"],
        "params": {"temperature": 0.0, "stop": ["END", "\n"], "seed": 7, "parallel_tool_calls": False},
        "instructions": "  You are {{ run.user }}.\n\n\tTab and <b>tags</b> & more  ",
        "tools": ["create-refund@1", "lookup-charge"],
        "context": {"history": "steps", "last": 10, "max_tokens": 6000, "knowledge": [], "memory": "none"},
        "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}, "x-mine": 1.50},
        "delegation": {"to": ["technical-specialist"], "max_hops": 0},
        "reports": {
            "may": ["status", "out_of_scope"],
            "to": ["role:operator", "user:rita"],
            "due_in_s": 90.5,
        },
        "limits": {"max_cost_usd_per_call": 0.000000001, "max_tool_calls": 0},
        "sla": {},
        "handles": ["ünïcode", " spaces "],
        "privacy": "default",
    }


def test_every_field_of_an_agent_survives_the_form(project):
    body = rich_agent()
    documents.save_draft(project, "agent", "rich", body, None)
    ada = client_of("ada")
    page = ada.get("/projects/demo/agents/rich/").content.decode()
    assert ada.post("/projects/demo/agents/rich/", sent_by(page)).status_code == 302
    assert document(project, "agent", "rich").draft == canonical(body)


def test_fields_that_the_form_does_not_draw_stay(project):
    body = {**rich_agent(), "slug": "odd", "not_of_this_world": {"a": [1.0, None]}}
    documents.save_working_draft(project, "agent", "odd", body, None)
    ada = client_of("ada")
    sent = sent_by(ada.get("/projects/demo/agents/odd/").content.decode())
    sent["document/name"] = ["Odd"]
    assert ada.post("/projects/demo/agents/odd/", sent).status_code == 302
    kept = documents.draft(document(project, "agent", "odd"))
    assert kept["not_of_this_world"] == {"a": [1.0, None]}
    assert kept["name"] == "Odd"
    assert "Unknown field" in ada.get("/projects/demo/agents/odd/").content.decode()


def test_every_field_of_an_http_tool_survives_the_form(project):
    body = {
        "kind": "tool",
        "slug": "rich",
        "type": "http",
        "config": {
            "method": "POST",
            "url": "https://api.example.com/v1/{{ arguments.id }}",
            "headers": {"X-Key": "Bearer {{ secrets.key }}", "Accept": "application/json"},
            "query": {"page": 1, "q": "= arguments.q", "flag": True, "text": "1"},
            "body": {"deep": [{"a": "= arguments.a"}, None, 1.5]},
            "max_bytes": 5000,
        },
        "input_schema": {"type": "object", "properties": {"id": {"type": "string"}}},
        "risk": "write",
        "idempotent": False,
        "timeout_s": 2.5,
        "secrets": ["key"],
        "sees": ["EMAIL_ADDRESS"],
        "cache_ttl_s": 0,
    }
    documents.save_draft(project, "tool", "rich", body, None)
    ada = client_of("ada")
    page = ada.get("/projects/demo/tools/rich/").content.decode()
    assert ada.post("/projects/demo/tools/rich/", sent_by(page)).status_code == 302
    assert document(project, "tool", "rich").draft == canonical(body)


def test_every_field_of_an_sql_tool_survives_the_form(project):
    body = {
        "kind": "tool",
        "slug": "rich",
        "type": "sql",
        "config": {
            "database": "books",
            "tables": ["invoices", "Order Details"],
            "query": "SELECT *\nFROM invoices\nWHERE number = :number",
            "max_rows": 20,
        },
        "input_schema": {"type": "object", "properties": {"number": {"type": "string"}}},
        "risk": "read",
        "timeout_s": 2.5,
    }
    documents.save_draft(project, "tool", "rich", body, None)
    ada = client_of("ada")
    sent = sent_by(ada.get("/projects/demo/tools/rich/").content.decode())
    assert ada.post("/projects/demo/tools/rich/", sent).status_code == 302
    assert document(project, "tool", "rich").draft == canonical(body)
    page = ada.post("/projects/demo/tools/rich/", {**sent, "document/config/database": ["secret:dsn"]})
    assert "such as PostgreSQL, are not built yet" in page.content.decode()


def test_every_field_of_a_provider_survives_the_form(project):
    body = {
        "kind": "provider",
        "slug": "rich",
        "type": "openai",
        "api_base": "http://127.0.0.1:9",
        "secret": "shared-key",
        "prices": {
            "a/b c~d": {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 2},
            "free": {"unpriced": True},
        },
    }
    documents.save_draft(project, "provider", "rich", body, None)
    ada = client_of("ada")
    page = ada.get("/projects/demo/providers/rich/").content.decode()
    assert ada.post("/projects/demo/providers/rich/", sent_by(page)).status_code == 302
    assert document(project, "provider", "rich").draft == canonical(body)


def test_a_changed_prompt_is_the_draft_and_no_run_sees_it_yet(project):
    kim = client_of("kim")
    sent = sent_by(kim.get(AGENT).content.decode())
    sent["document/instructions"] = ["You answer in French."]
    answer = kim.post(AGENT, sent, follow=True)
    assert "Draft saved" in answer.content.decode()
    kept = document(project, "agent", "billing-specialist")
    assert documents.draft(kept)["instructions"] == "You answer in French."
    assert "French" not in kept.active.content
    assert kept.drafted_by.username == "kim"


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("document/model", "no slash", "such as openai/gpt-5-mini"),
        ("document/params/temperature", "warm", "Write a number, like 12 or 0.5."),
        ("document/params/temperature", "9", "This must be 2 or less"),
        ("document/input_schema~json", '{"type": ', "Line 1"),
        ("document/privacy", "Not A Slug", "up to 64 of the characters"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(project, field, typed, message):
    kim = client_of("kim")
    sent = sent_by(kim.get(AGENT).content.decode())
    sent[field] = [typed]
    sent["document/purpose"] = ["A purpose that was typed too"]
    before = document(project, "agent", "billing-specialist").draft
    answer = kim.post(AGENT, sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Not saved." in page
    assert message in page
    again = sent_by(page)
    assert again[field] == [typed]
    assert again["document/purpose"] == ["A purpose that was typed too"]
    assert document(project, "agent", "billing-specialist").draft == before


def test_what_is_wrong_is_listed_above_the_form_with_links_to_the_fields(project):
    kim = client_of("kim")
    sent = sent_by(kim.get(AGENT).content.decode())
    sent["document/model"] = ["no provider"]
    sent["document/reports/may"] = ["escalate"]
    sent["document/reports/to/0"] = ["role:operater"]
    page = kim.post(AGENT, sent).content.decode()
    listed = page.split('<ul class="faults">')[1].split("</ul>")[0]
    targets = re.findall(r'href="#([^"]+)"', listed)
    assert len(targets) == 2
    for target in targets:
        assert f'id="{target}"' in page
    assert (
        "There is no role &#x27;operater&#x27;: there are viewer, author, operator, reviewer, admin."
        in listed
    )
    assert "Model: This must be" in listed


def test_who_pressed_publish_with_changes_is_led_there_after_saving(project):
    kim = client_of("kim")
    sent = sent_by(kim.get(AGENT).content.decode())
    sent["document/purpose"] = ["Typed before publishing"]
    answer = kim.post(AGENT, {**sent, "then": "publish"})
    assert answer["Location"] == f"{AGENT}publication/"
    assert documents.draft(document(project, "agent", "billing-specialist"))["purpose"] == (
        "Typed before publishing"
    )


def test_what_stops_publishing_is_saved_and_told_at_its_field(project):
    kim = client_of("kim")
    sent = sent_by(kim.get(AGENT).content.decode())
    sent["document/model"] = ["nobody/gpt"]
    page = kim.post(AGENT, sent, follow=True).content.decode()
    assert "1 problem stops publishing" in page
    assert "There is no provider &#x27;nobody&#x27; in this project" in page
    assert documents.draft(document(project, "agent", "billing-specialist"))["model"] == "nobody/gpt"


def test_two_who_edit_at_once_do_not_overwrite_each_other_unasked(project):
    ada, kim = client_of("ada"), client_of("kim")
    hers, his = (sent_by(client.get(AGENT).content.decode()) for client in (ada, kim))
    hers["document/purpose"], his["document/purpose"] = ["Ada's"], ["Kim's"]
    assert ada.post(AGENT, hers).status_code == 302
    answer = kim.post(AGENT, his)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "ada saved this draft meanwhile" in page
    assert documents.draft(document(project, "agent", "billing-specialist"))["purpose"] == "Ada's"
    again = sent_by(page)
    assert again["document/purpose"] == ["Kim's"]
    assert kim.post(AGENT, again).status_code == 302
    assert documents.draft(document(project, "agent", "billing-specialist"))["purpose"] == "Kim's"


def test_names_and_prompts_are_text_never_markup(project):
    body = {
        **rich_agent(),
        "slug": "evil",
        "name": "<script>alert(1)</script>",
        "purpose": "<img src=x onerror=y>",
    }
    documents.create_and_publish(project, "agent", "evil", body, None)
    for user in ("ada", "ben"):
        for path in (
            "/projects/demo/agents/",
            "/projects/demo/agents/evil/",
            "/projects/demo/agents/evil/trial/",
        ):
            page = client_of(user).get(path).content.decode()
            assert "<script>alert" not in page
            assert "<img src=x" not in page
            assert "&lt;script&gt;alert(1)" in page


def test_a_typed_key_becomes_a_secret_that_no_page_shows(project):
    ada = client_of("ada")
    made = ada.post(
        "/projects/demo/providers/new/", {"new/name": "OpenAI main", "new/slug": "", "new/type": "openai"}
    )
    assert made["Location"] == "/projects/demo/providers/openai-main/"
    sent = sent_by(ada.get(made["Location"]).content.decode())
    sent["api_key"] = ["sk-geheim-123"]
    page = ada.post(made["Location"], sent, follow=True).content.decode()
    kept = document(project, "provider", "openai-main")
    assert documents.draft(kept)["secret"] == "provider-openai-main"
    assert secrets.reveal(project, "provider-openai-main") == "sk-geheim-123"
    assert "Stored, never shown" in page
    everywhere = page + kept.draft + json.dumps(list(AuditEntry.objects.values_list("data", flat=True)))
    assert "geheim" not in everywhere


def test_an_empty_key_field_leaves_the_stored_key(project):
    secrets.put(project, "provider-simple", "sk-old", None)
    body = {"kind": "provider", "slug": "simple", "type": "openai", "secret": "provider-simple"}
    documents.save_draft(project, "provider", "simple", body, None)
    ada = client_of("ada")
    path = "/projects/demo/providers/simple/"
    assert ada.post(path, sent_by(ada.get(path).content.decode())).status_code == 302
    assert secrets.reveal(project, "provider-simple") == "sk-old"


def test_a_key_that_cannot_be_one_is_refused_without_being_shown(project):
    body = {"kind": "provider", "slug": "simple", "type": "openai"}
    documents.save_draft(project, "provider", "simple", body, None)
    ada = client_of("ada")
    path = "/projects/demo/providers/simple/"
    sent = sent_by(ada.get(path).content.decode())
    answer = ada.post(path, {**sent, "api_key": ["sk-••••geheim"]})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "api_key has characters that no key has" in page
    assert "geheim" not in page


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"model": "m", "input_usd_per_mtok": "1"}, "Give both prices, or mark the model as unpriced."),
        ({"model": "small", "input_usd_per_mtok": "1", "output_usd_per_mtok": "1"}, "“small” is there twice"),
        ({"model": "m", "input_usd_per_mtok": "-1", "output_usd_per_mtok": "1"}, "This must be 0 or more"),
    ],
)
def test_a_wrong_price_is_told_in_its_row(project, row, message):
    ada = client_of("ada")
    sent = sent_by(ada.get(PROVIDER).content.decode())
    sent |= {f"document/prices/2/{name}": [text] for name, text in row.items()}
    answer = ada.post(PROVIDER, sent)
    assert answer.status_code == 422
    assert message in answer.content.decode()


def test_the_values_of_a_tools_secrets_are_set_by_admins_alone(project):
    body = {
        **documents.content(document(project, "tool", "create-refund").active),
        "secrets": ["payments-key"],
    }
    documents.create_and_publish(project, "tool", "create-refund", body, None)
    value = {"name": "payments-key", "value": "geheim"}
    kim = client_of("kim")
    assert "Not set" in kim.get(TOOL).content.decode()
    assert 'action="/projects/demo/tools/create-refund/secrets/"' not in kim.get(TOOL).content.decode()
    assert kim.post(f"{TOOL}secrets/", value).status_code == 403
    ada = client_of("ada")
    page = ada.post(f"{TOOL}secrets/", value, follow=True).content.decode()
    assert "is stored; it is never shown again" in page
    assert "geheim" not in page
    assert secrets.reveal(project, "payments-key") == "geheim"
    refused = ada.post(f"{TOOL}secrets/", {"name": "another", "value": "x"}, follow=True).content.decode()
    assert "The tool does not name this secret" in refused
    assert secrets.names(project) == ["payments-key"]
