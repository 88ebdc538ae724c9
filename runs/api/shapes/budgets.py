"""Shapes of budgets as they are used up; their documents have a JSON Schema of their own."""

from governance.budget_documents import SUBJECTS
from governance.budgets.book import ORDER
from governance.budgets.periods import PERIODS
from runs.api.shapes.basics import COUNT, MOMENT, MONEY, NUMBER, SLUG, TEXT, list_of, nullable, record

ACCOUNT = record(
    {
        "of": nullable(TEXT),
        "period": TEXT,
        "ends_at": nullable(MOMENT),
        "spent_usd": MONEY,
        "reserved_usd": MONEY,
        "left_usd": MONEY,
        "share": {**NUMBER, "description": "Spent, as a share of the limit: 1 is all of it."},
        "waiting": {**COUNT, "description": "Calls that stand in line for what others hold."},
        "state": {"type": "string", "enum": ["ok", "warned", "exceeded"]},
    }
)
COMPONENTS = {
    "BudgetUsage": record(
        {
            "slug": SLUG,
            "version": COUNT,
            "subject": {"type": "string", "enum": list(SUBJECTS)},
            "of": nullable(TEXT),
            "period": {"type": "string", "enum": list(PERIODS)},
            "on_exceed": {"type": "string", "enum": list(ORDER)},
            "warn_at": nullable(NUMBER),
            "limit_usd": MONEY,
            "count": COUNT,
            "accounts": list_of(ACCOUNT),
        }
    ),
}
