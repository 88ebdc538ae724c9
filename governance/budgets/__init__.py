"""Budgets: what may be spent by whom in which time, and how far each one is.

Budget, Budgets, Applied   a project's active budget documents as plain values
read, fresh, current       those that are active now: from the database, at most a second old, as last read
limits_of                  every account that one call draws on, with the budget it belongs to
meters, meter              how far each budget is, for pages and the API
"""

from governance.budgets.book import Applied, Budget, Budgets, limits_of
from governance.budgets.meters import AccountMeter, BudgetMeter, meter, meters
from governance.budgets.periods import Period, period_at
from governance.budgets.reading import current, forget, fresh, read, short_of

__all__ = [
    "AccountMeter",
    "Applied",
    "Budget",
    "BudgetMeter",
    "Budgets",
    "Period",
    "current",
    "forget",
    "fresh",
    "limits_of",
    "meter",
    "meters",
    "period_at",
    "read",
    "short_of",
]
