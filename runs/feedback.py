"""What a person says of a run: looked through like what runs are given, with the tokens of that run."""

from django.db import transaction

from governance import audit, clock
from governance.models import User
from governance.privacy import rulesets
from governance.refusals import Problem, Refused
from runs.given import WHERE, sifted_here
from runs.models import Feedback, Run


def give(run: Run, by: User, *, score: int, outcome: str = "", comment: str = "") -> Feedback:
    """Keeps a score from 1 to 5 with its words; all three were checked before. Raises Refused for words that the
    project's privacy rules stop."""
    outcome, comment = looked_through(run, "outcome", outcome), looked_through(run, "comment", comment)
    with transaction.atomic():
        made = Feedback.objects.create(
            run=run, user=by, score=score, outcome=outcome, comment=comment, at=clock.now()
        )
        said = {"score": score, "outcome": outcome}
        audit.record("run.feedback", f"runs/{run.public_id}", by, run.project, said)
    return made


def looked_through(run: Run, field: str, text: str) -> str:
    """What the project's rules leave of it. Raises Refused."""
    rules = rulesets.read(run.project_id).chosen()
    if rules is None or not text:
        return text
    sifted = sifted_here(rules, WHERE, text, run.root_id)
    if sifted.blocked or sifted.approve:
        raise Refused([Problem(f"/{field}", sifted.blocked or sifted.approve, "denied")])
    return sifted.content
