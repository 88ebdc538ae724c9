"""Trying an agent out: one version of it, or its draft, on one input.

Design note. A trial is a run of one node, through the same gate, the same gateway and the same journal as every other
run: a test run (runs.trial_runs) of a flow that is written here. A version is named as flows name it, so that the run
is pinned to it. A draft has no version to be pinned to: it stands in the flow's document, under `drafts`, and the
engine finds it there. What it names (tools) is pinned as at any launch.
"""

from collections.abc import Mapping
from typing import Any

from governance import documents, ids
from governance.documents.bodies import body_problems
from governance.documents.lookup import resolve
from governance.models import Document, Project, User
from governance.refusals import Problem, Refused, refuse_errors
from runs import launch
from runs.engine.library import DRAFT
from runs.engine.rows import dumps, loads
from runs.models import Run
from runs.trial_runs import ENVIRONMENT, TRIGGER, unpublished

NODE = "agent"
LABEL = "agent-trial"
LONGEST_SLUG = 64
LIMITS = {"timeout_s": 600, "max_steps": 10}


def start(agent: Document, version: int | None, input: Any, *, user: User, text: str) -> Run:
    """A run of the agent's `version` (None: of its draft), which is asked what `text` renders to.

    Raises Refused for a draft that could not be published, NotFound for no such version, LaunchRefused for a policy's
    no.
    """
    flow, pins = of_draft(agent, text) if version is None else of_version(agent, version, text)
    run = Run(
        id=ids.new_id(),
        project=agent.project,
        flow=flow["slug"],
        version=DRAFT,
        pins=dumps(pins),
        user=user,
        environment=ENVIRONMENT,
        trigger=TRIGGER,
    )
    labels = {LABEL: f"{agent.slug}@{version or DRAFT}"}
    return launch.start(run, input, labels=labels, document=flow)[0]


def of_version(agent: Document, version: int, text: str) -> tuple[dict, dict[str, int]]:
    ref = f"{agent.slug}@{version}"
    documents.find(agent.project, "agent", ref)
    flow = one_node(agent, ref, text)
    return flow, documents.pins(agent.project, unpublished(agent.project, flow))


def of_draft(agent: Document, text: str) -> tuple[dict, dict[str, int]]:
    body = documents.draft(agent)
    if body is None:
        raise Refused([Problem("", "There is no draft: save one, or try a version.", "no_draft")])
    kind = documents.kind_named("agent")
    refuse_errors(
        body_problems(kind, agent.slug, body) or documents.problems_of(agent.project, "agent", body)
    )
    flow = {**one_node(agent, agent.slug, text), "drafts": {f"agents/{agent.slug}": body}}
    return flow, tools_of(agent.project, body)


def tools_of(project: Project, body: Mapping) -> dict[str, int]:
    """The versions behind the tools that a draft names; that they are there was checked."""
    found = resolve(project, [("tool", ref) for ref in body.get("tools", ())])
    return {f"tools/{ref}": version.number for (_kind, ref), version in found.items()}


def one_node(agent: Document, ref: str, text: str) -> dict[str, Any]:
    """start → the agent → end."""
    name = agent.name or agent.slug
    return {
        "kind": "flow",
        "slug": f"trial-{agent.slug}"[:LONGEST_SLUG],
        "name": f"Trial of {name}"[:200],
        "limits": LIMITS,
        "nodes": [
            {"id": "start", "type": "start", "position": {"x": 0, "y": 0}},
            {
                "id": NODE,
                "type": "agent",
                "name": name,
                "config": {"agent": ref, "text": text},
                "position": {"x": 240, "y": 0},
            },
            {
                "id": "done",
                "type": "end",
                "config": {"output": f"= steps.{NODE}.output"},
                "position": {"x": 480, "y": 0},
            },
        ],
        "edges": [{"from": "start", "to": NODE}, {"from": NODE, "to": "done"}],
    }


def tried(run: Run) -> tuple[str, int] | None:
    """(slug of the agent, version) of a trial, DRAFT for its draft; None for any other run."""
    slug, _at, version = loads(run.labels).get(LABEL, "").rpartition("@")
    is_trial = run.trigger == TRIGGER and run.version == DRAFT and slug and version.isdigit()
    return (slug, int(version)) if is_trial else None
