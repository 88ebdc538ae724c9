"""The doorbell: how a process that wants a run driven reaches one that drives. Shallow Celery tasks."""

import logging

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Least

from governance import clock
from runs.engine import hosting
from runs.models import Run

log = logging.getLogger("baton.engine")


@shared_task(name="runs.drive", ignore_result=True)
def drive(run_id: int) -> None:
    """In a worker: hands the run to the worker's engine, which claims it or finds that another has."""
    engine = hosting.current()
    if engine is not None:
        engine.ring(run_id)


def ring(run_id: int) -> None:
    """Has the run driven soon: by this process if it hosts an engine, else by a worker. A lost ring is found by
    the sweep, so what goes wrong here is only said."""
    engine = hosting.current()
    if engine is not None:
        engine.ring(run_id)
    elif settings.REDIS_URL:
        try:
            drive.delay(run_id)
        except drive.OperationalError as error:
            log.warning("the broker could not be reached, the sweep will find run %s: %s", run_id, error)


def call(run_id: int) -> None:
    """Something about the run changed (a decision, a cancellation): whoever drives it must look again."""
    now = clock.now()
    # In the transaction of the change, if there is one: neither is there without the other.
    Run.objects.filter(id=run_id, finished_at=None).update(
        bell=F("bell") + 1, ready_at=Least(Coalesce("ready_at", now), now)
    )
    transaction.on_commit(lambda: ring(run_id))


def hold(*, run_id: int, **_) -> None:
    """The receiver of governance.approvals.deciding. An engine that ends a run locks it before what it asks of people:
    in the other order, PostgreSQL would have to give one of the two up."""
    Run.objects.select_for_update().filter(id=run_id).values_list("id").first()


def heed_decision(*, run_id: int, **_) -> None:
    """The receiver of governance.approvals.decided, within its transaction."""
    call(run_id)
