"""What a person says of a run."""

from django.db import transaction

from governance import audit, clock
from governance.models import User
from runs.models import Feedback, Run


def give(run: Run, by: User, *, score: int, outcome: str = "", comment: str = "") -> Feedback:
    """Keeps a score from 1 to 5 with its words; all three were checked before."""
    with transaction.atomic():
        made = Feedback.objects.create(
            run=run, user=by, score=score, outcome=outcome, comment=comment, at=clock.now()
        )
        said = {"score": score, "outcome": outcome}
        audit.record("run.feedback", f"runs/{run.public_id}", by, run.project, said)
    return made
