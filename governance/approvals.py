"""Approvals, questions, escalations and uncertain outcomes: who may decide, and what one decision does.

Design note. A decision is a row of its own, and it is bound by a fingerprint to what the person saw. The item's
status changes by a conditional update, so that of two decisions at the same moment one wins and the other is told.
The run hears of it through `decided`, sent in the same transaction: governance knows no run, and neither the decision
nor its ring is there without the other.
What a person says is looked through before the lock: that may take seconds, in which nobody else could write.
Who approves with changes changes what is approved; with a quorum, the item is bound anew, so that later approvers have
read exactly that, and agree to it or reject. What a reviewer left masked in it is noted in the outcome (`left`): the
run has the values behind the masks.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.dispatch import Signal

from governance import audit, clock, ids, review, schemas, seats
from governance.inbox import cancelling, expiring, opening, plain, withdrawing
from governance.models import Approval, Decision, Group, Project, User
from governance.models.projects import ROLES
from governance.privacy.leaving import left_masked, pointers
from governance.refusals import Conflict, Forbidden, NotFound, Problem, Refused

__all__ = [
    "cancelling",
    "decide",
    "decided",
    "deciding",
    "expiring",
    "may_decide",
    "names_of",
    "opening",
    "pending_for",
    "saying",
    "withdrawing",
]

deciding = (
    Signal()
)  # sent with run_id before the item is locked: who keeps runs locks that one first, as always
saying = Signal()  # sent with approval, said and at before what a person says is stored: see `_kept`
decided = Signal()  # sent with approval_id and run_id in the transaction that ends an item

DECISIONS = {
    "approval": ("approve", "reject"),
    "question": ("answer",),
    "escalation": ("answer", "retry", "reject"),
    "uncertain": ("done", "repeat", "reject"),
}
STATUS = {"approve": "approved", "reject": "rejected"}  # everything else: answered
CARRYING = frozenset({"approve", "answer", "done"})  # decisions that hand a payload on
STALE = "What you saw is not what is asked now: read the item again, then decide."
NEEDS_PAYLOAD = frozenset({"answer"})
MAX_REASON = 10_000
ALL_ROLES = frozenset(f"role:{role}" for role in ROLES)
UNCHANGED: Any = object()  # no payload was sent: what was proposed stands


def decide(
    approval: Approval,
    user: User,
    decision: str,
    *,
    fingerprint: str | None,
    payload: Any = UNCHANGED,
    reason: str = "",
) -> Approval:
    """What `user` says to an item; returns it as it is then. A `payload` of None is JSON's null.

    Raises NotFound, Forbidden (no reviewer of it, or four eyes), Refused (422: no such decision, no fingerprint, a
    payload that does not fit), Conflict (409: stale fingerprint, decided already, said already, another's seat, changed
    payload).
    """
    approval = _found(Approval.objects, approval.pk)
    _refuse_unfit(approval, decision, fingerprint, reason)
    _refuse(approval, user, fingerprint)
    said = _said(approval, decision, payload)
    kept_reason, _ = _kept(approval, reason, "/reason")
    with transaction.atomic():
        deciding.send(sender=Approval, run_id=approval.run_id)
        # SQLite's transactions exclude each other from their begin; PostgreSQL locks the row.
        approval = _found(Approval.objects.select_for_update(of=("self",)), approval.pk)
        _refuse(approval, user, fingerprint)
        made = _add(approval, user, decision, _payload(approval, decision, payload, said), kept_reason)
        ended = _end(approval, made)
        data = {
            "decision": decision,
            "before": "pending",
            "after": approval.status,
            "run": ids.encode(approval.run_id),
        }
        audit.record("approval.decide", f"approval/{ids.encode(approval.pk)}", user, approval.project, data)
        if ended:
            # In this transaction: a run must not sleep on because its bell could not be rung after the commit.
            decided.send(sender=Approval, approval_id=approval.pk, run_id=approval.run_id)
    return approval


def may_decide(approval: Approval, user: User) -> bool:
    """Whether `user` is a reviewer of the item, four eyes aside."""
    return not names_of(user, approval.project).isdisjoint(approval.reviewers)


def names_of(user: User, project: Project) -> frozenset[str]:
    """The names under which reviewers may mean `user` here; none for a stranger. Admins stand in for every role."""
    roles = project.roles_of(user)
    if not roles:
        return frozenset()
    groups = Group.objects.filter(project=project, members=user).values_list("slug", flat=True)
    named = {
        f"user:{user.username}",
        *(f"role:{role}" for role in roles),
        *(f"group:{slug}" for slug in groups),
    }
    return frozenset(named | ALL_ROLES if "admin" in roles else named)


def pending_for(user: User, project: Project) -> list[Approval]:
    """The pending items that `user` can decide now: a reviewer who has not spoken, four eyes kept."""
    names = names_of(user, project)
    pending = Approval.objects.filter(project=project, status="pending").order_by("-pk")
    return [
        approval
        for approval in pending.select_related("project").prefetch_related("decisions__by")
        if not names.isdisjoint(approval.reviewers)
        and not (approval.four_eyes and approval.launched_by_id == user.pk)
        and user.pk not in {decision.by_id for decision in approval.decisions.all()}
        and not seats.taken(approval, user)
    ]


def _found(approvals: Any, approval_id: int) -> Approval:
    approval = approvals.select_related("project").filter(pk=approval_id).first()
    if approval is None:
        raise NotFound(f"There is no approval {ids.encode(approval_id)!r}.")
    return approval


def _refuse_unfit(approval: Approval, decision: str, fingerprint: str | None, reason: str) -> None:
    allowed = DECISIONS[approval.kind]
    problems = []
    if decision not in allowed:
        sentence = f"Of this {approval.kind} a person says {' or '.join(allowed)}."
        problems.append(Problem("/decision", sentence, "invalid_decision"))
    if not fingerprint:
        sentence = "Send the fingerprint of the item as you saw it: it binds your decision to exactly that."
        problems.append(Problem("/fingerprint", sentence, "missing_field"))
    if len(reason) > MAX_REASON or schemas.plain_problems(reason):
        problems.append(Problem("/reason", f"A reason is a text of up to {MAX_REASON} characters."))
    if problems:
        raise Refused(problems)


def _refuse(approval: Approval, user: User, fingerprint: str | None) -> None:
    _refuse_others(approval, user)
    _refuse_late(approval, user, fingerprint)


def _refuse_others(approval: Approval, user: User) -> None:
    if not may_decide(approval, user):
        raise Forbidden(f"This is for {', '.join(approval.reviewers)} to decide.")
    if approval.four_eyes and approval.launched_by_id == user.pk:
        raise Forbidden("Four eyes: whoever launched the run cannot decide this. Ask another reviewer.")


def _refuse_late(approval: Approval, user: User, fingerprint: str | None) -> None:
    if approval.status != "pending":
        raise Conflict(f"This {approval.kind} is {approval.status.replace('_', ' ')} already.")
    if approval.decisions.filter(by=user).exists():
        raise Conflict("You have decided this already: another reviewer has to agree.")
    if taken := seats.taken(approval, user):
        raise Conflict(taken)
    if fingerprint != approval.fingerprint:
        raise Conflict(STALE)
    if approval.due_at is not None and approval.due_at <= clock.now():
        raise Conflict("The time for this has passed.")


def _said(approval: Approval, decision: str, payload: Any) -> tuple[Any, Any] | None:
    """What is kept of a new payload, and what it means; None where nothing new is said. Raises Refused."""
    if payload is UNCHANGED or decision not in CARRYING:
        return None
    if decision == "approve" and _same(payload, _standing(approval)):
        return None
    return _kept(approval, payload, "/payload")


def _payload(approval: Approval, decision: str, payload: Any, said: tuple[Any, Any] | None) -> Any:
    """What the decision carries on; `said` is what `_said` made of the payload. Raises Refused, Conflict."""
    if decision in NEEDS_PAYLOAD and payload is UNCHANGED:
        raise Refused(
            [Problem("/payload", "The field 'payload' is missing: add the answer.", "missing_field")]
        )
    if decision not in CARRYING:
        return None
    before = _standing(approval) if decision == "approve" else None
    if payload is UNCHANGED and decision == "done":
        return _nothing_given(approval)
    if payload is UNCHANGED or (decision == "approve" and _same(payload, before)):
        return before
    if decision == "approve" and not approval.editable:
        raise Conflict("This payload cannot be changed: approve it as it is, or reject it.")
    if decision == "approve" and approval.decisions.filter(decision="approve").exists():
        raise Conflict("Others have approved this as it stands: approve exactly that, or reject it.")
    schema = True if approval.schema is None else approval.schema
    if said is None:
        raise Conflict(STALE)
    kept, meant = said
    _refuse_misfit(schemas.instance_problems(schema, meant, "/payload"), before, kept, "/payload")
    return kept


def _refuse_misfit(problems: Iterable[Problem], shown: Any, said: Any, at: str = "") -> None:
    """Raises Refused for what does not fit the schema, but not for masks that were left as they were `shown`: what they
    hide fitted."""
    left = frozenset(f"{at}{place}" for place in pointers(left_masked(shown, said)))
    problems = [problem for problem in problems if problem.pointer not in left]
    if problems:
        raise Refused(problems)


def _kept(approval: Approval, said: Any, at: str) -> tuple[Any, Any]:
    """What may be stored of what a person says, and what it means: the project's privacy rules may put tokens for
    values. Who knows the run of the item tells (`saying`). Raises Refused."""
    if not said:
        return said, said
    answers = saying.send(sender=Approval, approval=approval, said=said, at=at)
    return next((answer for _, answer in answers if answer is not None), (said, said))


def _nothing_given(approval: Approval) -> None:
    """Done, without an output: that fits where the tool promises none. Raises Refused."""
    if approval.schema is not None and schemas.instance_problems(approval.schema, None):
        sentence = "The field 'payload' is missing: add the output of what was done, as its schema wants it."
        raise Refused([Problem("/payload", sentence, "missing_field")])


def _standing(approval: Approval) -> Any:
    """The payload that an approval is about now: as the last approver left it."""
    last = approval.decisions.filter(decision="approve").order_by("-id").first()
    return approval.payload if last is None else last.payload


def _same(one: Any, other: Any) -> bool:
    return json.dumps(_even(one), sort_keys=True) == json.dumps(_even(other), sort_keys=True)


def _even(value: Any) -> Any:
    """50.0 as 50: browsers send whole numbers without their point."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _even(inner) for key, inner in value.items()}
    return [_even(inner) for inner in value] if isinstance(value, list) else value


