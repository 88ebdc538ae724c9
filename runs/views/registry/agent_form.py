"""The form of an agent: every field of its document in words, in sections."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from governance import documents
from governance.models import Document, Project
from registry.schemas import AGENT, risk_of
from runs.views.forms import Choices, Option, SchemaForm
from runs.views.registry.document_form import IDENTITY, PREFIX, DocumentForm, Section, Words, dressed
from runs.views.registry.provider_form import SIMULATED


def form_of(tools: Iterable[Document], agents: Iterable[Document], complete_url: str) -> DocumentForm:
    """`tools` and other `agents` are those of the project, with their live versions; `complete_url` completes the
    instructions."""
    properties = {name: inner for name, inner in AGENT["properties"].items() if name not in IDENTITY}
    widgets = {
        "/purpose": "longtext",
        "/instructions": "template",
        "/tools": Choices(tool_options(tools)),
        "/params/stop": "json",
        "/delegation/to": Choices([named_option(agent) for agent in agents if agent.active]),
        "/delegates/*": "text",
        "/context/history": Choices([("steps", _("Earlier steps"))]),
        "/context/memory": Choices([("none", _("None"))]),
        "/reports/may": Choices(report_options()),
    }
    schema = dressed(properties, ("model",), words(), patterns())
    return DocumentForm("agent", SchemaForm(schema, widgets, PREFIX, complete_url), sections())


def tool_options(tools: Iterable[Document]) -> list[Option]:
    return [tool_option(tool) for tool in tools if tool.active]


def named_option(document: Document) -> Option:
    """A document by its name, with its slug beside it."""
    label = f"{document.name} ({document.slug})" if document.name else document.slug
    return Option(document.slug, label)


def tool_option(tool: Document) -> Option:
    risk = risk_words(risk_of(documents.content(tool.active)))
    return Option(tool.slug, tool.name or tool.slug, f"{tool.slug} · {risk}")


def report_options() -> list[Option]:
    """What an agent may say to people while it works."""
    return [
        Option("status", _("Report its status"), _("A line on the run page; nobody answers.")),
        Option("help", _("Ask for help"), _("A question in the inbox; the run waits for the answer.")),
        Option("escalate", _("Hand the task to a person"), _("Somebody answers in its place.")),
        Option(
            "out_of_scope",
            _("Turn down what is not its business"),
            _("By Handles and Delegates: handed over, or refused; on record as out of scope."),
        ),
    ]


def risk_words(risk: str) -> str:
    return {"read": _("Read"), "write": _("Write"), "irreversible": _("Irreversible")}.get(risk, risk)


def suggested_models(providers: Iterable[Document]) -> list[str]:
    """What is priced by the project's providers, as agents name it."""
    live = [provider for provider in providers if provider.active]
    return [
        f"{provider.slug}/{model}"
        for provider in live
        for model in documents.content(provider.active).get("prices", {})
    ]


def proposed_model(providers: Iterable[Document]) -> str:
    """What a new agent may use at once: a model of a real provider first, else a simulated one; "" without any."""
    live = [provider for provider in providers if provider.active]
    simulated = {one.slug for one in live if documents.content(one.active)["type"] == SIMULATED}
    models = suggested_models(live)
    return min(models, key=lambda model: model.partition("/")[0] in simulated, default="")


def tools_of(project: Project) -> list[Document]:
    return list(documents.all_of(project, "tool").order_by("slug"))


def agents_but(project: Project, slug: str) -> list[Document]:
    """The other agents of the project."""
    return [agent for agent in documents.all_of(project, "agent").order_by("slug") if agent.slug != slug]


def providers_of(project: Project) -> list[Document]:
    return list(documents.all_of(project, "provider").order_by("slug"))


def sections() -> tuple[Section, ...]:
    return (
        Section("purpose", _("Purpose"), "bot", ("name", "purpose", "description")),
        Section(
            "instructions",
            _("Instructions"),
            "message-square",
            ("instructions",),
            _("It may name what a run knows: {{ input.name }}, {{ steps.node.output }}, {{ run.user }}."),
        ),
        Section("model", _("Model"), "cpu", ("model", "fallback_models", "params")),
        Section(
            "boundary",
            _("Boundary"),
            "split",
            ("handles", "delegates", "delegation"),
            _("What it takes on, and what it hands over. Routers and the overlap check read this."),
        ),
        Section(
            "reports",
            _("What it may say to people"),
            "hand",
            ("reports",),
            _("Functions that its model is offered besides its tools. Without them it only answers."),
        ),
        Section("schemas", _("Input and output"), "braces", ("input_schema", "output_schema")),
        Section(
            "tools", _("Allowed tools"), "wrench", ("tools",), _("Every other tool is refused."), aside=True
        ),
        Section(
            "limits",
            _("Limits"),
            "gauge",
            ("limits",),
            _("Checked before the call that would cross one."),
            aside=True,
        ),
        Section("sla", _("Service level"), "timer", ("sla",), _("What a good answer takes."), aside=True),
        Section("context", _("Context and privacy"), "history", ("context", "privacy"), aside=True),
    )


