"""What governance keeps: people and projects, documents, secrets, approvals, budgets, audit."""

from governance.models.approvals import Approval, Decision
from governance.models.audit import AuditEntry
from governance.models.budgets import Account, Reservation, Spend
from governance.models.documents import Activation, Document, Secret, Version
from governance.models.projects import (
    ApiToken,
    Group,
    Membership,
    Project,
    SignInLink,
    User,
)
from governance.models.sign_in import SignInTries

__all__ = [
    "Account",
    "Activation",
    "ApiToken",
    "Approval",
    "AuditEntry",
    "Decision",
    "Document",
    "Group",
    "Membership",
    "Project",
    "Reservation",
    "Secret",
    "SignInLink",
    "SignInTries",
    "Spend",
    "User",
    "Version",
]
