"""What a flow would run with: the exact versions behind its references, and who refers to a document."""

from datetime import datetime

from governance.documents import lookup
from governance.documents.kinds import kind_named
from governance.models import Activation, Document, Project, Version
from governance.refusals import Problem, Refused

PINNED = ("flow", "agent", "tool")
KEPT = 256
_pins: dict[tuple, dict[str, int]] = {}


def pins(project: Project, version: Version) -> dict[str, int]:
    """The versions of every flow, agent and tool that `version` reaches: {"agents/x": 3, "tools/y@1": 1}.

    Keys are references as they are written, so that "x" and "x@3" can stand side by side. Raises Refused where
    one leads nowhere. One query when nothing was activated since the last time, else two a level.
    """
    key = (project.pk, version.hash, _stamp(project))
    found = _pins.get(key)
    if found is None:
        found = _closure(project, version)
        if len(_pins) >= KEPT:
            _pins.pop(next(iter(_pins)), None)
        _pins[key] = found
    return dict(found)


def users_of(document: Document) -> list[str]:
    """The slugs of the other active flows that refer to `document`, directly or through what they use."""
    active = {
        (found.kind, found.slug): found.active
        for found in Document.objects.filter(project=document.project, active__isnull=False).select_related(
            "active"
        )
    }
    named = {
        name: {(kind, ref.partition("@")[0]) for kind, ref, _ in references(name[0], version)}
        for name, version in active.items()
    }
    target, users, pending = (document.kind, document.slug), set(), [(document.kind, document.slug)]
    while pending:
        wanted = pending.pop()
        for name, mentions in named.items():
            if wanted in mentions and name not in users and name != target:
                users.add(name)
                pending.append(name)
    return sorted(slug for kind, slug in users if kind == "flow")


def references(kind: str, version: Version) -> list[tuple[str, str, str]]:
    """(kind, ref, pointer) of what a version names."""
    return list(kind_named(kind).references(lookup.content(version)))


def _stamp(project: Project) -> tuple[int, datetime] | None:
    """Changes whenever something of the project is activated or archived.

    Ids follow commits here, since activating takes the project's lock; the time tells apart an id that comes
    again after a rollback.
    """
    made = Activation.objects.filter(document__project=project).order_by("-id")
    return made.values_list("id", "at").first()


def refuse_circles(project: Project, version: Version) -> None:
    """Raises Refused where a flow's version would, as things stand, come back to a flow that is under way already."""
    calls: dict[str, set[str]] = {version.document.slug: _flows_in("flow", version)}
    _closure(project, version, calls)
    circle = _circle(calls, version.document.slug)
    if circle:
        message = f"The flow would call itself: {' → '.join(circle)}. Take one of these calls out."
        raise Refused([Problem("/nodes", message, "flow_calls_itself")])


def _closure(project: Project, version: Version, calls: dict[str, set[str]] | None = None) -> dict[str, int]:
    """`calls` gets the flows that each flow calls, where somebody wants to know."""
    found: dict[str, int] = {}
    dead: list[Problem] = []
    pending = _pinned_references("flow", version)
    while pending:
        live = lookup.resolve(project, {(kind, ref) for kind, ref, _ in pending})
        reached = {
            name: live[name]
            for name in dict.fromkeys((kind, ref) for kind, ref, _ in pending)
            if name in live
        }
        dead += [
            Problem(at, lookup.missing_sentence(project, kind, ref), "dead_reference")
            for kind, ref, at in pending
            if (kind, ref) not in live
        ]
        found |= {_key(kind, ref): target.number for (kind, ref), target in reached.items()}
        for (kind, ref), target in reached.items():
            if kind == "flow" and calls is not None:
                calls.setdefault(ref, set()).update(_flows_in(kind, target))
        pending = []
        for (kind, _), target in reached.items():
            named = [*_pinned_references(kind, target), *_live_mentions(project, kind, target)]
            pending += [reference for reference in named if _key(*reference[:2]) not in found]
    if dead:
        raise Refused(dead)
    return found


def _flows_in(kind: str, version: Version) -> set[str]:
    return {ref for to, ref, _ in references(kind, version) if to == "flow"}


def _circle(calls: dict[str, set[str]], start: str) -> list[str]:
    """A way of calls from `start` on that comes back to one of its own flows; empty where there is none. A version of
    a flow (`slug@3`) is a flow of its own."""
    way, open_calls, done = [start], [iter(sorted(calls.get(start, ())))], set()
    while open_calls:
        following = next(open_calls[-1], None)
        if following is None:
            open_calls.pop()
            done.add(way.pop())
        elif following in way:
            return [*way[way.index(following) :], following]
        elif following not in done:
            way.append(following)
            open_calls.append(iter(sorted(calls.get(following, ()))))
    return []


def _pinned_references(kind: str, version: Version) -> list[tuple[str, str, str]]:
    return [reference for reference in references(kind, version) if reference[0] in PINNED]


def _live_mentions(project: Project, kind: str, version: Version) -> list[tuple[str, str, str]]:
    named = list(kind_named(kind).mentions(lookup.content(version)))
    live = lookup.resolve(project, {(kind, ref) for kind, ref, _ in named}) if named else {}
    return [reference for reference in named if reference[:2] in live]


def _key(kind: str, ref: str) -> str:
    return f"{kind_named(kind).plural}/{ref}"
