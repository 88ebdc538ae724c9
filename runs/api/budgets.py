"""The endpoint of budgets beside their documents: how far one is."""

from rest_framework.response import Response

from governance import budgets, clock, documents
from governance.money import dollars
from governance.refusals import NotFound
from runs.api import load
from runs.api.operations import Resource, operation


class BudgetUsage(Resource):
    @operation("Show how far a budget is", answers={200: "BudgetUsage"})
    def get(self, request, project, slug):
        found = load.project(request, project, "read")
        document = documents.load(found, "budgets", slug)
        meter = budgets.meter(found, slug)
        if meter is None:
            raise NotFound(f"No version of the budget {document.slug!r} is active: activate one first.")
        return Response(show_meter(meter))


def show_meter(meter: budgets.BudgetMeter) -> dict:
    budget = meter.budget
    return {
        "slug": budget.slug,
        "version": budget.version,
        "subject": budget.subject,
        "of": budget.of or None,
        "period": budget.period,
        "on_exceed": budget.on_exceed,
        "warn_at": budget.warn_at,
        "limit_usd": dollars(budget.limit),
        "count": meter.count,
        "accounts": [show_account(account) for account in meter.accounts],
    }


def show_account(account: budgets.AccountMeter) -> dict:
    return {
        "of": account.who or None,
        "period": account.period,
        "ends_at": clock.show(account.ends_at),
        "spent_usd": dollars(account.spent),
        "reserved_usd": dollars(account.reserved),
        "left_usd": dollars(account.left),
        "share": account.share,
        "waiting": account.waiting,
        "state": account.state,
    }
