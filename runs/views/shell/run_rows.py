"""Runs as rows of a list, on the home page and in the list of runs: what a row shows, read for all rows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from governance import clock
from governance.models import Document, Project
from runs.api.runs import queue_positions
from runs.engine.rows import loads
from runs.models import Run
from runs.views.shell.run_titles import titles

BLOCKED = frozenset({"denied", "tool_not_allowed"})
LONGEST_FAULT = 160


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run: `status` as shown, `fault` what went wrong or is waited for, `duration` in microseconds so far."""

    run: Run
    title: str
    flow_name: str
    who: str
    status: str
    label: str
    fault: str
    place: int | None
    duration: int | None

    @property
    def is_live(self) -> bool:
        return not self.run.is_finished


def run_rows(project: Project, runs: Sequence[Run], names: Mapping[str, str]) -> list[RunRow]:
    """Rows for `runs` (with their users); `names` are the flows'. Two queries, whatever the number of rows."""
    called, places, now = titles(run.id for run in runs), queue_positions(list(runs)), clock.now()
    return [run_row(run, called.get(run.id, ""), names, places.get(run.id), now) for run in runs]


def run_row(run: Run, title: str, names: Mapping[str, str], place: int | None, now: int) -> RunRow:
    name = names.get(run.flow) or run.flow
    status, fault = shown_status(run)
    return RunRow(
        run=run,
        title=title or name,
        flow_name=name,
        who=who_of(run),
        status=status,
        label=waiting_label(run),
        fault=fault,
        place=place,
        duration=None if run.started_at is None else (run.finished_at or now) - run.started_at,
    )


def shown_status(run: Run) -> tuple[str, str]:
    """The status as people read it (governance said no: blocked), and the sentence of its error."""
    if run.status != "failed" or not run.error:
        return run.status, ""
    error = loads(run.error)
    message = str(error.get("message") or "")
    fault = message if len(message) <= LONGEST_FAULT else message[: LONGEST_FAULT - 1] + "…"
    return ("blocked" if error.get("code") in BLOCKED else "failed"), fault


def waiting_label(run: Run) -> str:
    """What is waited for, where that is no person."""
    if run.status != "waiting":
        return ""
    kinds = {item.get("kind") for item in loads(run.waiting)}
    if kinds == {"timer"}:
        return _("Waiting for its time")
    return _("Waiting for budget") if kinds == {"budget"} else _("Waiting for a person")


def who_of(run: Run) -> str:
    return (run.user.name or run.user.username) if run.user else _("nobody any more")


def flow_names(project: Project) -> dict[str, str]:
    """{slug: name} of the project's flows, archived ones too. One query."""
    return dict(Document.objects.filter(project=project, kind="flow").values_list("slug", "name"))
