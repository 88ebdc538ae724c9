"""What can be called?"""

from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "registry"

    def ready(self) -> None:
        from governance.documents.changes import changed
        from registry import checks, lookups

        checks.register()
        changed.connect(lookups.heed, dispatch_uid="providers in force")
