"""An import in a project of one's own: nothing that is there is changed, names that are taken get a number.

Agents are published where they can be, so that the flow can be tried, but not those that get tools which do more than
read; the flow is a draft to look through. A project
without a provider gets agents as drafts. The one document that may grow is a simulated provider: it learns how the
routing agents choose, where the person may edit providers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from flows.check import check
from flows.gallery.copying import GROWN, NEW, Piece, pieces_of
from flows.imports import names
from flows.imports.outcome import Found, Note, Stock, Tool
from flows.kind import lookup_in
from governance import access, documents
from governance.models import Document, Project, User
from governance.refusals import Problem, Refused
from registry.schemas import risk_of

SIMULATED = "scripted"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would make: pieces of which the flow is the last, and what would stop the flow's publishing."""

    found: Found
    pieces: list[Piece]
    problems: list[Problem]
    notes: tuple[Note, ...]

    @property
    def flow(self) -> Piece:
        return self.pieces[-1]

    @property
    def others(self) -> list[Piece]:
        return self.pieces[:-1]

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]


@dataclass(frozen=True, slots=True)
class Made:
    """`drafts` are the slugs of agents that could not be published yet, `armed` those of agents that were not, because
    they have tools that do more than read."""

    flow: Document
    pieces: list[Piece]
    drafts: list[str]
    armed: list[str]


def stock_of(project: Project) -> Stock:
    """What an import may use of the project: models of real providers before simulated ones. Three queries."""
    live = documents.all_of(project, "provider").filter(active__isnull=False).order_by("slug")
    bodies = {provider.slug: documents.content(provider.active) for provider in live}
    real = sorted(bodies, key=lambda slug: bodies[slug]["type"] == SIMULATED)
    agents = documents.all_of(project, "agent").filter(active__isnull=False)
    used = [documents.content(agent.active)["model"].partition("/") for agent in agents]
    tools = documents.all_of(project, "tool").filter(active__isnull=False)
    known = {tool.slug: documents.content(tool.active) for tool in tools.order_by("slug")}
    return Stock(
        models=tuple(f"{slug}/{name}" for slug in real for name in models_of(slug, bodies[slug], used)),
        providers={slug: bodies[slug]["type"] for slug in real},
        tools=tuple(Tool(slug, body.get("name", ""), risk_of(body)) for slug, body in known.items()),
    )


def models_of(slug: str, provider: Mapping[str, Any], used: Sequence[tuple[str, str, str]]) -> list[str]:
    """The priced ones, then those that agents here use; a simulated model needs no price. A price may also be that of
    a pattern, which is no model."""
    found = [*provider.get("prices", {}), *(name for owner, _, name in used if owner == slug)]
    return list(dict.fromkeys(filter(names.is_model, found))) or (
        ["small"] if provider["type"] == SIMULATED else []
    )


def plan(project: Project, found: Found, by: User | None) -> Plan:
    """`by` None is the command line, which may do everything."""
    pieces, notes = placed(project, found, by)
    agents = {piece.slug: piece.body for piece in pieces if piece.kind == "agent"}
    flow = pieces[-1].body
    below = lookup_in(project, flow)

    def lookup(kind: str, ref: str) -> Mapping | None:
        return agents[ref] if kind == "agent" and ref in agents else below(kind, ref)

    return Plan(found, pieces, check(flow, lookup), (*found.notes, *notes))


def placed(project: Project, found: Found, by: User | None) -> tuple[list[Piece], list[Note]]:
    """The pieces under their names here, of which the flow is the last."""
    pieces = pieces_of(project, [*found.agents, found.flow])
    provider, notes = player(project, found, pieces, by)
    return [*provider, *pieces], notes


def player(
    project: Project, found: Found, pieces: list[Piece], by: User | None
) -> tuple[list[Piece], list[Note]]:
    """The simulated provider with what it has to learn, where the agents use one; none where nothing is to be done."""
    slug, _, model = found.agents[0]["model"].partition("/")
    standing = documents.all_of(project, "provider").filter(slug=slug, active__isnull=False).first()
    may = by is None or access.may(by, project, access.right_to_edit("provider"))
    if standing is None:
        if may:
            body = {**new_provider(slug, model), "script": script_of(found, pieces, [])}
            return [Piece("provider", slug, slug, NEW, body)], []
        sentence = (
            f"There is no provider {slug} in this project: the agents stay drafts until an admin adds one."
        )
        return [], [Note("", sentence, is_left=True)]
    body = documents.content(standing.active)
    script = body.get("script", [])
    learned = script_of(found, pieces, script)
    if body["type"] != SIMULATED or not learned:
        return [], []
    if not may:
        sentence = (
            f"Only an admin can teach the simulated provider {slug} how the routers choose: a run needs that."
        )
        return [], [Note("", sentence, is_left=True)]
    return [Piece("provider", slug, slug, GROWN, {**body, "script": [*learned, *script]})], []


def script_of(
    found: Found, pieces: list[Piece], known: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """How the routing agents choose, by what they are called here; without those that the script plays already."""
    slugs = {piece.original: piece.slug for piece in pieces if piece.kind == "agent"}
    there = {entry.get("when", {}).get("agent") for entry in known}
    named = [{**entry, "when": {"agent": slugs[entry["when"]["agent"]]}} for entry in found.played]
    return [entry for entry in named if entry["when"]["agent"] not in there]


def new_provider(slug: str, model: str) -> dict[str, Any]:
    return {
        "kind": "provider",
        "slug": slug,
        "name": "Simulated model (scripted)",
        "type": SIMULATED,
        "prices": {model: {"input_usd_per_mtok": 0.15, "output_usd_per_mtok": 0.6}},
    }


def make(project: Project, found: Found, by: User | None) -> Made:
    """All of it or nothing. Raises Refused where even a draft cannot be kept."""
    with transaction.atomic():
        # Nobody takes a slug between the plan and its making.
        Project.objects.select_for_update(no_key=True).only("pk").get(pk=project.pk)
        pieces = placed(project, found, by)[0]
        drawn = pieces[-1]
        written = [piece for piece in pieces[:-1] if piece.is_written]
        armed = [piece for piece in written if is_armed(found, piece)]
        for piece in armed:
            documents.save_draft(project, piece.kind, piece.slug, piece.body, by)
        others = [piece for piece in written if not is_armed(found, piece)]
        drafts = [piece.slug for piece in others if not published(project, piece, by)]
        flow = documents.save_draft(project, "flow", drawn.slug, drawn.body, by)[0]
    return Made(flow, pieces, drafts, [piece.slug for piece in armed])


def is_armed(found: Found, piece: Piece) -> bool:
    """Whether it is an agent with a tool that does more than read: whoever publishes it looks at that first."""
    return piece.kind == "agent" and bool(found.risky(piece.body))


def published(project: Project, piece: Piece, by: User | None) -> bool:
    """Whether it could be; a draft of it is kept otherwise."""
    try:
        documents.create_and_publish(project, piece.kind, piece.slug, piece.body, by)
    except Refused:
        documents.save_draft(project, piece.kind, piece.slug, piece.body, by)
        return False
    return True
