"""The Celery application: `celery -A config worker` hosts an engine, tasks are doorbells for it.

`celery -A config beat` has nothing to do that the engines' keepers don't, and harms nothing.
"""

import os

from celery import Celery
from celery.signals import worker_init, worker_shutdown

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("baton")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()
app.autodiscover_tasks(["runs"])


@worker_init.connect
def host_an_engine(**_) -> None:
    """One engine a worker process; its loop hosts the runs, the pool's threads only ring."""
    from runs import live
    from runs.engine import hosting

    hosting.start(send=live.send)


@worker_shutdown.connect
def give_the_runs_back(**_) -> None:
    from runs.engine import hosting

    hosting.stop()
