"""The record that a budget comes to its end: one line an account, in the transaction that brings it there."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from governance import audit, clock
from governance.ids import account_name
from governance.models import AuditEntry
from governance.money import dollars

ACTION = "budget.warn"


def warning(key: str, limit: int, spent: int) -> dict[str, Any]:
    """What the note of a run and the record say: {budget, account, limit_usd, spent_usd}. Amounts in nano-dollars."""
    return {
        "budget": slug_of(key),
        "account": account_name(key),
        "limit_usd": dollars(limit),
        "spent_usd": dollars(spent),
    }


def recorded(key: str, limit: int, spent: int) -> tuple[str, Sequence[Any]]:
    """The statement that adds the line, for a transaction without an ORM."""
    entry = AuditEntry(
        project_id=int(key.partition(":")[2].partition("/")[0]),
        at=clock.now(),
        actor=audit.SYSTEM,
        action=ACTION,
        object=f"budget/{slug_of(key)}",
        data=warning(key, limit, spent),
    )
    fields = [field for field in AuditEntry._meta.concrete_fields if not field.primary_key]
    values = [field.get_db_prep_save(getattr(entry, field.attname), connection) for field in fields]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join("?" * len(fields))
    return " ".join(("INSERT INTO", AuditEntry._meta.db_table, f"({columns}) VALUES ({marks})")), values


def slug_of(key: str) -> str:
    """`billing-day` of `budget:12/billing-day:agent/billing-specialist:2026-01-31`."""
    return key.partition("/")[2].partition(":")[0]
