"""Stored decisions computed again: their facts rebuilt from what is on record, and the gate asked anew.

Design note. A `policy.decided` line keeps names, versions, the cost, and texts by the part that holds them
(registry.facts.on_record). The rest stands elsewhere and never changes: the run's first line, pinned versions, and the
outputs of finished steps. So facts are rebuilt by batches, in a fixed number of queries each, and no fact is stored
twice. What the journal holds of protected values are tokens, and policies see values: they are read from the vault,
once a batch; of these nothing but the verdict leaves here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from governance import documents, gate, ids
from governance.gate import Operation, Verdict
from governance.models import Project, Version
from governance.privacy import vault
from governance.rules import UNREADABLE, Rulebook
from registry.calls import Pinned
from registry.facts import agent_fact, tool_fact
from runs.engine.rows import loads
from runs.models import Event, Part, Run

MEANT = ("input", "output", "arguments")  # facts that may hold tokens


class NotOnRecord(LookupError):
    """The line was written before decisions kept their facts, or what it refers to is gone."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One decision as it stands in a journal."""

    run: Run
    event: Event
    data: Mapping[str, Any]

    @property
    def kept(self) -> Mapping[str, Any]:
        return self.data.get("facts") or {}


def decisions(events: Sequence[Event]) -> list[Stored]:
    """The `policy.decided` lines among `events`, which are loaded with their runs (and those with their projects)."""
    lines = (event for event in events if event.type == "policy.decided")
    return [Stored(event.run, event, loads(event.data)) for event in lines]


def operations(stored: Sequence[Stored]) -> list[Operation | None]:
    """What the gate was asked, in the same order; None where it cannot be rebuilt."""
    shelf = Shelf.of(stored)
    rebuilt = [_rebuilt(one, shelf) for one in stored]
    meant = vault.reveal_each(
        [(one.run.root_id, _held(operation)) for one, operation in zip(stored, rebuilt, strict=True)]
    )
    return [
        operation and replace(operation, facts={**operation.facts, **values})
        for operation, values in zip(rebuilt, meant, strict=True)
    ]


def verdict(stored: Stored) -> Verdict:
    """The gate's answer by the policies that decided then, in the versions of then. Raises NotOnRecord."""
    (operation,) = operations([stored])
    if operation is None:
        raise NotOnRecord(NotOnRecord.__doc__)
    return gate.decide(operation, book_of(stored.run.project, stored.data["policies"]))


def book_of(project: Project, names: Iterable[str]) -> Rulebook:
    """The rulebook of exactly these policies, "slug@version" each; built-in ones need no book. Raises NotOnRecord."""
    names = list(names)
    if UNREADABLE in names:
        return Rulebook.closed("The policies could not be read.")
    pins = {f"policies/{name}": number_of(name) for name in names if not name.startswith("built-in/")}
    found = documents.pinned(project, pins)
    if len(found) < len(pins):
        raise NotOnRecord(NotOnRecord.__doc__)
    return Rulebook.parse((documents.content(version), version.number) for version in found.values())


@dataclass(slots=True)
class Shelf:
    """What a batch of decisions refers to."""

    created: dict[int, Mapping] = field(default_factory=dict)  # first lines by run
    outputs: dict[tuple[int, int], Any] = field(default_factory=dict)  # by (run, seq)
    parts: dict[tuple[int, str], Any] = field(default_factory=dict)
    versions: dict[tuple[int, str], Version] = field(default_factory=dict)  # by (project, "agents/writer@3")

    @classmethod
    def of(cls, stored: Sequence[Stored]) -> "Shelf":
        shelf = cls()
        shelf._read_lines(stored)
        shelf._read_parts(stored)
        shelf._read_versions(stored)
        return shelf

    def _read_lines(self, stored: Sequence[Stored]) -> None:
        runs = {one.run.id for one in stored}
        for run_id, data in Event.objects.filter(run_id__in=runs, seq=1).values_list("run_id", "data"):
            self.created[run_id] = loads(data)
        wanted = {(one.run.id, seq) for one in stored for _, seq in one.kept.get("output_of", ())}
        lines = Event.objects.filter(
            run_id__in={run for run, _ in wanted}, seq__in={seq for _, seq in wanted}, type="step.finished"
        )
        for run_id, seq, data in lines.values_list("run_id", "seq", "data"):
            if (run_id, seq) in wanted:
                self.outputs[run_id, seq] = loads(data).get("output")

    def _read_parts(self, stored: Sequence[Stored]) -> None:
        names = ("text_part", "arguments_part", "input_part")
        wanted = {(one.run.id, one.kept[name]) for one in stored for name in names if name in one.kept}
        wanted |= {(run, hash) for (run, _), output in self.outputs.items() if (hash := _part_in(output))}
        if not wanted:
            return
        rows = Part.objects.filter(
            run_id__in={run for run, _ in wanted}, hash__in={hash for _, hash in wanted}
        )
        for run_id, hash, text in rows.values_list("run_id", "hash", "text"):
            self.parts[run_id, hash] = loads(text)

    def _read_versions(self, stored: Sequence[Stored]) -> None:
        wanted: dict[Project, dict[str, int]] = {}
        for one in stored:
            for name, plural in (("agent", "agents"), ("tool", "tools")):
                if name in one.kept and (number := number_of(one.kept[name])):
                    wanted.setdefault(one.run.project, {})[f"{plural}/{one.kept[name]}"] = number
        for project, pins in wanted.items():
            for name, version in documents.pinned(project, pins).items():
                self.versions[project.pk, name] = version

    def pinned(self, one: Stored, plural: str, name: str) -> Pinned:
        """The agent or tool of that name and version. A draft stands in the run's first line; a tool that a model made
        up has no document."""
        slug, number = name.rpartition("@")[0], number_of(name)
        if number:
            version = self.versions[one.run.project_id, f"{plural}/{name}"]
            return Pinned(slug, number, documents.content(version))
        drafts = self.created[one.run.id].get("document", {}).get("drafts", {})
        return Pinned(slug, number, drafts.get(f"{plural}/{slug}"))

    def output(self, run: Run, seq: int) -> Any:
        found = self.outputs[run.id, seq]
        hash = _part_in(found)
        return {"text": self.parts[run.id, hash]} if (run.id, hash) in self.parts else found


