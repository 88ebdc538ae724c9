"""The ground floor: may this happen?"""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"

    def ready(self) -> None:
        """Each kind of document that governance itself has: one line."""
        from governance import budget_documents, policy_documents, privacy_documents

        budget_documents.register()
        policy_documents.register()
        privacy_documents.register()
