"""Policies and privacy rules in the demo's project, as Ada published them."""

from governance import documents
from governance.models import Document, Project, User

REFUNDS = {
    "kind": "policy",
    "slug": "refunds-over-50",
    "name": "Refunds over $50",
    "effect": "approve",
    "actions": ["tool.call"],
    "when": 'tool.slug == "create-refund" && arguments.amount > 50.0',
    "reason": "Refunds over $50 need a support lead.",
    "reviewers": ["role:reviewer"],
    "four_eyes": True,
}
DEFAULT = {
    "kind": "privacy",
    "slug": "default",
    "name": "House rules",
    "rules": [
        {"entities": ["EMAIL_ADDRESS"], "where": ["run_input", "model_input"], "action": "tokenize"},
        {"entities": ["CREDIT_CARD"], "where": ["model_input"], "action": "block"},
    ],
}


def published(project: Project, body: dict, **changes) -> Document:
    body = {**body, **changes}
    ada = User.objects.get(username="ada")
    version, _ = documents.create_and_publish(project, body["kind"], body["slug"], body, ada)
    return version.document


def drafted(project: Project, body: dict, **changes) -> Document:
    body = {**body, **changes}
    ada = User.objects.get(username="ada")
    return documents.save_working_draft(project, body["kind"], body["slug"], body, ada)[0]
