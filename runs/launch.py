"""The verbs of a run: launch, cancel, fork."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
from django.db import IntegrityError, connection, transaction

from flows.graph import Graph, parse
from governance import audit, clock, documents, ids, people, rulebooks, schemas
from governance.gate import keyed_hash
from governance.ledger import run_sync
from governance.models import Project, User
from governance.privacy import naming
from governance.refusals import Conflict, NotFound, Problem, Refused, pointer
from governance.rules import DENY
from runs import tasks
from runs.copying import Copy, behind
from runs.engine import places
from runs.engine.birth import Newborn, newborn
from runs.engine.library import DRAFT, flow_of
from runs.engine.rows import EVENT_COLUMNS, dumps, loads
from runs.given import WHERE, Given, InputStopped, given, meant_by
from runs.models import Event, LaunchKey, Part, Run, Step

UNCHANGED: Any = object()
LONGEST_AUDITED = 10_000  # characters of JSON
MOST_RUNG = 500  # the sweep finds the others
KEY_LIFETIME_US = round(timedelta(hours=24).total_seconds() * 1_000_000)


class LaunchRefused(Exception):
    """The run was not launched. `code` is invalid_input (422) or denied (403); `errors` are problems of the input,
    `decision` the data of the policy decision that said no."""

    def __init__(
        self, code: str, detail: str, errors: list[Problem] | None = None, decision: Mapping | None = None
    ):
        super().__init__(detail)
        self.code, self.detail, self.errors, self.decision = code, detail, errors or [], decision


class LaunchConflict(Conflict):
    """This Idempotency-Key was used for another launch. Take a new key, or send the first body again."""


class AlreadyFinished(Conflict):
    """The run has finished."""


def launch(
    project: Project,
    flow: str,
    input: Any,
    *,
    user: User,
    environment: str = "",
    labels: Mapping[str, str] | None = None,
    trigger: str = "api",
    idempotency_key: str | None = None,
    of: Run | None = None,
) -> tuple[Run, bool]:
    """A new run of the flow's active version (or `slug@3`), or with a known key the run that it made (False). `of` is
    the run whose input this is, as that one holds it.

    Raises LaunchRefused, LaunchConflict, and governance's NotFound where there is no such flow.
    """
    body = {"flow": flow, "input": input, "environment": environment, "labels": dict(labels or {})}
    known = _known(project, user, idempotency_key, body)
    if known is not None:
        return known, False
    version = documents.find(project, "flow", flow)
    check_input(documents.content(version), meant_of(of, input))
    run = Run(
        id=ids.new_id(),
        project=project,
        flow=flow.partition("@")[0],
        version=version.number,
        pins=dumps(documents.pins(project, version)),
        user=user,
        environment=environment,
        trigger=trigger,
    )
    return start(run, input, labels=labels or {}, idempotency_key=idempotency_key, body=body, of=of)


def start(
    run: Run,
    input: Any,
    *,
    labels: Mapping[str, str],
    document: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    body: Mapping[str, Any] | None = None,
    of: Run | None = None,
) -> tuple[Run, bool]:
    """Stores a run that its policies allow, and rings for it. `document` is the flow of a run that is of no version,
    `of` the run whose input this is, as that one holds it.

    Raises LaunchRefused, LaunchConflict, and NameRefused for labels or an environment that privacy rules protect.
    """
    project, user = run.project, run.user
    naming.refuse_protected(project.pk, WHERE, names_of(run.environment, labels))
    arrived = _arrived(run, input, user, of, input if of is not None else None)
    child, verdict = newborn(
        run,
        project=project.slug,
        username=user.username,
        input=arrived.content,
        meant=arrived.meant,
        found=arrived.found,
        labels=dict(labels),
        document=document,
        book=rulebooks.read(project.pk),
    )
    if verdict.effect == DENY:
        _record_refusal(project, user, child)
        raise LaunchRefused("denied", verdict.reason, decision=child.decided)
    try:
        _store(child, user, idempotency_key, body or {})
    except IntegrityError:
        # The same key twice at the same moment: the other one was first.
        known = _known(project, user, idempotency_key, body or {})
        if known is None:
            raise
        return known, False
    return run, True


def names_of(environment: str, labels: Mapping[str, str]) -> dict[str, str]:
    """What everybody reads of a run, by its place in a launch."""
    said = {pointer("labels", name): f"{name}: {value}" for name, value in labels.items()}
    return {"/environment": environment, **said}


def meant_of(of: Run | None, input: Any) -> Any:
    """The input for checks: with the values behind the tokens of the run that it is taken from."""
    return input if of is None else meant_by(of.root_id, input)


def _arrived(run: Run, input: Any, by: User, of: Run | None, held: Any) -> Given:
    """The input as the run may hold it. Raises LaunchRefused where the project's privacy rules stop it: that is on the
    audit log, and nothing of the input is."""
    try:
        return given(run.project.pk, run.id, input, of, held)
    except InputStopped as stopped:
        data = {"privacy": str(stopped)}
        audit.record("run.refuse", f"flows/{run.flow}", by, run.project, data)
        raise LaunchRefused("denied", str(stopped)) from stopped


def check_input(document: Mapping[str, Any], input: Any) -> None:
    """Raises LaunchRefused where `input` does not fit what the flow `document` asks for."""
    schema = document.get("input_schema")
    problems = schemas.instance_problems(schema, input) if schema is not None else []
    if problems:
        raise LaunchRefused("invalid_input", "The input does not fit the flow's input schema.", problems)


def _store(child: Newborn, user: User, key: str | None, body: Mapping) -> None:
    run = child.run
    with transaction.atomic():
        run.save(force_insert=True)
        Event.objects.bulk_create(
            Event(**dict(zip(EVENT_COLUMNS, row, strict=True))) for row in child.event_rows()
        )
        if key is not None:
            # INVARIANT: only a key that is over gives way: one of this moment refuses the second launch.
            LaunchKey.objects.filter(project=run.project, user=user, key=key, at__lte=_oldest()).delete()
            LaunchKey.objects.create(
                project=run.project, user=user, key=key, body_hash=_hash(body), run=run, at=run.created_at
            )
        facts = {"flow": run.flow, "version": run.version, "trigger": run.trigger}
        audit.record("run.launch", f"runs/{run.public_id}", user, run.project, facts)
        transaction.on_commit(lambda: tasks.ring(run.id))


def _known(project: Project, user: User, key: str | None, body: Mapping) -> Run | None:
    if key is None:
        return None
    found = (
        LaunchKey.objects.filter(project=project, user=user, key=key, at__gt=_oldest())
        .select_related("run")
        .first()
    )
    if found is None:
        return None
    if found.body_hash != _hash(body):
        raise LaunchConflict(LaunchConflict.__doc__)
    return found.run


def _oldest() -> int:
    return clock.now() - KEY_LIFETIME_US


def _hash(body: Mapping) -> str:
    return keyed_hash(orjson.loads(dumps(body)))


def _record_refusal(project: Project, user: User, child: Newborn) -> None:
    """Nothing is stored of such a run: the audit log keeps the decision, and what it was made of."""
    run, input = child.run, child.created["input"]
    facts = {
        "cost_usd": 0.0,
        "flow": f"{run.flow}@{run.version}",
        "run": run.public_id,
        "user": user.username,
        "environment": run.environment,
        "trigger": run.trigger,
    }
    facts |= {"input": input} if len(dumps(input)) <= LONGEST_AUDITED else {"input_hash": keyed_hash(input)}
    data = {"decision": {**child.decided, "facts": facts}}
    audit.record("run.refuse", f"flows/{run.flow}", user, project, data)


def limit_runs(project: Project, most: int | None, by: User) -> None:
    """So many runs of the project work at once from now on (None: any number); whoever may work now is called up."""
    with transaction.atomic():
        people.limit_runs(project, most, by)
        with connection.cursor() as cursor:
            called = run_sync(cursor, places.called_up(project.pk)(connection.vendor), connection.vendor)
        transaction.on_commit(lambda: [tasks.ring(run_id) for run_id in called[:MOST_RUNG]])


def cancel(run: Run, by: User) -> None:
    """Asks whoever drives the run to stop it: within a second, also in the middle of a call."""
    with transaction.atomic():
        asked = Run.objects.filter(id=run.id, finished_at=None).update(cancelled_by=by.username)
        if not asked:
            raise AlreadyFinished(f"Run {run.public_id} has finished; there is nothing to cancel.")
        audit.record("run.cancel", f"runs/{run.public_id}", by, run.project)
        tasks.call(run.id)


def fork(
    run: Run, from_node: str, *, input: Any = UNCHANGED, pins: Mapping[str, int] | None = None, by: User
) -> Run:
    """A new run of the same flow version that takes over every step that does not lie behind `from_node`.

    `input` replaces the run's, `pins` single versions: {"agents/writer": 3}. Raises Refused, LaunchRefused.
    """
    document = flow_of(run)
    graph = parse(document)
    if from_node not in graph.nodes:
        sentence = (
            f"Flow {run.flow}@{run.version} has no node {from_node!r}; name one of {', '.join(graph.nodes)}."
        )
        raise Refused([Problem("/from_node", sentence)])
    again = behind(graph, from_node)
    held = input_of(run)
    changed = held
    if input is not UNCHANGED and input != held:
        _refuse_copied_approvals(run, graph, again, "/input", "With another input")
        changed = input
    if pins:
        _refuse_copied_approvals(run, graph, again, "/pins", "With other versions")
    check_input(document, meant_of(run, changed))
    forked = _sibling(run, pins or {}, by)
    arrived = _arrived(forked, changed, by, run, held)
    born, verdict = newborn(
        forked,
        project=run.project.slug,
        username=by.username,
        input=arrived.content,
        meant=arrived.meant,
        found=arrived.found,
        labels=loads(run.labels),
        document=document if run.version == DRAFT else None,
        book=rulebooks.read(run.project_id),
    )
    if verdict.effect == DENY:
        _record_refusal(run.project, by, born)
        raise LaunchRefused("denied", verdict.reason, decision=born.decided)
    _store_fork(run, born, again, by)
    return forked


def _sibling(run: Run, pins: Mapping[str, int], by: User) -> Run:
    return Run(
        id=ids.new_id(),
        project=run.project,
        flow=run.flow,
        version=run.version,
        pins=dumps(_repinned(run, pins)),
        user=by,
        environment=run.environment,
        trigger="fork",
        forked_from=run.id,
    )


def _refuse_copied_approvals(run: Run, graph: Graph, again: set[str], at: str, why: str) -> None:
    """What people agreed to, they agreed to for the input that they saw, and for these agents and tools."""
    asking = {node.id for node in graph.nodes.values() if node.type == "approval"} - again
    decided = Step.objects.filter(run_id=run.id, node__in=asking, status="succeeded").values_list(
        "node", flat=True
    )
    if decided:
        names = ", ".join(sorted(set(decided)))
        sentence = f"{why} {names} must be asked again: fork from there or from a node before it."
        raise Refused([Problem(at, sentence)])


def _repinned(run: Run, pins: Mapping[str, int]) -> dict[str, int]:
    """The run's pins with single versions exchanged, and with what those versions name besides."""
    known = loads(run.pins)
    repinned = {**known, **pins}
    for name, number in pins.items():
        if name not in known:
            used = ", ".join(sorted(known)) or "nothing that has versions"
            sentence = f"The run did not use {name!r}; it used {used}."
            raise Refused([Problem(pointer("pins", name), sentence)])
        plural, _, ref = name.partition("/")
        try:
            version = documents.find(run.project, plural, f"{ref.partition('@')[0]}@{number}")
        except NotFound as error:
            raise Refused([Problem(pointer("pins", name), str(error))]) from error
        repinned = {**documents.pins(run.project, version), **repinned}
    return repinned


def input_of(run: Run) -> Any:
    """What the run was launched with: its first event holds it."""
    return loads(Event.objects.values_list("data", flat=True).get(run_id=run.id, seq=1))["input"]


def _store_fork(source: Run, born: Newborn, again: set[str], by: User) -> None:
    run = born.run
    with transaction.atomic():
        lines = [Event(**dict(zip(EVENT_COLUMNS, row, strict=True))) for row in born.event_rows()]
        started = Event(run_id=run.id, seq=len(lines) + 1, at=run.created_at, type="run.started", data="{}")
        copy = Copy(source, run, again, started.seq)
        run.seq = copy.seq
        run.save(force_insert=True)
        Event.objects.bulk_create([*lines, started, *copy.events], batch_size=500)
        Step.objects.bulk_create(copy.steps(), batch_size=500)
        Part.objects.bulk_create(copy.parts(), batch_size=500)
        audit.record("run.fork", f"runs/{run.public_id}", by, run.project, {"of": source.public_id})
        transaction.on_commit(lambda: tasks.ring(run.id))
