"""The test console of a tool: one call of its live version, through the gate, audited."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import access, documents
from governance.models import Document
from registry import trial
from registry.schemas import input_schema_of, risk_of
from runs.views import frame
from runs.views.forms import SchemaForm, defaults
from runs.views.forms.json_text import write
from runs.views.registry import editing, listing, tools

PREFIX = "arguments"


@require_http_methods(["GET", "HEAD", "POST"])
def tool_test(request: HttpRequest, project: str, slug: str) -> HttpResponse:
    """The console; posted, with what came of the call."""
    found = frame.project(request, project, "edit" if request.method == "POST" else "read")
    document = documents.load(found, "tool", slug)
    body = editing.live_body(document)
    console = {**console_of(request, document, body), "may_edit": access.may(request.user, found, "edit")}
    context = {"document": document, "project": found, **console}
    if listing.wants_part(request):
        return listing.part(request, "registry/_tool_console.html", context)
    return frame.shown(
        request,
        "registry/tool_test.html",
        {
            **context,
            **tools.head_of(document, body, "tool-test"),
            "version": document.active.number if document.active else None,
            "is_changed": editing.is_changed(document),
            "arguments": described(input_schema_of({"type": "", **body})),
            "sent": request_of(body),
            "reaches": body.get("type") == "sql",
        },
        title=document.name or slug,
        project=found,
        section="tools",
        crumbs=tools.crumbs_of(found, document),
        status=200 if console["result"] or not console["refused"] else 422,
    )


def console_of(request: HttpRequest, document: Document, body: Mapping[str, Any]) -> dict[str, Any]:
    """{fields, risk, result, refused, unconfirmed, answer}: `result` as registry.trial gives it, after a call."""
    risk = risk_of({"type": "", **body})
    form = SchemaForm(input_schema_of({"type": "", **body}), prefix=PREFIX)
    console = {"risk": risk, "result": None, "refused": False, "unconfirmed": False, "answer": ""}
    if request.method != "POST" or document.active is None:
        return {**console, "fields": form.fields(defaults(form.schema))}
    value, problems = form.read(request.POST, request.FILES)
    unconfirmed = risk == "irreversible" and request.POST.get("confirmed") != "yes"
    if problems or unconfirmed:
        return {
            **console,
            "fields": form.fields(value, problems),
            "refused": True,
            "unconfirmed": unconfirmed,
        }
    result = trial.tool(document.project, document.slug, value, request.user)
    answer = write(result["output"]) if result["ok"] else ""
    return {**console, "fields": form.fields(value), "result": shown(result), "answer": answer}


def shown(result: Mapping[str, Any]) -> dict[str, Any]:
    return {**result, "latency_s": result["latency_ms"] / 1000}


def described(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields of a tool's arguments, each with its type and rules in words."""
    required = schema.get("required") if isinstance(schema.get("required"), list) else []
    found = schema.get("properties")
    return [
        {
            "name": name,
            "type": type_of(inner),
            "rules": rules_of(inner, name in required),
            "about": inner.get("description", ""),
        }
        for name, inner in (found.items() if isinstance(found, Mapping) else ())
        if isinstance(inner, Mapping)
    ]


def type_of(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return _("choice")
    found = schema.get("type", _("any"))
    return ", ".join(map(str, found)) if isinstance(found, list) else str(found)


def rules_of(schema: Mapping[str, Any], required: bool) -> str:
    """ "required, 1 to 64 characters"."""
    rules = [_("required") if required else _("optional")]
    if "exclusiveMinimum" in schema:
        rules.append(_("more than %(least)s") % {"least": schema["exclusiveMinimum"]})
    ranges = (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", _("characters")),
        ("minItems", "maxItems", _("entries")),
    )
    for low, high, unit in ranges:
        least, most = schema.get(low), schema.get(high)
        if least is not None and most is not None:
            rules.append(_("%(least)s to %(most)s %(unit)s") % {"least": least, "most": most, "unit": unit})
        elif most is not None:
            rules.append(_("up to %(most)s %(unit)s") % {"most": most, "unit": unit})
        elif least is not None:
            rules.append(_("from %(least)s %(unit)s") % {"least": least, "unit": unit})
    if isinstance(schema.get("enum"), list):
        rules.append(", ".join(str(option) for option in schema["enum"][:20]))
    return ", ".join(rule.strip() for rule in rules)


def request_of(body: Mapping[str, Any]) -> str:
    """The request that an HTTP tool makes, or what an SQL tool runs and may touch, as its document has it."""
    config = body.get("config") or {}
    if body.get("type") == "sql" and config:
        scope = _("Database %(name)s\nTables   %(tables)s")
        said = scope % {"name": config.get("database", ""), "tables": ", ".join(config.get("tables") or ())}
        return f"{said}\n\n{config['query'].strip()}" if config.get("query") else said
    if body.get("type") != "http" or not isinstance(config.get("url"), str):
        return ""
    query = "".join(f"\n  {name} = {value}" for name, value in (config.get("query") or {}).items())
    headers = "".join(f"\n{name}: {value}" for name, value in (config.get("headers") or {}).items())
    payload = f"\n\n{write(config['body'])}" if config.get("body") is not None else ""
    return f"{config.get('method', 'GET')} {config['url']}{query}{headers}{payload}"
