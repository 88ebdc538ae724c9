"""Agent, tool and provider documents: what is refused, what is warned of, what they refer to."""

import pytest

from governance import documents, schemas, secrets
from governance.models import Project
from registry import provider_types
from registry.schemas import AGENT, PROVIDER, TOOL, input_schema_of, is_repeatable

OBJECT = {"type": "object", "properties": {"a": {"type": "integer"}}}
AN_AGENT = {
    "kind": "agent",
    "slug": "billing",
    "name": "Billing",
    "purpose": "Answers questions on payments.",
    "handles": ["refunds"],
    "delegates": ["anything technical: technical"],
    "model": "openai-main/gpt-5-mini",
    "fallback_models": ["local/llama3"],
    "params": {"temperature": 0.2, "max_tokens": 800},
    "instructions": "You are ...",
    "tools": ["charge", "refund@2"],
    "context": {"history": "steps", "last": 10, "max_tokens": 6000, "memory": "none"},
    "input_schema": OBJECT,
    "output_schema": OBJECT,
    "delegation": {"to": ["billing"], "max_hops": 3},
    "limits": {"max_cost_usd_per_call": 0.02, "max_cost_usd_per_day": 5, "max_tool_calls": 8},
    "sla": {"latency_s": 20, "success_rate": 0.95, "cost_usd": 0.03},
    "privacy": "default",
}
A_TOOL = {
    "kind": "tool",
    "slug": "charge",
    "type": "http",
    "config": {"method": "GET", "url": "https://pay.example.com/charges/{{ arguments.a }}"},
    "input_schema": OBJECT,
    "output_schema": OBJECT,
    "risk": "read",
    "idempotent": True,
    "timeout_s": 10,
    "secrets": [],
    "sees": ["EMAIL_ADDRESS"],
    "cache_ttl_s": 60,
}
A_PROVIDER = {
    "kind": "provider",
    "slug": "local",
    "type": "openai",
    "api_base": "http://127.0.0.1:8080/v1",
    "prices": {"llama3": {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.2}, "free": {"unpriced": True}},
}
A_SCRIPT = [
    {"when": {"agent": "a", "node": "n", "iteration": 1, "turn": 2, "contains": "x"}, "say": "hi"},
    {
        "calls": [{"tool": "charge", "arguments": {"a": 1}}],
        "after_s": 0.1,
        "tokens": {"input": 1, "output": 2},
    },
    {"json": {"a": 1}, "fail": {"status": 503, "attempts": 2}},
]


def without(document: dict, *fields: str) -> dict:
    return {name: value for name, value in document.items() if name not in fields}


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        (AGENT, AN_AGENT),
        (AGENT, {"kind": "agent", "slug": "a", "model": "p/m"}),
        (AGENT, {"kind": "agent", "slug": "a", "model": "openrouter/meta/llama-3:free"}),
        (TOOL, A_TOOL),
        (TOOL, {"kind": "tool", "slug": "sum", "type": "calculator"}),
        (PROVIDER, A_PROVIDER),
        (PROVIDER, {"kind": "provider", "slug": "s", "type": "scripted", "script": A_SCRIPT}),
    ],
)
def test_documents_of_the_contract_fit(schema, document):
    assert schemas.instance_problems(schema, document) == []