def number_of(name: str) -> int:
    return int(name.rpartition("@")[2])


def _part_in(output: Any) -> str | None:
    reference = output.get("$part") if isinstance(output, dict) and len(output) == 1 else None
    hash = reference.get("text") if isinstance(reference, dict) else None
    return hash if isinstance(hash, str) else None


def _held(operation: Operation | None) -> dict[str, Any]:
    return {name: operation.facts[name] for name in MEANT if name in operation.facts} if operation else {}


def _rebuilt(one: Stored, shelf: Shelf) -> Operation | None:
    if "facts" not in one.data or one.run.id not in shelf.created:
        return None
    try:
        facts = {**_of_the_run(one, shelf), **_of_the_call(one, shelf)}
    except (KeyError, ValueError):
        return None
    return Operation(one.data["action"], one.data["call"], facts)


def _of_the_run(one: Stored, shelf: Shelf) -> dict[str, Any]:
    created, kept, project = shelf.created[one.run.id], one.kept, one.run.project.slug
    flow, number = created["flow"], created["version"]
    if "flow" in kept:  # a run that was never stored, asked for by a step of this one
        flow, number = kept["flow"].rpartition("@")[0], number_of(kept["flow"])
    return {
        "flow": {"slug": flow, "version": number},
        "project": project,
        "user": created["user"],
        "environment": created["environment"],
        "trigger": kept.get("trigger", created["trigger"]),
        "run": {
            "id": kept.get("run", ids.encode(one.run.id)),
            "flow": flow,
            "project": project,
            "user": created["user"],
            "environment": created["environment"],
            "cost_usd": kept["cost_usd"],
        },
        "cost_usd": kept["cost_usd"],
    }


def _of_the_call(one: Stored, shelf: Shelf) -> dict[str, Any]:
    kept, action = one.kept, one.data["action"]
    agent = agent_fact(shelf.pinned(one, "agents", kept["agent"])) if "agent" in kept else None
    if action == "flow.launch":
        part = kept.get("input_part")
        given = shelf.created[one.run.id]["input"] if part is None else loads(shelf.parts[one.run.id, part])
        return {"input": given}
    if action == "output.release":
        outputs = {node: shelf.output(one.run, seq) for node, seq in kept["output_of"]}
        return {"output": outputs if len(outputs) > 1 else next(iter(outputs.values()))}
    if action == "tool.call":
        return {
            "agent": agent,
            "tool": tool_fact(shelf.pinned(one, "tools", kept["tool"])),
            "arguments": _content(one, shelf, "arguments"),
        }
    way = {name: kept[name] for name in ("from", "to")} if action == "handoff" else {}
    facts = {"agent": agent, "input": {"text": _content(one, shelf, "text"), **way}}
    return {**facts, "model": kept["model"]} if "model" in kept else facts


def _content(one: Stored, shelf: Shelf, name: str) -> Any:
    """A text or arguments, inline or behind its part."""
    if name in one.kept:
        return one.kept[name]
    text = shelf.parts[one.run.id, one.kept[f"{name}_part"]]
    return text if name == "text" else loads(text)
