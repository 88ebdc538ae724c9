"""What a flow's runs of the last days add up to: counts, success, cost, and a bar for each day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import Count, F, Max, QuerySet, Sum

from governance import clock, ids
from governance.models import Project
from runs.models import FINISHED, Run

DAY_US = 86_400_000_000
DAYS, WEEK = 14, 7
SLACK_MS = 60_000  # an id is made a moment before its row
BAR_STEP, BAR_WIDTH, FLOOR, TALLEST, LEAST = 7.2, 5, 32, 24.0, 1.5


@dataclass(slots=True)
class Numbers:
    """Of one flow. The counts are of seven days, `days` has a count for each of fourteen, oldest first."""

    runs: int = 0
    succeeded: int = 0
    finished: int = 0
    spent: int = 0
    days: list[int] = field(default_factory=lambda: [0] * DAYS)
    last: Run | None = None

    @property
    def success(self) -> float | None:
        """Per cent of the runs that succeeded or failed."""
        return 100 * self.succeeded / self.finished if self.finished else None

    @property
    def cost_per_run(self) -> int | None:
        return self.spent // self.runs if self.runs else None

    @property
    def bars(self) -> list[tuple[float, float, float]]:
        """(x, y, height) of the bars, the highest day full."""
        most = max([*self.days, 1])
        heights = [round(max(LEAST, TALLEST * count / most), 1) if count else 0.0 for count in self.days]
        return [
            (round(place * BAR_STEP, 1), round(FLOOR - height, 1), height)
            for place, height in enumerate(heights)
            if height
        ]


def numbers_of(project: Project, flows: Iterable[str]) -> dict[str, Numbers]:
    """The numbers of each of these flows. Three queries."""
    found = {flow: Numbers() for flow in flows}
    today = clock.now() // DAY_US
    for row in counted(project, list(found), today - DAYS + 1):
        add(found[row["flow"]], row, today)
    for run in newest(project, list(found)):
        found[run.flow].last = run
    return found


def counted(project: Project, flows: list[str], first_day: int) -> Iterable[Mapping]:
    since = first_day * DAY_US
    # Ids start with their milliseconds: the index of the newest runs ends the search.
    oldest = max(0, since // 1000 - SLACK_MS) << ids.SPARE_BITS
    runs = launched(project, flows).filter(id__gte=oldest, created_at__gte=since)
    by_day = runs.annotate(day=F("created_at") / DAY_US).values("flow", "day", "status")
    return by_day.annotate(count=Count("id"), spent=Sum("cost", default=0)).order_by()


def add(numbers: Numbers, row: Mapping, today: int) -> None:
    age = today - int(row["day"])
    if not 0 <= age < DAYS:
        return
    numbers.days[DAYS - 1 - age] += row["count"]
    if age < WEEK:
        numbers.runs += row["count"]
        numbers.spent += int(row["spent"])
        numbers.succeeded += row["count"] if row["status"] == "succeeded" else 0
        # A cancelled run says nothing of the flow.
        numbers.finished += row["count"] if row["status"] in FINISHED and row["status"] != "cancelled" else 0


def launched(project: Project, flows: list[str]) -> QuerySet[Run]:
    """Trials of drafts say nothing of the flow that is live."""
    return Run.objects.filter(project=project, flow__in=flows).exclude(trigger="test")


def newest(project: Project, flows: list[str]) -> Iterable[Run]:
    runs = launched(project, flows).order_by()
    last = list(runs.values("flow").annotate(last=Max("id")).values_list("last", flat=True))
    return Run.objects.filter(id__in=last)