@pytest.mark.parametrize(
    ("schema", "document", "pointer"),
    [
        (AGENT, {**AN_AGENT, "colour": "red"}, "/colour"),
        (AGENT, without(AN_AGENT, "model"), ""),
        (AGENT, {**AN_AGENT, "model": "gpt-5"}, "/model"),
        (AGENT, {**AN_AGENT, "slug": "Billing"}, "/slug"),
        (AGENT, {**AN_AGENT, "name": "x" * 201}, "/name"),
        (AGENT, {**AN_AGENT, "tools": ["charge", "charge"]}, "/tools"),
        (AGENT, {**AN_AGENT, "tools": ["charge@0"]}, "/tools/0"),
        (AGENT, {**AN_AGENT, "params": {"max_tokens": 0}}, "/params/max_tokens"),
        (AGENT, {**AN_AGENT, "params": {"api_key": "x"}}, "/params/api_key"),
        (AGENT, {**AN_AGENT, "limits": {"max_cost_usd_per_call": -1}}, "/limits/max_cost_usd_per_call"),
        (AGENT, {**AN_AGENT, "limits": {"max_cost_eur": 1}}, "/limits/max_cost_eur"),
        (TOOL, {**A_TOOL, "type": "telepathy"}, "/type"),
        (TOOL, {**A_TOOL, "risk": "some"}, "/risk"),
        (TOOL, {**A_TOOL, "timeout_s": 86_401}, "/timeout_s"),
        (TOOL, {**A_TOOL, "timeout_s": 0}, "/timeout_s"),
        (PROVIDER, {**A_PROVIDER, "api_key": "sk-1"}, "/api_key"),
        (PROVIDER, {**A_PROVIDER, "api_base": "ftp://x"}, "/api_base"),
        (PROVIDER, {**A_PROVIDER, "script": [{"shout": "x"}]}, "/script/0/shout"),
        (PROVIDER, {**A_PROVIDER, "script": [{"fail": {"status": 200}}]}, "/script/0/fail/status"),
    ],
)
def test_what_does_not_fit_is_refused_where_it_stands(schema, document, pointer):
    assert pointer in [problem.pointer for problem in schemas.instance_problems(schema, document)]


@pytest.fixture
def project(db) -> Project:
    project = Project.objects.create(slug="alpha", name="Alpha")
    for slug in ("openai-main", "local"):
        documents.create_and_publish(project, "provider", slug, {**A_PROVIDER, "slug": slug}, None)
    for slug in ("charge", "refund"):
        documents.create_and_publish(project, "tool", slug, {**A_TOOL, "slug": slug}, None)
    return project


def found(project: Project, kind: str, document: dict) -> list[tuple[str, str, str]]:
    return [
        (problem.severity, problem.code, problem.pointer)
        for problem in documents.problems_of(project, kind, document)
    ]


