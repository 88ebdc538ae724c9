"""The ledger's rows: what may be spent, what is held, what was spent. Money is integer nano-dollars."""

from django.db import models


class Account(models.Model):
    """One limit over one period. `key` is `run:ID` for a flow's max_cost_usd, `agent:PROJECT/SLUG:day:2026-01-31` for
    an agent's max_cost_usd_per_day, `budget:PROJECT_ID/SLUG:…` for a budget document (governance.budgets.book).

    INVARIANT: spent + reserved <= limit (for limits that were not lowered meanwhile).
    `waiting` counts the reservations that stand in line. People are warned once `warn` is spent: then `warned` is set.
    """

    key = models.CharField(max_length=300, unique=True)
    limit = models.BigIntegerField()
    spent = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    waiting = models.IntegerField(default=0)
    warn = models.BigIntegerField(null=True)
    warned = models.BooleanField(default=False)


class Reservation(models.Model):
    """The worst case of one call, held on every account that applies until the call is settled.

    `accounts` is a JSON list of account ids in ascending order; `state` is held, waiting (first come, first served by
    `id`), or unknown: held for a call of which nobody knows yet whether it went out. The verbs are in
    governance.ledger.
    """

    run_id = models.BigIntegerField()
    call = models.CharField(max_length=160)
    amount = models.BigIntegerField()
    accounts = models.TextField()
    state = models.CharField(max_length=8)
    at = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run_id", "call"], name="one_reservation")]
        indexes = [
            models.Index(fields=["id"], name="reservation_line", condition=models.Q(state="waiting")),
        ]


class Spend(models.Model):
    """Costs added up by what they are asked for: one row a day, project, flow, agent, user and model."""

    project = models.ForeignKey("governance.Project", models.CASCADE, related_name="+", db_constraint=False)
    day = models.DateField()
    flow = models.CharField(max_length=64)
    agent = models.CharField(max_length=64, blank=True)
    user = models.CharField(max_length=150, blank=True)
    model = models.CharField(max_length=200, blank=True)
    cost = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    calls = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "day", "flow", "agent", "user", "model"],
                name="one_spend",
            )
        ]
