"""What is happening, what happened?"""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"

    def ready(self) -> None:
        """A decision rings for the run that waits for it; governance knows nothing above it."""
        from governance.approvals import decided, deciding, saying
        from runs import said, tasks

        deciding.connect(tasks.hold, dispatch_uid="runs.deciding")
        saying.connect(said.looked_through, dispatch_uid="runs.said")
        decided.connect(tasks.heed_decision, dispatch_uid="runs.decision")