def test_a_whole_agent_has_no_problems(project):
    assert found(project, "agent", {**AN_AGENT, "tools": ["charge", "refund@1"]}) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model": "gone/x"}, ("error", "dead_reference", "/model")),
        ({"fallback_models": ["local/free", "gone/x"]}, ("error", "dead_reference", "/fallback_models/1")),
        ({"tools": ["gone"]}, ("error", "dead_reference", "/tools/0")),
        ({"tools": ["refund@2"]}, ("error", "dead_reference", "/tools/0")),
        ({"tools": ["charge", "charge@1"]}, ("error", "twice", "/tools/1")),
        ({"tools": ["escalate"], "reports": {"may": ["escalate"]}}, ("error", "hidden", "/tools/0")),
        ({"input_schema": {}}, ("warning", "no_schema", "/input_schema")),
        ({"output_schema": {}}, ("warning", "no_schema", "/output_schema")),
        ({"output_schema": {"type": "array"}}, ("error", "not_object", "/output_schema/type")),
        ({"output_schema": {"type": "objct"}}, ("error", "invalid_schema", "/output_schema/type")),
        ({"output_schema": {"$ref": "http://10.0.0.1/x"}}, ("error", "invalid_schema", "/output_schema")),
        ({"instructions": "Hello {{ input.name"}, ("error", "expression_error", "/instructions")),
        ({"context": {"knowledge": ["faq"]}}, ("error", "not_built", "/context/knowledge/0")),
        ({"delegation": {"to": ["gone"]}}, ("warning", "dead_reference", "/delegation/to/0")),
        ({"model": "local/lama3"}, ("warning", "no_price", "/model")),
        (
            {"fallback_models": ["local/llama3", "openai-main/gpt-9"]},
            ("warning", "no_price", "/fallback_models/1"),
        ),
    ],
)
def test_an_agents_problems(project, changes, expected):
    assert found(project, "agent", {**AN_AGENT, "tools": ["charge"], **changes}) == [expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"type": "files"}, [("error", "not_built", "/type")]),
        ({"type": "mcp"}, [("error", "not_built", "/type")]),
        ({"config": {}}, [("error", "missing_field", "/config")]),
        (
            {"config": {"url": "https://x.example", "verb": "GET"}},
            [("error", "unknown_field", "/config/verb")],
        ),
        (
            {"config": {**A_TOOL["config"], "headers": {"X~Key": "{{ secrets.key }}"}}},
            [("error", "undeclared_secret", "/config/headers/X~0Key")],
        ),
        (
            {"config": {**A_TOOL["config"], "body": {"a": ["= secrets['key']"]}}},
            [("error", "undeclared_secret", "/config/body/a")],
        ),
        (
            {"config": {"url": "https://x.example/{{ secrets.key }}"}, "secrets": ["key"]},
            [("warning", "no_secret", "/secrets/0")],
        ),
        ({"config": {"url": "https://{{ arguments.a }}/"}}, [("error", "invalid_config", "/config/url")]),
        ({"risk": "write"}, [("warning", "not_cached", "/cache_ttl_s")]),
        ({"secrets": ["key"]}, [("warning", "no_secret", "/secrets/0")]),
        ({"type": "calculator", "config": {"a": 1}}, [("error", "unknown_field", "/config/a")]),
        ({"input_schema": {"type": "string"}}, [("error", "not_object", "/input_schema/type")]),
    ],
)
def test_a_tools_problems(project, changes, expected):
    assert found(project, "tool", {**A_TOOL, **changes}) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (A_PROVIDER, []),
        ({**A_PROVIDER, "secret": "gone"}, [("warning", "no_secret", "/secret")]),
        ({**A_PROVIDER, "secret": "there"}, []),
        ({**A_PROVIDER, "script": []}, [("error", "unused", "/script")]),
        ({**A_PROVIDER, "type": "scripted"}, [("error", "unused", "/api_base")]),
        ({**A_PROVIDER, "type": "opneai"}, [("error", "unknown_type", "/type")]),
        ({**A_PROVIDER, "type": "nano-gpt"}, []),
    ],
)
def test_a_providers_problems(project, document, expected):
    secrets.put(project, "there", "sk-123456", None)
    assert found(project, "provider", document) == expected


def test_a_scripted_provider_takes_any_model_without_a_price(project):
    documents.create_and_publish(
        project, "provider", "sim", {"kind": "provider", "slug": "sim", "type": "scripted"}, None
    )
    assert found(project, "agent", {**AN_AGENT, "tools": ["charge"], "model": "sim/whatever"}) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("opneai", "'openai'"),
        ("OpenAI", "'openai'"),
        ("claude", "'anthropic'"),
        ("google", "'gemini'"),
        ("scriptd", "'scripted'"),
        ("xyzzyplugh", "use 'openai' for whatever speaks OpenAI's protocol"),
    ],
)
def test_an_unknown_type_of_provider_says_what_was_probably_meant(project, written, meant):
    problems = documents.problems_of(project, "provider", {**A_PROVIDER, "type": written})
    (message,) = [problem.message for problem in problems]
    assert message.startswith(f"There is no provider type {written!r}: ") and meant in message


def test_a_mistyped_model_says_which_the_provider_has(project):
    agent = {**AN_AGENT, "tools": ["charge"], "model": "local/lama3"}
    (problem,) = documents.problems_of(project, "agent", agent)
    assert "did you mean local/llama3?" in problem.message


