"""What a project's runs add up to: usage, decisions, metrics, and the numbers of the whole instance."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db.models import Avg, Count, F, JSONField, Q, QuerySet, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from governance import clock, ids, money
from governance.models import Approval, Project, Spend
from registry import openings
from runs.models import STATUSES, Event, Feedback, Run, Step

SAMPLE = 10_000  # percentiles are those of the newest so many
DECISIVE = ("choice.made", "policy.decided")
MICROS = 1_000_000
SHOWN_DAYS = 30  # what the pages of agents and tools add up
SAMPLED_RUNS = 1_000  # how far back they look into single steps and calls


def usage(project: Project, by: Sequence[str], since: int | None) -> dict:
    """{results: [{…by, cost_usd, tokens, calls}], total}, the dearest first. Counted by day (UTC)."""
    spends = Spend.objects.filter(project=project)
    if since is not None:
        spends = spends.filter(day__gte=datetime.fromtimestamp(since / MICROS, UTC).date())
    grouped = spends.values(*by).annotate(**SUMS).order_by(F("spent").desc(), *by)
    results = [{**{field: row[field] for field in by}, **show_sums(row)} for row in grouped]
    return {"results": results, "total": show_sums(spends.aggregate(**SUMS))}


SUMS = {
    "spent": Sum("cost", default=0),
    "tokens_in": Sum("input_tokens", default=0),
    "tokens_out": Sum("output_tokens", default=0),
    "called": Sum("calls", default=0),
}


def show_sums(row: dict) -> dict:
    return {
        "cost_usd": money.dollars(int(row["spent"])),
        "tokens": {"input": int(row["tokens_in"]), "output": int(row["tokens_out"])},
        "calls": int(row["called"]),
    }


def decisions(project: Project, run_id: int | None, before: Sequence[int] | None) -> QuerySet[Event]:
    """Events that decided something, newest first, those before the key (run id, seq) if there is one."""
    events = Event.objects.filter(run__project=project, type__in=DECISIVE)
    if run_id is not None:
        events = events.filter(run_id=run_id)
    if before is not None:
        run, seq = before
        events = events.filter(Q(run_id__lt=run) | Q(run_id=run, seq__lt=seq))
    return events.order_by("-run_id", "-seq")


def metrics(project: Project, since: int | None) -> dict:
    """Counts of everything since then; latencies in seconds of the newest 10,000 that finished."""
    runs = Run.objects.filter(project=project)
    steps = Step.objects.filter(run__project=project).exclude(node="")  # a run itself is no step
    if since is not None:
        runs, steps = runs.filter(created_at__gte=since), steps.filter(run__created_at__gte=since)
    counted = {row["status"]: row for row in runs.values("status").annotate(**RUN_SUMS).order_by("status")}
    return {
        "since": clock.show(since),
        "runs": show_runs(runs, counted),
        "steps": show_steps(steps),
        "kpis": show_kpis(project, runs, counted.values()),
    }


RUN_SUMS = {
    "count": Count("id"),
    "spent": Sum("cost", default=0),
    "tokens_in": Sum("input_tokens", default=0),
    "tokens_out": Sum("output_tokens", default=0),
}


def show_runs(runs: QuerySet[Run], counted: dict[str, dict]) -> dict:
    counts = {status: counted.get(status, {}).get("count", 0) for status in STATUSES}
    durations = durations_of(runs.filter(finished_at__isnull=False), "-id")
    return {
        "total": sum(counts.values()),
        "by_status": counts,
        "success_rate": share(counts["succeeded"], counts["succeeded"] + counts["failed"]),
        "latency_s": percentiles(durations),
        "measured": len(durations),
    }


def show_steps(steps: QuerySet[Step]) -> dict:
    counts = steps.aggregate(
        total=Count("node"),
        succeeded=Count("node", filter=Q(status="succeeded")),
        failed=Count("node", filter=Q(status="failed")),
        retried=Count("node", filter=Q(attempts__gt=1)),
        retries=Sum(F("attempts") - 1, filter=Q(attempts__gt=1), default=0),
    )
    succeeded = counts.pop("succeeded")
    durations = durations_of(steps.filter(finished_at__isnull=False), "-run_id")
    return {
        **counts,
        "success_rate": share(succeeded, succeeded + counts["failed"]),
        "latency_s": percentiles(durations),
        "measured": len(durations),
    }


def show_kpis(project: Project, runs: QuerySet[Run], counted: Iterable[dict]) -> dict:
    counted = list(counted)
    spent = int(sum(row["spent"] for row in counted))
    total = sum(row["count"] for row in counted)
    said = Feedback.objects.filter(run__in=runs.values("id")).aggregate(count=Count("id"), mean=Avg("score"))
    return {
        "cost_usd": money.dollars(spent),
        "cost_per_run_usd": money.dollars(spent // total) if total else None,
        "tokens": {
            "input": int(sum(row["tokens_in"] for row in counted)),
            "output": int(sum(row["tokens_out"] for row in counted)),
        },
        "feedback": said["count"],
        "mean_score": None if said["mean"] is None else round(float(said["mean"]), 3),
        "approvals_pending": Approval.objects.filter(project=project, status="pending").count(),
    }


def durations_of(rows: QuerySet, newest: str) -> list[float]:
    """Seconds from start to finish, ascending; cancelled before the start counts as nothing."""
    times = rows.filter(started_at__isnull=False).order_by(newest).values_list("started_at", "finished_at")
    return sorted((finished - started) / MICROS for started, finished in times[:SAMPLE])


def percentiles(ascending: Sequence[float]) -> dict[str, float | None]:
    return {f"p{percent}": percentile(ascending, percent) for percent in (50, 90, 99)}


def percentile(ascending: Sequence[float], percent: int) -> float | None:
    """The nearest rank: the smallest value that so many per cent do not exceed."""
    if not ascending:
        return None
    rank = -(-len(ascending) * percent // 100)
    return round(ascending[max(rank, 1) - 1], 6)


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def instance() -> dict:
    """The numbers of the whole instance, for monitoring: five queries."""
    runs = Run.objects.values("status").annotate(count=Count("id")).order_by("status")
    counts = {status: 0 for status in STATUSES} | {row["status"]: row["count"] for row in runs}
    totals = Spend.objects.aggregate(**SUMS)
    return {
        "runs": counts,
        "events": int(Run.objects.aggregate(events=Sum("seq", default=0))["events"]),
        "cost_usd": money.dollars(int(totals["spent"])),
        "calls": int(totals["called"]),
        "tokens": {"input": int(totals["tokens_in"]), "output": int(totals["tokens_out"])},
        "approvals_pending": Approval.objects.filter(status="pending").count(),
        "breakers_open": openings.open_by_kind(),
    }


def agent_use(project: Project) -> dict[str, dict]:
    """By agent: {calls, cost (nano-dollars)} of its model calls in the last 30 days (UTC). One query."""
    since = _shown_since().date()
    spends = Spend.objects.filter(project=project, day__gte=since).exclude(agent="")
    rows = spends.values("agent").annotate(called=Sum("calls"), spent=Sum("cost")).order_by()
    return {row["agent"]: {"calls": int(row["called"]), "cost": int(row["spent"])} for row in rows}


def agent_success(project: Project) -> dict[str, tuple[int, int]]:
    """By agent: (succeeded, finished) steps of the newest 1,000 runs within 30 days, all versions. One query."""
    steps = Step.objects.filter(run_id__in=_sampled(project), agent__isnull=False)
    rows = steps.filter(status__in=("succeeded", "failed")).values_list("agent", "status")
    return _succeeded(
        (name.partition("@")[0], *rest) for name, *rest in rows.annotate(Count("node")).order_by()
    )


def tool_use(project: Project) -> dict[str, tuple[int, int]]:
    """By tool: (succeeded, all) calls in the newest 1,000 runs within 30 days. One query."""
    events = Event.objects.filter(run_id__in=_sampled(project), type="tool.called")
    data = Cast("data", JSONField())
    rows = events.values_list(KeyTextTransform("tool", data), KeyTextTransform("status", data))
    return _succeeded(rows.annotate(Count("seq")).order_by())


def _succeeded(rows: Iterable[Sequence]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for name, status, count in rows:
        good, total = found.get(name, (0, 0))
        found[name] = (good + (count if status in ("succeeded", "ok") else 0), total + count)
    return found


def _sampled(project: Project) -> QuerySet:
    """Ids hold their moment: the newest come first from the index, and older ones are never looked at. Nor are
    test runs: they are there to fail."""
    oldest = int(_shown_since().timestamp() * 1000) << ids.SPARE_BITS
    runs = Run.objects.filter(project=project, id__gte=oldest).exclude(trigger="test")
    return runs.order_by("-id").values("id")[:SAMPLED_RUNS]


def _shown_since() -> datetime:
    return datetime.fromtimestamp(clock.now() / MICROS, UTC) - timedelta(days=SHOWN_DAYS)
