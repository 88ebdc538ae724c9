"""What governance keeps: people and projects, documents, secrets, approvals, budgets, audit."""

from governance.models.approvals import Approval, Decision, Opening
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
from governance.models.vault import VaultEntry

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
    "Opening",
    "Project",
    "Reservation",
    "Secret",
    "SignInLink",
    "SignInTries",
    "Spend",
    "User",
    "VaultEntry",
    "Version",
]