def words() -> Words:
    return {**of_model(), **of_boundary(), **of_bounds()}


def of_model() -> Words:
    return {
        "/name": (_("Name"), ""),
        "/description": (_("Notes"), _("For the people who work on it.")),
        "/purpose": (_("Purpose"), _("What it solves, in a sentence.")),
        "/instructions": (_("System prompt"), ""),
        "/model": (_("Model"), _("Required. Provider and model, such as openai/gpt-5-mini.")),
        "/fallback_models": (_("Fallback models"), _("Tried in this order where the model fails.")),
        "/params": (_("Parameters"), ""),
        "/params/temperature": (_("Temperature"), _("0 to 2; lower is steadier.")),
        "/params/top_p": (_("Top p"), ""),
        "/params/max_tokens": (_("Max tokens"), _("Of one answer; 1024 where nothing is said.")),
        "/params/seed": (_("Seed"), ""),
        "/params/stop": (_("Stop"), _('A text, or a list of texts as JSON: ["END"].')),
        "/params/presence_penalty": (_("Presence penalty"), ""),
        "/params/frequency_penalty": (_("Frequency penalty"), ""),
        "/params/reasoning_effort": (
            _("Reasoning effort"),
            _("Where the model knows it: low, medium, high."),
        ),
        "/params/verbosity": (_("Verbosity"), ""),
        "/params/parallel_tool_calls": (_("Several tool calls at once"), ""),
    }


def of_boundary() -> Words:
    return {
        "/handles": (_("Handles"), _("Topics it is responsible for.")),
        "/delegates": (
            _("Delegates"),
            _("Who takes what it does not: “anything technical: technical-specialist”."),
        ),
        "/delegation": (_("Handoffs"), ""),
        "/delegation/to": (_("May hand over to"), _("Agents that may go on in its place.")),
        "/delegation/max_hops": (_("Longest chain of handoffs"), ""),
        "/reports": (_("Reports"), ""),
        "/reports/may": (_("It may"), ""),
        "/reports/to": (
            _("Whom it asks"),
            _("role:reviewer where nobody is named; else such as role:operator, user:rita or group:finance."),
        ),
        "/reports/due_in_s": (
            _("Time to answer"),
            _("After that it goes on without help, and what it escalated fails. Without it the run waits."),
        ),
    }


def of_bounds() -> Words:
    return {
        "/tools": (_("Tools"), ""),
        "/input_schema": (_("Input schema"), _("A JSON Schema of what it needs.")),
        "/output_schema": (
            _("Output schema"),
            _("A JSON Schema that answers must fit: one repair is tried, then the step fails."),
        ),
        "/limits": (_("Limits"), ""),
        "/limits/max_cost_usd_per_call": (_("Cost per call"), ""),
        "/limits/max_cost_usd_per_day": (_("Cost per day"), _("Over all runs, by UTC days.")),
        "/limits/max_tool_calls": (_("Tool calls per step"), _("8 where nothing is said.")),
        "/sla": (_("Service level"), ""),
        "/sla/latency_s": (_("Latency"), ""),
        "/sla/success_rate": (_("Success rate"), _("0.95 is 95%.")),
        "/sla/cost_usd": (_("Cost"), ""),
        "/context": (_("Context"), ""),
        "/context/history": (_("History"), _("What it is told of the run besides its text.")),
        "/context/last": (_("Messages of history"), _("The newest so many.")),
        "/context/max_tokens": (_("Tokens of context"), _("What is longer is shortened.")),
        "/context/knowledge": (_("Knowledge"), ""),
        "/context/memory": (_("Memory"), ""),
        "/privacy": (_("Privacy rules"), _("Slug of a privacy document; the project's default otherwise.")),
    }


def patterns() -> dict[str, str]:
    model, reference = model_words(), reference_words()
    return {
        "/model": model,
        "/fallback_models/*": model,
        "/tools/*": reference,
        "/delegation/to/*": reference,
        "/context/knowledge/*": reference,
        "/reports/to/*": _("role:, user: or group: and a name, such as role:operator"),
        "/privacy": _("a slug: up to 64 of the characters a-z, 0-9 and the hyphen"),
    }


def model_words() -> str:
    return _("a provider's slug and a model, such as openai/gpt-5-mini")


def reference_words() -> str:
    return _("a slug, or one with a version, such as writer or writer@3")
