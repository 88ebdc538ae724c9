"""What a person sends to decide an item, from the inbox and from the page of its run alike: read, checked, decided."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from governance import approvals
from governance.models import Approval
from governance.privacy.leaving import left_masked, pointers
from governance.refusals import Conflict, Forbidden, Problem, Refused
from runs.api.approvals import standing
from runs.views.forms import SchemaForm
from runs.views.run.asking import PREFIX, Asked


def refuse_others(request: HttpRequest, item: Approval) -> None:
    """Raises Forbidden for whoever is no reviewer of it."""
    if not approvals.may_decide(item, request.user):
        raise Forbidden(_("This is for %(who)s to decide.") % {"who": ", ".join(item.reviewers)})


def decide(request: HttpRequest, item: Approval, form: SchemaForm | None) -> tuple[Asked, int] | None:
    """Decides as the request says; `form` is that of the payload, where one was shown. None: it is decided; else what
    was typed with what is in the way, and the status to answer with."""
    asked, given = read(request, item, form)
    if asked.problems:
        return asked, 422
    said = {"fingerprint": request.POST.get("fingerprint", ""), "reason": asked.reason}
    try:
        approvals.decide(item, request.user, asked.decision, **said, **given)
    except Refused as refusal:
        return replace(asked, problems=refusal.problems), 422
    except Conflict as conflict:
        return replace(asked, conflict=str(conflict)), 409
    return None


def read(request: HttpRequest, item: Approval, form: SchemaForm | None) -> tuple[Asked, dict[str, Any]]:
    """What was typed, with what is wrong with it, and the payload to hand on where there is one."""
    decision, reason = request.POST.get("decision", ""), request.POST.get("reason", "").strip()
    problems, payload = [], None
    if form is not None:
        payload, found = form.read(request.POST, request.FILES)
        left = pointers(left_masked(standing(item), payload)) if decision == "approve" else ()
        problems = [
            replace(one, pointer=f"/{PREFIX}{one.pointer}") for one in found if one.pointer not in left
        ]
    if decision == "reject" and item.kind == "approval" and not reason:
        problems.append(Problem("/reason", _("Say why: whoever asked reads it.")))
    asked = Asked(item.pk, decision, reason, payload, form is not None, problems)
    return asked, {} if form is None else {"payload": payload}
