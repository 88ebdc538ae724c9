"""The fields of a node, tab by tab: which of them a tab draws, and what is read back from a posted tab."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from flows.nodes import TYPES
from flows.nodes.base import NodeType
from flows.schema import NODE
from governance.refusals import Problem
from runs.inspection import Offered
from runs.views.builder import crew_fields, state_fields
from runs.views.builder.references import REFERRED, ReferenceField, read_reference, reference_field
from runs.views.forms import Choices, FieldView, SchemaForm

PROMPT = ("text", "output_schema")
NODE_FIELDS = {
    "settings": ("name", "timeout_s"),
    "retry": ("retry", "cache_ttl_s"),
    "fallback": ("fallback", "escalate", "on_error"),
    "state": ("writes",),
    "note": ("note",),
}
BARE = frozenset({"start", "end"})
WIDGETS = {
    "/text": "template",
    "/title": "template",
    "/items": "condition",
    "/on": "condition",
    "/stop_when": "condition",
    "/cases/*/when": "condition",
    "/routes/*/when": "condition",
    "/output": "value",
    "/payload": "value",
    "/arguments": "value",
    "/input": "value",
    "/seconds": "value",
    "/until": "value",
}


@dataclass(frozen=True)
class NodeForm:
    """One tab of one node. `offered` are the documents that can be named, `people` who can be asked."""

    node: Mapping[str, Any]
    tab: str
    offered: Mapping[str, list[Offered]]
    people: list[tuple[str, str]]
    complete_url: str
    state: state_fields.Fields = field(default_factory=dict)

    @property
    def type(self) -> NodeType | None:
        return TYPES.get(self.node["type"])

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.node.get("config") or {})

    @property
    def drawn(self) -> list[str]:
        """The fields of the config that this tab draws."""
        has_prompt = "prompt" in tabs_of(self.node)
        known = self.type.config_schema["properties"] if self.type else {}
        names = [name for name in known if crew_fields.applies(name, self.config)]
        if self.tab == "prompt":
            return [name for name in PROMPT if name in names]
        if self.tab == "settings":
            return [name for name in names if not (has_prompt and name in PROMPT)]
        return []

    @property
    def references(self) -> list[str]:
        return [name for name in self.drawn if name in REFERRED]

    @property
    def config_form(self) -> SchemaForm:
        schema = self.type.config_schema if self.type else {"properties": {}}
        names = [name for name in self.drawn if name not in REFERRED]
        properties = {name: schema["properties"][name] for name in names}
        if "weights" in properties:
            properties["weights"] = crew_fields.weights(properties["weights"], self.config, self.offered)
        required = [name for name in schema.get("required", ()) if name in properties]
        own = {"type": "object", "properties": properties, "required": required}
        return SchemaForm(own, self.widgets, "config", self.complete_url)

    @property
    def widgets(self) -> dict[str, Any]:
        people = Choices(self.people)
        crew = crew_fields.widgets(self.offered, self.people, self.config)
        return {**WIDGETS, "/reviewers": people, "/assignee": people, **crew}

    @property
    def node_form(self) -> SchemaForm:
        names = [
            name
            for name in NODE_FIELDS.get(self.tab, ())
            if name != "timeout_s" or self.node["type"] not in BARE
        ]
        agents = [(agent.slug, crew_fields.called(agent)) for agent in self.offered["agent"]]
        widgets = {"/fallback": Choices(agents), "/escalate/to": Choices(self.people)}
        properties = {name: {**NODE["properties"][name], **words().get(name, {})} for name in names}
        if "writes" in properties:
            properties["writes"] = state_fields.writes_schema(self.state)
            widgets = state_fields.writes_widgets(self.state)
        required = ["writes"] if "writes" in properties else []
        own = {"type": "object", "properties": properties, "required": required}
        return SchemaForm(own, widgets, "node", f"{self.complete_url}&own=output" if required else "")

    def fields(self, problems: Iterable[Problem], typed: "Typed | None" = None) -> list[FieldView]:
        """The tab's controls with what is wrong at each; `typed` is what a person just sent, right or wrong."""
        form, node_form = self.config_form, self.node_form
        in_config = [each for each in map(below_config, problems) if each and self.draws(each)]
        own = [each for each in problems if first(each.pointer) in node_form.schema["properties"]]
        typed = typed or Typed(self.config, self.node)
        drawn = {name: value for name, value in typed.config.items() if name in form.schema["properties"]}
        on_node = {name: typed.node[name] for name in node_form.schema["properties"] if name in typed.node}
        top = drawn_by(node_form, on_node, [*typed.on_node, *without(own, typed.on_node)])
        rest = drawn_by(form, drawn, [*typed.in_config, *without(in_config, typed.in_config)])
        return [*top, *rest] if self.tab == "settings" else [*rest, *top]

    def draws(self, problem: Problem) -> bool:
        """Whether a problem of the config is shown by this tab's fields: those with a control of another kind tell
        themselves."""
        names = [name for name in self.drawn if name not in REFERRED]
        if problem.pointer:
            return first(problem.pointer) in names
        known = self.type.config_schema["properties"] if self.type else {}
        named = [name for name in known if repr(name) in problem.message]
        return named[0] in names if named else self.tab == "settings"

    def reference_fields(self, problems: Iterable[Problem]) -> list[ReferenceField]:
        problems = list(problems)
        required = self.type.config_schema.get("required", ()) if self.type else ()
        return [
            reference_field(
                name, self.config.get(name), self.offered[REFERRED[name]], name in required, problems
            )
            for name in self.references
        ]

    def read(self, request: HttpRequest) -> "Typed":
        """What was posted of this tab: the whole config, the tab's fields of the node, what could not be read."""
        config, in_config = self.config_form.read(request.POST, request.FILES)
        on_node, wrong = self.node_form.read(request.POST, request.FILES)
        chosen = {name: read_reference(request.POST, name) for name in self.references}
        read = {**(config if isinstance(config, dict) else {}), **{k: v for k, v in chosen.items() if v}}
        kept = {name: value for name, value in self.config.items() if name not in self.drawn}
        whole = {**kept, **read}
        ordered = {name: whole[name] for name in (*self.config, *whole) if name in whole}
        return Typed(ordered, on_node if isinstance(on_node, dict) else {}, unread(in_config), unread(wrong))

    def changes(self, typed: "Typed") -> dict[str, Any]:
        """The fields of the node that differ from what it has; None for one that goes."""
        found = {name: typed.node.get(name) for name in self.node_form.schema["properties"]}
        if "writes" in found:
            found["writes"] = found["writes"] or None
        if self.drawn:
            found["config"] = typed.config or (None if "config" not in self.node else {})
        return {name: value for name, value in found.items() if value != self.node.get(name)}


