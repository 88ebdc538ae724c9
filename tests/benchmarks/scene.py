"""A migrated Baton in this process, with its engine: documents are published, runs are stored, rung for and awaited.

Runs are stored before the clock starts, as a launch stores them; the time counts from the first ring to the last
stored line. What a launch itself costs is measured on its own.
"""

import time
from collections.abc import Sequence
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command

from tests.benchmarks.meters import Meter, Reading

PATIENCE_S = 600


class Scene:
    """Needs the environment of `tests.serving.clean_environment` and DJANGO_SETTINGS_MODULE.

    `hosts` False: another process is to execute the runs.
    """

    def __init__(self, database_url: str = "", *, hosts: bool = True):
        django.setup()
        call_command("migrate", verbosity=0)
        from governance.models import Membership, Project, User
        from runs.engine import hosting

        self.meter = Meter(database_url)
        self.user = User.objects.create(username="ada")
        self.project = Project.objects.create(slug="demo", name="Demo")
        Membership.objects.create(project=self.project, user=self.user, roles=["admin"])
        if hosts:
            self.engine = hosting.start(sole=settings.EMBEDDED)

    def close(self) -> None:
        from runs.engine import hosting

        hosting.stop()

    def publish(self, *bodies: dict) -> None:
        from governance import documents

        for body in bodies:
            documents.create_and_publish(self.project, body["kind"], body["slug"], body, self.user)

    def store(self, flow: str, input: Any, count: int, *, ready: bool = False) -> list[int]:
        """New runs that nobody was rung for; only those that are `ready` are found by an engine's sweep."""
        from governance import documents, ids, rulebooks
        from runs.engine.birth import newborn
        from runs.engine.rows import EVENT_COLUMNS, dumps
        from runs.models import Event, Run

        version = documents.find(self.project, "flow", flow)
        pins = dumps(documents.pins(self.project, version))
        book = rulebooks.read(self.project.pk)
        born = []
        for _ in range(count):
            run = Run(
                id=ids.new_id(), project=self.project, flow=flow, version=version.number, user=self.user
            )
            run.pins, run.trigger = pins, "api"
            born.append(newborn(run, project="demo", username="ada", input=input, labels={}, book=book)[0])
            if not ready:
                run.ready_at = None
        Run.objects.bulk_create([one.run for one in born], batch_size=100)
        rows = [dict(zip(EVENT_COLUMNS, row, strict=True)) for one in born for row in one.event_rows()]
        Event.objects.bulk_create([Event(**row) for row in rows], batch_size=500)
        return [one.run.id for one in born]

    def play(self, flow: str, input: Any, count: int = 1) -> Reading:
        """Runs at once, from the first ring to the last stored line. Raises where one of them did not succeed."""
        runs = self.store(flow, input, count)
        return self.meter.time(lambda: self._drive(runs))

    def launch(self, flow: str, input: Any, count: int) -> float:
        """Milliseconds of one `runs.launch.launch`, one after the other, while the engine drives what was launched."""
        from runs.launch import launch

        begin = time.perf_counter()
        runs = [launch(self.project, flow, input, user=self.user)[0].id for _ in range(count)]
        elapsed = time.perf_counter() - begin
        self._wait(runs)
        return elapsed / count * 1e3

    def _drive(self, runs: Sequence[int]) -> None:
        self.engine.idle.clear()
        for run in runs:
            self.engine.ring(run)
        self._wait(runs)

    def _wait(self, runs: Sequence[int]) -> None:
        from runs.models import Run

        deadline = time.monotonic() + PATIENCE_S
        pending = Run.objects.filter(id__gte=min(runs), id__lte=max(runs))
        while pending.exclude(status="succeeded").exists():
            self.engine.idle.wait(PATIENCE_S)
            broken = pending.filter(status__in=["failed", "cancelled"]).first()
            if broken is not None:
                raise RuntimeError(f"A measured run {broken.status}: {broken.error}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"The measured runs were not done in {PATIENCE_S} s.")
            time.sleep(0.0005)
