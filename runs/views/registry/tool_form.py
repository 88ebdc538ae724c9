"""The form of a tool: the fields that every tool has, and those of its type."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from registry.schemas import RISKS, TOOL, TOOL_CONFIGS
from runs.views.forms import Choices, SchemaForm
from runs.views.registry.agent_form import risk_words
from runs.views.registry.document_form import (
    IDENTITY,
    PREFIX,
    DocumentForm,
    Section,
    Words,
    dressed,
    of_objects,
)
from runs.views.registry.rows import Rows

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HEADERS = Rows(("config", "headers"), "name", "value")
QUERY = Rows(("config", "query"), "name", "value")
TEXT = {"type": "string", "maxLength": 20_000}
ANYTHING: Mapping[str, Any] = {}


def form_of(body: Mapping) -> DocumentForm:
    """The form for a document of its `type`, which stays what it is: another type is another tool."""
    kind = body.get("type", "")
    properties = {
        name: inner for name, inner in TOOL["properties"].items() if name not in (*IDENTITY, "type")
    }
    properties["config"] = config_schema(kind)
    if kind == "calculator" and not body.get("config"):
        del properties["config"]
    widgets = {
        "/risk": Choices([(risk, risk_words(risk)) for risk in RISKS]),
        "/description": "longtext",
        "/config/url": "text",
        "/config/method": Choices(METHODS),
        "/config/headers/*/value": "template",
        "/config/query/*/value": "value",
        "/config/body": "json",
    }
    said = {place: words for place, words in words_of().items() if place[1:] in properties}
    said |= {"http": http_words, "sql": sql_words}.get(kind, dict)()
    must_be = patterns() | (sql_patterns() if kind == "sql" else {})
    schema = dressed(properties, (), said, must_be)
    rows = (HEADERS, QUERY) if kind == "http" else ()
    return DocumentForm("tool", SchemaForm(schema, widgets, PREFIX), sections(kind), rows)


def config_schema(kind: str) -> Mapping:
    """Of a type that this installation does not build, the config is JSON."""
    if kind != "http":
        return TOOL_CONFIGS.get(kind, {"type": "object"})
    properties = {
        **TOOL_CONFIGS["http"]["properties"],
        "headers": HEADERS.schema(of_objects({"value": TEXT}, ("value",))),
        "query": QUERY.schema(of_objects({"value": ANYTHING})),
        "body": ANYTHING,
    }
    order = ("method", "url", "headers", "query", "body", "max_bytes")
    return of_objects({name: properties[name] for name in order}, ("url",))


def sections(kind: str) -> tuple[Section, ...]:
    return (
        Section("about", _("What it does"), "wrench", ("name", "description")),
        request_section(kind),
        Section("schemas", _("Input and output"), "braces", ("input_schema", "output_schema")),
        Section("risk", _("Risk"), "triangle-alert", ("risk", "idempotent"), aside=True),
        Section("calls", _("Calls"), "timer", ("timeout_s", "cache_ttl_s"), aside=True),
        Section("access", _("Secrets and personal data"), "key-round", ("secrets", "sees"), aside=True),
    )


def request_section(kind: str) -> Section:
    if kind == "sql":
        hint = _("Only the tables named here can be reached, however a statement is written.")
        return Section("request", _("Database"), "database", ("config",), hint)
    hint = _("What is in {{ arguments.… }} and {{ secrets.… }} is filled in at the call; the host is fixed.")
    return Section("request", _("Request"), "globe", ("config",), hint if kind == "http" else "")


def words_of() -> Words:
    return {
        "/name": (_("Name"), ""),
        "/description": (_("Description"), _("Models read this to know when to call it.")),
        "/config": (_("Configuration"), ""),
        "/input_schema": (
            _("Input schema"),
            _("A JSON Schema of its arguments; a call that does not fit is refused."),
        ),
        "/output_schema": (_("Output schema"), _("A JSON Schema of what it gives back.")),
        "/risk": (_("Risk"), _("An irreversible call asks a person first, unless a policy allows it.")),
        "/idempotent": (_("Idempotent"), _("Calling it twice with the same key does no harm.")),
        "/timeout_s": (_("Timeout"), _("30 s where nothing is said.")),
        "/cache_ttl_s": (_("Keep answers for"), _("Only of tools with risk read.")),
        "/secrets": (_("Secrets"), _("Names of the secrets it may use; values are set below the form.")),
        "/sees": (_("Sees"), _("Personal data that is restored in its arguments, such as EMAIL_ADDRESS.")),
    }


def http_words() -> Words:
    return {
        "/config/method": (_("Method"), ""),
        "/config/url": (_("Address"), _("https://api.example.com/charges/{{ arguments.charge }}")),
        "/config/headers": (_("Headers"), ""),
        "/config/headers/*/name": (_("Header"), ""),
        "/config/headers/*/value": (_("Value"), ""),
        "/config/query": (_("Query"), _("What follows the ? in the address.")),
        "/config/query/*/name": (_("Parameter"), ""),
        "/config/query/*/value": (_("Value"), ""),
        "/config/body": (_("Body"), _('JSON with texts and values in it: {"charge": "= arguments.charge"}.')),
        "/config/max_bytes": (_("Longest answer"), ""),
    }


def sql_words() -> Words:
    return {
        "/config/database": (
            _("Database"),
            _("The name of a SQLite file that whoever runs Baton has put there for this project."),
        ),
        "/config/tables": (
            _("Tables"),
            _("The tables and views that it may touch; a view shows what it shows, nothing behind it."),
        ),
        "/config/query": (
            _("Query"),
            _("A fixed statement with :names for arguments. Empty: the argument sql is the statement."),
        ),
        "/config/max_rows": (_("Most rows"), _("100 where nothing is said, at most 1,000.")),
    }


def sql_patterns() -> dict[str, str]:
    return {
        "/config/database": _(
            "a name of small letters, digits and hyphens; databases on a network, such as PostgreSQL, are not built "
            "yet"
        ),
        "/config/tables/*": _("the name of a table or view, such as invoices"),
    }


def patterns() -> dict[str, str]:
    return {
        "/secrets/*": _("a name of letters, digits, dots, hyphens and underscores"),
        "/sees/*": _("a kind of personal data in capitals, such as EMAIL_ADDRESS"),
    }