def _add(approval: Approval, user: User, decision: str, payload: Any, reason: str) -> Decision:
    try:
        with transaction.atomic():
            return Decision.objects.create(
                approval=approval,
                by=user,
                decision=decision,
                payload=payload,
                reason=plain(reason),
                at=clock.now(),
                opened_at=review.opened_at(approval, user),
            )
    except IntegrityError as error:
        raise Conflict("You have decided this already: another reviewer has to agree.") from error


def _bind_anew(approval: Approval, made: Decision) -> None:
    """An approver changed what the others are asked: what they have read before is stale."""
    bound = hashlib.sha256(
        f"{approval.fingerprint}:{json.dumps(_even(made.payload), sort_keys=True)}".encode()
    )
    approval.fingerprint = bound.hexdigest()
    Approval.objects.filter(pk=approval.pk).update(fingerprint=approval.fingerprint)


def _end(approval: Approval, made: Decision) -> bool:
    """Ends the item where this decision does: an approval once its quorum agrees, everything else at once."""
    agreeing = list(approval.decisions.filter(decision=made.decision).select_related("by").order_by("id"))
    if made.decision == "approve" and len(agreeing) < approval.quorum:
        if len(agreeing) == 1 and not _same(made.payload, approval.payload):
            _bind_anew(approval, made)
        return False
    status = STATUS.get(made.decision, "answered")
    outcome = {
        "decision": made.decision,
        "payload": made.payload,
        "by": [decision.by.username for decision in agreeing if decision.by],
        "reason": made.reason,
        "at": clock.show(made.at),
    }
    if made.decision == "approve":
        outcome["changed"] = not _same(made.payload, approval.payload)
        left = left_masked(approval.payload, made.payload) if outcome["changed"] else []
        outcome |= {"left": left} if left else {}
    pending = Approval.objects.filter(pk=approval.pk, status="pending")
    if not pending.update(status=status, outcome=outcome, decided_at=made.at):
        raise Conflict(f"This {approval.kind} was decided by somebody else just now.")
    approval.status, approval.outcome, approval.decided_at = status, outcome, made.at
    return True