@pytest.mark.parametrize(
    ("schema", "document", "pointer", "sentence"),
    [
        (AGENT, {**AN_AGENT, "model": "gpt-5"}, "/model",
            "This must be provider/model, such as openai-main/gpt-5-mini."),
        (AGENT, {**AN_AGENT, "tools": ["a@0"]}, "/tools/0",
            "This must be a slug, or a version of it such as lookup-charge@3."),
        (AGENT, {**AN_AGENT, "modle": "p/m"}, "/modle", "Unknown field 'modle': did you mean 'model'? Else remove it."),
        (AGENT, {**AN_AGENT, "params": {"temprature": 1}}, "/params/temprature",
            "Unknown field 'temprature': did you mean 'temperature'? Else remove it."),
        (PROVIDER, {**A_PROVIDER, "api_base": "x"}, "/api_base",
            "This must be an address that starts with http:// or https://."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_in_words(schema, document, pointer, sentence):
    told = {problem.pointer: problem.message for problem in schemas.instance_problems(schema, document)}
    assert told[pointer] == sentence


def test_the_known_types_of_providers_are_those_of_the_installed_litellm():
    from registry.backends.hosted import load

    listed = {str(getattr(one, "value", one)) for one in load().provider_list}
    assert provider_types.KNOWN == listed


def test_two_agents_may_hand_over_to_each_other(project):
    for slug, other in (("one", "two"), ("two", "one"), ("one", "two")):
        agent = {**without(AN_AGENT, "tools"), "slug": slug, "delegation": {"to": [other]}}
        documents.create_and_publish(project, "agent", slug, agent, None)
    assert found(project, "agent", agent) == []


NOWHERE = ("warning", "no_database", "/config/database")


@pytest.mark.parametrize(
    ("config", "taken", "expected"),
    [
        ({}, {"sql": {}}, [NOWHERE]),
        ({"query": "SELECT * FROM a WHERE b = :b AND c = ':d'"}, {"b": {}}, [NOWHERE]),
        ({"database": "../a"}, {"sql": {}}, [("error", "pattern", "/config/database")]),
        ({"tables": []}, {"sql": {}}, [("error", "minItems", "/config/tables")]),
        ({"tables": ['a"b']}, {"sql": {}}, [("error", "pattern", "/config/tables/0")]),
        ({"tables": ["SQLite_master"]}, {"sql": {}}, [("error", "invalid_config", "/config/tables/0")]),
        ({"max_rows": 1_001}, {"sql": {}}, [("error", "maximum", "/config/max_rows")]),
        ({"query": " "}, {"a": {}}, [("error", "invalid_config", "/config/query")]),
        ({"query": "SELECT ?"}, {"a": {}}, [("error", "invalid_config", "/config/query")]),
        ({"query": "SELECT @a"}, {"a": {}}, [("error", "invalid_config", "/config/query")]),
        ({}, {"text": {}}, [("error", "no_statement", "/input_schema/properties"), NOWHERE]),
        ({"query": "SELECT :a, :b"}, {"a": {}}, [("error", "unknown_argument", "/config/query"), NOWHERE]),
    ],
)
def test_an_sql_tools_problems(project, config, taken, expected):
    described = {"input_schema": {"type": "object", "properties": taken}, "output_schema": OBJECT}
    whole = {"database": "books", "tables": ["a"], **config}
    tool = {"kind": "tool", "slug": "ask", "type": "sql", "config": whole, **described}
    assert found(project, "tool", tool) == expected


@pytest.mark.parametrize(
    ("tool", "repeatable"),
    [
        ({"type": "http", "risk": "read"}, True),
        ({"type": "http", "risk": "write"}, False),
        ({"type": "http", "risk": "irreversible"}, False),
        ({"type": "http", "risk": "irreversible", "idempotent": True}, True),
        ({"type": "http"}, False),
        ({"type": "calculator"}, True),
        ({"type": "sql"}, True),
        ({"type": "sql", "risk": "write"}, False),
    ],
)
def test_what_may_be_repeated(tool, repeatable):
    assert is_repeatable(tool) is repeatable


def test_a_calculator_without_a_schema_takes_an_expression():
    assert input_schema_of({"type": "calculator"})["required"] == ["expression"]


def test_an_sql_tool_without_a_schema_takes_a_statement_or_what_its_query_binds():
    config = {"database": "books", "tables": ["invoices", "vendors"]}
    statement = input_schema_of({"type": "sql", "config": config})
    assert statement["required"] == ["sql"]
    assert statement["properties"]["sql"]["description"].endswith("on these tables: invoices, vendors.")
    bound = input_schema_of({"type": "sql", "config": {**config, "query": "SELECT :b, :a, :b -- :c"}})
    assert bound["required"] == ["b", "a"]
