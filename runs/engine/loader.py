"""What the engine reads: claimed runs with their journals, and news of hosted ones. Runs in reader threads."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import close_old_connections

from governance import budgets, money, rulebooks
from governance.models import Approval
from governance.port import Limit, Lineage, Statement
from governance.privacy import rulesets
from governance.privacy.tokens import found_in
from runs.engine.library import DRAFT, Library, flow_of
from runs.engine.record import Loaded, News, RunRecord
from runs.engine.rows import RUN_COLUMNS, RunRow, dumps, loads
from runs.models import FINISHED, Event, Part, Run

Named = dict[int, set[str]]  # the tokens that stand somewhere in a run, by run
FRESH = 2  # a run that was only launched has no more lines than this


class Loader:
    """Synchronous; call it off the loop."""

    def __init__(self) -> None:
        self.library = Library()

    def load(self, claims: Sequence[tuple[int, int]]) -> list[Loaded]:
        """The runs of (id, epoch) claims, in a fixed number of queries, and one for each run above one of them."""
        close_old_connections()
        epochs = dict(claims)
        runs = list(Run.objects.filter(id__in=epochs).select_related("project", "user"))
        for project_id in {run.project_id for run in runs}:
            # What was put in force before the run was launched holds for it.
            for in_force in (rulebooks, budgets, rulesets):
                in_force.read(project_id)
        named: dict[int, set[str]] = defaultdict(set)
        events = self._events(epochs, named)
        parts = self._parts([run.id for run in runs if run.seq > FRESH], named)
        answers = self._answers([run.id for run in runs if run.seq > FRESH], named)
        return [
            Loaded(
                run=record(run, events[run.id]),
                row=RunRow(run.id, **{name: getattr(run, name) for name in RUN_COLUMNS}),
                epoch=epochs[run.id],
                bell=run.bell,
                shelf=self.library.shelf(
                    run.project, run.flow, run.version, run.pins, events[run.id][0][-1].get("document")
                ),
                **self._drawn_on(run),
                events=events[run.id],
                answers=answers.get(run.id, {}),
                parts=parts.get(run.id, {}),
                tokens=frozenset(named[run.id]),
            )
            for run in runs
        ]

    def _events(self, run_ids: Iterable[int], named: Named) -> dict[int, list[tuple]]:
        found: dict[int, list[tuple]] = defaultdict(list)
        columns = ("run_id", "seq", "at", "type", "node", "iteration", "item", "attempt", "data")
        rows = Event.objects.filter(run_id__in=list(run_ids)).order_by("run_id", "seq").values_list(*columns)
        for run_id, *rest, data in rows.iterator(2_000):
            found[run_id].append((*rest, loads(data)))
            named[run_id] |= found_in(data)
        return found

    def _answers(self, run_ids: Sequence[int], named: Named | None = None) -> dict[int, dict[int, dict]]:
        """What people decided, or nobody in time, by run and item."""
        found: dict[int, dict[int, dict]] = defaultdict(dict)
        if run_ids:
            rows = Approval.objects.filter(run_id__in=run_ids, outcome__isnull=False)
            for run_id, number, outcome in rows.values_list("run_id", "id", "outcome"):
                found[run_id][number] = outcome
                if named is not None:
                    named[run_id] |= found_in(dumps(outcome))
        return found

    def _parts(self, run_ids: Sequence[int], named: Named) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = defaultdict(dict)
        if run_ids:
            for run_id, hash, text in Part.objects.filter(run_id__in=run_ids).values_list(
                "run_id", "hash", "text"
            ):
                found[run_id][hash] = loads(text)
                named[run_id] |= found_in(text)
        return found

    def _drawn_on(self, run: Run) -> dict[str, tuple]:
        """The run with the runs above it, and what their flows let them spend (contract 4.10)."""
        limits, lineage, above = [], [], run
        while above is not None:
            lineage.append(Lineage(above.id, above.flow, spent_by(above.id)))
            most = self._flow(above).get("limits", {}).get("max_cost_usd")
            if most is not None:
                limits.append(Limit(f"run:{above.id}", money.nano(most)))
            above = Run.objects.select_related("project").get(id=above.parent_id) if above.parent_id else None
        return {"limits": tuple(limits), "lineage": tuple(lineage)}

    def _flow(self, run: Run) -> Mapping:
        if run.version == DRAFT:
            return flow_of(run)
        return self.library.shelf(run.project, run.flow, run.version, run.pins).flow.content

    def news(self, run_id: int, open_items: Sequence[int], children: Sequence[int]) -> News:
        """What a ring may have been for."""
        close_old_connections()
        bell, cancelled_by = Run.objects.values_list("bell", "cancelled_by").get(id=run_id)
        answers = self._answers([run_id]).get(run_id, {}) if open_items else {}
        return News(
            bell,
            cancelled_by,
            {number: answer for number, answer in answers.items() if number in open_items},
            self.children(children),
        )

    def children(self, run_ids: Sequence[int]) -> dict[int, dict]:
        """Status, output, error, cost and waits of child runs, by number."""
        if not run_ids:
            return {}
        columns = (
            "id",
            "status",
            "output",
            "error",
            "cost",
            "input_tokens",
            "output_tokens",
            "waiting",
            "finished_at",
        )
        found = {}
        for row in Run.objects.filter(id__in=run_ids).values(*columns):
            for name in ("output", "error", "waiting"):
                row[name] = loads(row[name]) if row[name] else None
            found[row.pop("id")] = {**row, "finished": row["status"] in FINISHED}
        return found


def spent_by(run_id: int) -> Statement:
    """What a run and the unfinished ones below it have spent so far; a finished one is in the cost of that above."""
    return SPENT_BY, (run_id,)


SPENT_BY = """SELECT (
    WITH RECURSIVE below(id, cost) AS (
        SELECT id, cost FROM runs_run WHERE id=?
        UNION ALL SELECT r.id, r.cost FROM runs_run r JOIN below ON r.parent_id=below.id WHERE r.finished_at IS NULL
    ) SELECT coalesce(sum(cost), 0) FROM below)"""


def record(run: Run, events: Sequence[tuple]) -> RunRecord:
    """`events` start with run.created, which holds the input."""
    return RunRecord(
        id=run.id,
        project=run.project.slug,
        project_id=run.project_id,
        flow=run.flow,
        version=run.version,
        user=run.user.username if run.user else "",
        user_id=run.user_id,
        environment=run.environment,
        trigger=run.trigger,
        input=events[0][-1]["input"],
        pins=run.pins,
        trace_id=run.trace_id,
        root_id=run.root_id,
        parent_id=run.parent_id,
        cancelled_by=run.cancelled_by,
    )
