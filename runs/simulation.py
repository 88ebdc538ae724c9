"""What a policy would have changed: a draft tried on past decisions, from what is on record of them.

A decision flips where it would be another with the draft in the place of the active policy of its slug, other than it
was then and other than the policies active now would say. So a draft that is active already flips nothing, whatever
else changed since.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from django.db.models import Q

from governance import documents, gate, ids, rulebooks
from governance.documents.bodies import body_problems
from governance.models import Project
from governance.refusals import Problem, Refused, refuse_errors
from governance.rules import Rule, Rulebook
from runs import recomputing
from runs.models import Event, Run

MOST = 10_000  # decisions, the newest
LONGEST_S = 10.0  # whoever asks waits: a condition may take 50 ms on each decision
BATCH = 500
LARGE = ("run__output", "run__error", "run__pins", "run__labels", "run__waiting")
DRAFT = "draft"  # stands for the version in the name of a policy that has none yet


def simulate(
    project: Project,
    policy: Any,
    since: int | None = None,
    most: int = MOST,
    longest_s: float = LONGEST_S,
) -> dict[str, Any]:
    """{decisions, flips: [{run, seq, node, action, was, would_be, reason}], skipped, most, complete, late}.

    `since` in microseconds. Newest first, of the newest `most` decisions; `complete` says whether that was all of
    them, `skipped` how many hold too little to be computed again, `late` whether it was broken off after `longest_s`
    seconds: then the answer holds for the `decisions` that were read until then. Raises Refused for a policy that
    could not be published, with pointers into it.
    """
    active = rulebooks.read(project.pk)
    tried = with_draft(active, _rule(project, policy))
    flips, decided, skipped, ends = [], 0, 0, time.monotonic() + longest_s
    rows = _newest(project, since)[: most + 1].iterator(BATCH)
    for batch in _batches(islice(rows, most)):
        stored = recomputing.decisions(batch)
        for one, operation in zip(stored, recomputing.operations(stored), strict=True):
            if time.monotonic() > ends:
                return _answer(flips, decided, skipped, most, late=True)
            decided += 1
            if operation is None:
                skipped += 1
            elif flip := _flip(one, operation, active, tried):
                flips.append(flip)
    return _answer(flips, decided, skipped, most, complete=next(iter(rows), None) is None)


def _answer(
    flips: list[dict], decided: int, skipped: int, most: int, *, complete: bool = False, late: bool = False
) -> dict[str, Any]:
    counts = {"decisions": decided, "flips": flips, "skipped": skipped}
    return {**counts, "most": most, "complete": complete, "late": late}


def with_draft(book: Rulebook, rule: Rule) -> Rulebook:
    """The book with `rule` in the place of the one of its slug, or besides the others."""
    others = [known for known in book.rules if slug_of(known) != slug_of(rule)]
    return Rulebook(tuple(sorted([*others, rule], key=slug_of)))


def slug_of(rule: Rule) -> str:
    return rule.name.rpartition("@")[0] or rule.name


def _rule(project: Project, policy: Any) -> Rule:
    kind = documents.kind_named("policy")
    slug = policy.get("slug") if isinstance(policy, Mapping) else None
    if not isinstance(slug, str):
        raise Refused([Problem("/slug", "The field 'slug' is missing: name the policy.", "missing_field")])
    problems = body_problems(kind, slug, policy) or documents.problems_of(project, "policy", policy)
    refuse_errors(problems)
    return replace(Rule.parse(policy, 0), name=f"{slug}@{DRAFT}")


def _flip(
    one: recomputing.Stored, operation: gate.Operation, active: Rulebook, tried: Rulebook
) -> dict[str, Any] | None:
    verdict, was = gate.decide(operation, tried), one.data["effect"]
    if verdict.effect == was or verdict.effect == gate.decide(operation, active).effect:
        return None
    return {
        "run": ids.encode(one.run.id),
        "seq": one.event.seq,
        "node": one.event.node,
        "action": operation.action,
        "was": was,
        "would_be": verdict.effect,
        "reason": _without_facts(verdict.reason),
    }


def _without_facts(reason: str) -> str:
    """What is wrong in a condition is said with the data that it met, which may be protected."""
    return f"{reason.partition(': ')[0]}." if gate.FAULT in reason else reason


def _newest(project: Project, since: int | None):
    """Only runs that may have decided since then are looked into."""
    runs = Run.objects.filter(project=project)
    events = Event.objects.filter(type="policy.decided")
    if since is not None:
        runs = runs.filter(Q(finished_at=None) | Q(finished_at__gte=since))
        events = events.filter(at__gte=since)
    events = events.filter(run__in=runs).select_related("run__project").defer(*LARGE)
    return events.order_by("-run_id", "-seq")


def _batches(events: Iterator[Event]) -> Iterator[list[Event]]:
    while batch := list(islice(events, BATCH)):
        yield batch
