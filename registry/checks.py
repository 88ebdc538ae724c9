"""What is wrong with an agent, tool or provider document beyond its schema, and which documents it names."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from governance import expressions, schemas, secrets
from governance.documents import register_kind
from governance.documents.lookup import content, resolve
from governance.models import Project
from governance.refusals import Problem, pointer
from registry import databases, provider_types
from registry.prices import price
from registry.schemas import AGENT, PROVIDER, RISKS, TOOL, TOOL_CONFIGS, is_built
from registry.sqlite.placeholders import names_in
from registry.tools import TOOLS

Reference = tuple[str, str, str]
ESCALATE = "escalate"  # the one report whose function might be a tool's slug


def register() -> None:
    """Makes agents, tools and providers known as kinds of documents."""
    register_kind("agent", "agents", AGENT, agent_problems, agent_references, agent_mentions)
    register_kind("tool", "tools", TOOL, tool_problems)
    register_kind("provider", "providers", PROVIDER, provider_problems)


def agent_problems(body: Mapping, project: Project) -> list[Problem]:
    problems = [*_schema_problems(body, "input_schema"), *_schema_problems(body, "output_schema")]
    problems += _text_problems(body.get("instructions", ""), "/instructions")
    slugs = [ref.partition("@")[0] for ref in body.get("tools", ())]
    for index, slug in enumerate(slugs):
        if slug in slugs[:index]:
            problems.append(
                Problem(f"/tools/{index}", f"The tool {slug!r} is listed twice: keep one.", "twice")
            )
        if slug == ESCALATE and slug in body.get("reports", {}).get("may", ()):
            message = (
                f"A report has this name too ({slug}): call the tool otherwise, or do not let it report so."
            )
            problems.append(Problem(f"/tools/{index}", message, "hidden"))
    for index in range(len(body.get("context", {}).get("knowledge", ()))):
        problems.append(
            Problem(f"/context/knowledge/{index}", "Knowledge is not built yet: leave it out.", "not_built")
        )
    problems += _price_problems(body, project)
    return problems + list(_delegation_problems(body, project))


def agent_references(body: Mapping) -> Iterator[Reference]:
    """The providers of its models, and its tools. (Agents may hand over to each other: see `agent_problems`.)"""
    yield "provider", provider_of(body["model"]), "/model"
    for index, model in enumerate(body.get("fallback_models", ())):
        yield "provider", provider_of(model), f"/fallback_models/{index}"
    for index, ref in enumerate(body.get("tools", ())):
        yield "tool", ref, f"/tools/{index}"


def agent_mentions(body: Mapping) -> Iterator[Reference]:
    """The agents that it may hand over to."""
    for index, ref in enumerate(body.get("delegation", {}).get("to", ())):
        yield "agent", ref, f"/delegation/to/{index}"


def provider_of(model: str) -> str:
    """The provider's slug in `provider/name`."""
    return model.partition("/")[0]


def tool_problems(body: Mapping, project: Project) -> list[Problem]:
    if not is_built(body["type"]):
        built = ", ".join(sorted(TOOLS))
        message = f"Tools of type {body['type']!r} are not built yet: use {built}."
        return [Problem("/type", message, "not_built")]
    problems = list(_config_problems(body["type"], body.get("config", {})))
    if body["type"] == "sql" and not problems:
        problems += _statement_problems(body, project)
    problems += _undeclared_problems(body)
    problems += [*_schema_problems(body, "input_schema"), *_schema_problems(body, "output_schema")]
    if body["type"] == "http" and "risk" not in body:
        message = (
            f"Say how much harm the tool can do (risk: {', '.join(RISKS)}); it counts as write until then."
        )
        problems.append(Problem("/risk", message, "no_risk", "warning"))
    if body.get("cache_ttl_s") and body.get("risk") != "read":
        message = "Only the answers of tools with risk read are used again: set risk or leave this out."
        problems.append(Problem("/cache_ttl_s", message, "not_cached", "warning"))
    return problems + list(_secret_problems(body.get("secrets", ()), "/secrets/{}", project))


def provider_problems(body: Mapping, project: Project) -> list[Problem]:
    problems = list(_type_problems(body["type"]))
    if body["type"] == "scripted":
        for field in ("api_base", "secret"):
            if field in body:
                problems.append(
                    Problem(f"/{field}", "A scripted provider calls nothing: leave it out.", "unused")
                )
        return problems
    if "script" in body:
        problems.append(
            Problem("/script", "Only a provider of type 'scripted' has a script: leave it out.", "unused")
        )
    if "secret" in body:
        problems += _secret_problems([body["secret"]], "/secret", project)
    return problems


def _type_problems(provider_type: str) -> Iterator[Problem]:
    if not provider_types.is_known(provider_type):
        meant = provider_types.suggestion(provider_type)
        advice = (
            f"did you mean {meant!r}?" if meant else "use 'openai' for whatever speaks OpenAI's protocol."
        )
        message = f"There is no provider type {provider_type!r}: {advice}"
        yield Problem("/type", message, "unknown_type")


