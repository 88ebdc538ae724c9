"""A run, its journal, and what is projected from the journal. Times are microseconds, money is nano-dollars.

The engine writes these tables with plain SQL through runs.engine.journal; everybody else reads them here.
"""

from django.db import models

from governance import ids
from governance.models import Project, User

STATUSES = ("queued", "running", "waiting", "succeeded", "failed", "cancelled")
FINISHED = ("succeeded", "failed", "cancelled")
NO_ITEM = -1  # stands for "no item" in keys, where a null would break uniqueness


class Run(models.Model):
    """One execution of one flow version. Status, cost and the like are projections of its events.

    The input stands in the first event alone: this row is rewritten with every commit of the run.

    `ready_at` is when somebody should look at the run next (null: when it is rung for); `bell` counts the rings;
    `owner`, `epoch` and `lease_until` say which driver may append. `has_place`: it counts among its project's
    `max_running_runs`; `in_line_since`: it stands in line for such a place (runs.engine.places).
    """

    id = models.BigIntegerField(primary_key=True, default=ids.new_id)
    project = models.ForeignKey(Project, models.CASCADE, related_name="runs")
    flow = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    pins = models.TextField(default="{}")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    status = models.CharField(max_length=10, default="queued")
    environment = models.CharField(max_length=64, blank=True)
    trigger = models.CharField(max_length=16, default="api")
    labels = models.TextField(default="{}")
    output = models.TextField(null=True)
    error = models.TextField(null=True)
    waiting = models.TextField(default="[]")
    cost = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    trace_id = models.CharField(max_length=32)
    root_id = models.BigIntegerField()
    parent_id = models.BigIntegerField(null=True)
    parent_node = models.CharField(max_length=64, blank=True)
    parent_iteration = models.IntegerField(default=0)
    parent_item = models.IntegerField(default=NO_ITEM)
    parent_attempt = models.IntegerField(default=1)
    forked_from = models.BigIntegerField(null=True)
    created_at = models.BigIntegerField()
    started_at = models.BigIntegerField(null=True)
    finished_at = models.BigIntegerField(null=True)
    seq = models.IntegerField(default=0)
    epoch = models.IntegerField(default=0)
    owner = models.CharField(max_length=64, null=True)
    lease_until = models.BigIntegerField(default=0)
    ready_at = models.BigIntegerField(null=True)
    bell = models.IntegerField(default=0)
    has_place = models.BooleanField(default=False)
    in_line_since = models.BigIntegerField(null=True)
    cancelled_by = models.CharField(max_length=150, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "-id"], name="run_newest"),
            models.Index(fields=["project", "status", "-id"], name="run_by_status"),
            models.Index(
                fields=["ready_at"],
                name="run_ready",
                condition=models.Q(ready_at__isnull=False),
            ),
            models.Index(
                fields=["owner"],
                name="run_owner",
                condition=models.Q(owner__isnull=False),
            ),
            models.Index(fields=["trace_id"], name="run_trace"),
            models.Index(
                fields=["project"],
                name="run_place",
                condition=models.Q(has_place=True),
            ),
            models.Index(
                fields=["project", "in_line_since", "id"],
                name="run_line",
                condition=models.Q(in_line_since__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["parent_id", "parent_node", "parent_iteration", "parent_item", "parent_attempt"],
                name="one_child",
                condition=models.Q(parent_id__isnull=False),
            )
        ]

    @property
    def public_id(self) -> str:
        return ids.encode(self.id)

    @property
    def is_finished(self) -> bool:
        return self.status in FINISHED


class Event(models.Model):
    """One line of a journal. INVARIANT: appended only, `seq` 1, 2, 3 … without a gap."""

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(Run, models.CASCADE, related_name="events", db_constraint=False, db_index=False)
    seq = models.IntegerField()
    at = models.BigIntegerField()
    type = models.CharField(max_length=24)
    node = models.CharField(max_length=64, null=True)
    iteration = models.IntegerField(null=True)
    item = models.IntegerField(null=True)
    attempt = models.IntegerField(null=True)
    data = models.TextField()


class Step(models.Model):
    """What became of one (node, iteration, item). Input and output stand in the events that `*_seq` name."""

    pk = models.CompositePrimaryKey("run_id", "node", "iteration", "item")
    run = models.ForeignKey(Run, models.CASCADE, related_name="steps", db_constraint=False, db_index=False)
    node = models.CharField(max_length=64)
    iteration = models.IntegerField()
    item = models.IntegerField(default=NO_ITEM)
    status = models.CharField(max_length=10)
    port = models.CharField(max_length=64, null=True)
    attempts = models.IntegerField(default=0)
    agent = models.CharField(max_length=80, null=True)
    cost = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    started_seq = models.IntegerField(null=True)
    finished_seq = models.IntegerField(null=True)
    started_at = models.BigIntegerField(null=True)
    finished_at = models.BigIntegerField(null=True)


class Part(models.Model):
    """A piece of a prompt or an answer, stored once a run under its hash (hex)."""

    pk = models.CompositePrimaryKey("run_id", "hash")
    run = models.ForeignKey(Run, models.CASCADE, related_name="parts", db_constraint=False, db_index=False)
    hash = models.CharField(max_length=32)
    text = models.TextField()


class LaunchKey(models.Model):
    """An Idempotency-Key of one person in one project, with the hash of its body and the run it made."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="+")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    body_hash = models.CharField(max_length=64)
    run = models.ForeignKey(Run, models.CASCADE, related_name="+")
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user", "key"], name="one_launch_key")]


class Feedback(models.Model):
    """What a person said of a run."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="feedback")
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    score = models.SmallIntegerField()
    outcome = models.CharField(max_length=200, blank=True)
    comment = models.TextField(blank=True)
    at = models.BigIntegerField()
