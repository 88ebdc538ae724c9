"""What is happening, what happened?"""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        """A decision rings for the run that waits for it; governance knows nothing above it."""
        from governance.approvals import decided, deciding
        from runs import tasks

        deciding.connect(tasks.hold, dispatch_uid="runs.deciding")
        decided.connect(tasks.heed_decision, dispatch_uid="runs.decision")