def _price_problems(body: Mapping, project: Project) -> Iterator[Problem]:
    """Warnings: a name that neither the provider's prices nor LiteLLM's table knows is mistyped, or unpriced."""
    named = [("/model", body["model"])]
    named += [(f"/fallback_models/{index}", ref) for index, ref in enumerate(body.get("fallback_models", ()))]
    live = resolve(project, {("provider", provider_of(ref)) for _, ref in named})
    for at, ref in named:
        slug, _, name = ref.partition("/")
        provider = content(live["provider", slug]) if ("provider", slug) in live else None
        if provider is None or provider["type"] == provider_types.SCRIPTED:
            continue
        known = provider.get("prices", {})
        if name not in known and price(provider, name) is None:
            meant = schemas.nearest(name, known)
            instead = f"did you mean {slug}/{meant}? " if meant else ""
            message = (
                f"The provider {slug!r} has no price for {name!r}. {instead}Without a price it cannot be called "
                "under a budget: check the name, or add it to the provider's prices."
            )
            yield Problem(at, message, "no_price", "warning")


def _undeclared_problems(body: Mapping) -> Iterator[Problem]:
    """A secret that is used and not in the document's `secrets` would not be there when the call is made."""
    for field, template in body.get("config", {}).items():
        parts = template.items() if isinstance(template, Mapping) else [(None, template)]
        for key, part in parts:
            at = pointer("config", field) if key is None else pointer("config", field, key)
            for name in sorted(expressions.members_value(part, "secrets") - set(body.get("secrets", ()))):
                message = f"The secret {name!r} is used here and not listed: add it to secrets."
                yield Problem(at, message, "undeclared_secret")


def _config_problems(tool_type: str, config: Mapping) -> Iterator[Problem]:
    problems = schemas.instance_problems(TOOL_CONFIGS[tool_type], config, "/config")
    yield from problems
    if not problems:
        for at, message in TOOLS[tool_type].check(dict(config)):
            yield Problem(f"/config{at}", message, "invalid_config")


def _statement_problems(body: Mapping, project: Project) -> Iterator[Problem]:
    """A statement is either fixed, with an argument for each of its places, or it is the argument `sql`."""
    config, taken = body["config"], body.get("input_schema", {}).get("properties")
    if "query" not in config and taken is not None and "sql" not in taken:
        message = (
            "There is no fixed query, so the statement is the argument sql: describe it here, or add a query."
        )
        yield Problem("/input_schema/properties", message, "no_statement")
    for name in names_in(config.get("query", "")) if taken is not None else ():
        if name not in taken:
            message = f"The query binds :{name}, and input_schema has no {name}: add it there."
            yield Problem("/config/query", message, "unknown_argument")
    try:
        databases.found(project.slug, config["database"])
    except databases.NoDatabase as absent:
        yield Problem("/config/database", str(absent), "no_database", "warning")


def _text_problems(source: str, at: str) -> Iterator[Problem]:
    for flaw in expressions.check_text(source):
        place = "" if flaw.position is None else f" (at character {flaw.position})"
        yield Problem(at, f"This text cannot be rendered: {flaw.reason}{place}.", "expression_error")


def _delegation_problems(body: Mapping, project: Project) -> Iterator[Problem]:
    """Warnings: two agents that hand over to each other could not be published if these were dead references."""
    refs = body.get("delegation", {}).get("to", ())
    live = resolve(project, [("agent", ref) for ref in refs]) if refs else {}
    for index, ref in enumerate(refs):
        if ("agent", ref) not in live and ref.partition("@")[0] != body["slug"]:
            message = (
                f"There is no agent {ref!r} in this project yet: publish it before this one hands over to it."
            )
            yield Problem(f"/delegation/to/{index}", message, "dead_reference", "warning")


def _schema_problems(body: Mapping, field: str) -> Iterable[Problem]:
    """A usable JSON Schema with an object at its root; a missing or empty one is only warned of (R4)."""
    schema: Any = body.get(field)
    if not schema:
        side = "needs" if field == "input_schema" else "gives back"
        message = f"Nothing says what this {body['kind']} {side}: describe it in {field}."
        return [Problem(f"/{field}", message, "no_schema", "warning")]
    problems = schemas.schema_problems(schema, f"/{field}")
    if not problems and not _may_be_object(schema):
        problems = [
            Problem(f"/{field}/type", f"{field} must describe an object: set type to 'object'.", "not_object")
        ]
    return problems


def _may_be_object(schema: Mapping) -> bool:
    """Whether the root is an object, or leaves it to what it refers to."""
    return schema.get("type", "object") == "object"


def _secret_problems(names: Iterable[str], at: str, project: Project) -> Iterator[Problem]:
    there = set(secrets.names(project)) if names else set()
    for index, name in enumerate(names):
        if name not in there:
            message = f"There is no secret {name!r} in this project yet: set it before the first call."
            yield Problem(at.format(index), message, "no_secret", "warning")