@dataclass(frozen=True)
class Typed:
    """What a tab says: the whole config, fields of the node, and what could not be read of either."""

    config: Mapping[str, Any]
    node: Mapping[str, Any]
    in_config: tuple[Problem, ...] = ()
    on_node: tuple[Problem, ...] = ()


def tabs_of(node: Mapping[str, Any], has_state: bool = False) -> list[str]:
    """The tabs that make sense for a node's type."""
    node_type = TYPES.get(node["type"])
    if node_type is None:
        return ["connections", "note"]
    names = node_type.config_schema["properties"]
    work = [] if node["type"] in BARE else ["retry", "fallback"]
    prompt = ["prompt"] if {"text", "agent"} <= set(names) else []
    state = ["state"] if has_state or node.get("writes") else []
    return ["settings", *prompt, *state, *work, "connections", "note"]


def unread(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that only the form can tell; everything else `flows.check` says of what was kept."""
    return tuple(problem for problem in problems if problem.code in ("unread", "invalid_file"))


def without(problems: Iterable[Problem], told: Iterable[Problem]) -> list[Problem]:
    places = {problem.pointer for problem in told}
    return [problem for problem in problems if problem.pointer not in places]


def drawn_by(form: SchemaForm, value: Mapping[str, Any], problems: list[Problem]) -> list[FieldView]:
    return form.fields(value, problems) if form.schema["properties"] else []


def below_config(problem: Problem) -> Problem | None:
    """The problem with its pointer relative to the config; None for one that is elsewhere."""
    if first(problem.pointer) != "config":
        return None
    return replace(problem, pointer=problem.pointer.removeprefix("/config"))


def first(pointer: str) -> str:
    """The first step of a pointer."""
    return pointer.split("/")[1] if pointer else ""


def words() -> dict[str, dict[str, str]]:
    """What the fields of a node are called and what they do."""
    return {
        "name": {"title": _("Name")},
        "timeout_s": {"title": _("Time-out"), "description": _("Of one attempt")},
        "retry": {"title": _("Retry"), "description": _("How often it is attempted, and how far apart")},
        "cache_ttl_s": {
            "title": _("Keep answers for"),
            "description": _("An equal call within this time costs nothing"),
        },
        "fallback": {
            "title": _("Fallback agents"),
            "description": _("They step in, in this order, when every attempt failed"),
        },
        "escalate": {
            "title": _("Escalate to a person"),
            "description": _("Who is asked when everything else failed"),
        },
        "on_error": {
            "title": _("When it fails"),
            "description": _("`port` goes on by the port error, `fail` fails the run"),
        },
        "note": {"title": _("Note"), "description": _("For whoever reads this flow; it changes nothing")},
    }
