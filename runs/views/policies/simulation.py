"""The simulator: which past decisions a policy would have changed, had it been live as it stands now."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from governance import access, clock, documents, ids
from governance.models import Document, Project
from governance.refusals import Refused
from runs import simulation
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.policies.words import EFFECTS, LABELS
from runs.views.registry import document_form, editing, kinds, listing

DAY_US = 86_400_000_000
PERIODS = {
    "1": gettext_lazy("Last 24 hours"),
    "7": gettext_lazy("Last 7 days"),
    "30": gettext_lazy("Last 30 days"),
    "all": gettext_lazy("All that are stored"),
}
USUAL = "7"
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says. `is_draft`: the saved draft would be tried, not what is live."""

    policies: list[Document]
    policy: Document | None
    days: str
    periods = PERIODS

    @property
    def is_draft(self) -> bool:
        return self.policy is not None and editing.is_changed(self.policy)

    @property
    def since(self) -> int | None:
        """In microseconds; None for everything."""
        return None if self.days == "all" else clock.now() - int(self.days) * DAY_US


@require_http_methods(["GET", "HEAD", "POST"])
def simulation_show(request: HttpRequest, project: str) -> HttpResponse:
    """POST replays; for htmx the result alone."""
    posted, right = request.method == "POST", access.right_to_edit("policy")
    found = frame.project(request, project, right if posted else "read")
    given = request.POST if posted else request.GET
    asked = asked_for(found, given.get("policy", ""), given.get("days", ""))
    result = replayed(found, asked) if posted else None
    context = {
        "project": found,
        "asked": asked,
        "may_edit": access.may(request.user, found, right),
        "result": result,
    }
    if posted and listing.wants_part(request):
        return listing.part(request, "policies/_simulated.html", context)
    above = Crumb(_("Policies"), kinds.list_url(found, "policy"))
    return frame.shown(
        request,
        "policies/simulation.html",
        context,
        title=_("Policy simulator"),
        project=found,
        section="policies",
        crumbs=[above, Crumb(_("Simulator"))],
        status=422 if result and result["problems"] else 200,
    )


def asked_for(project: Project, slug: str, days: str) -> Asked:
    """One query. What is not there is not chosen."""
    policies = list(documents.all_of(project, "policy").order_by("slug"))
    first = policies[0] if policies else None
    chosen = next((policy for policy in policies if policy.slug == slug), first)
    return Asked(policies, chosen, days if days in PERIODS else USUAL)


def replayed(project: Project, asked: Asked) -> dict[str, Any]:
    """{problems, decisions, flips, total, to: {effect: how many}, skipped, most, complete, period}."""
    if asked.policy is None:
        return {"problems": [_("There is no policy to try: draft one first.")]}
    body = document_form.body_of(asked.policy)
    try:
        found = simulation.simulate(project, body, asked.since)
    except Refused as refused:
        wrong = [problem for problem in refused.problems if problem.severity == "error"]
        return {"problems": [told(problem.pointer, problem.message) for problem in wrong]}
    flips = found["flips"]
    return {
        **found,
        "problems": [],
        "flips": [shown(flip) for flip in flips[:MOST_SHOWN]],
        "total": len(flips),
        "to": Counter(flip["would_be"] for flip in flips),
        "period": PERIODS[asked.days],
    }


def told(pointer: str, message: str) -> str:
    """What is wrong with the draft, with its field."""
    return f"{pointer.lstrip('/')}: {message}" if pointer else message


def shown(flip: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run": flip["run"],
        "url": reverse("run", args=[ids.decode(flip["run"])]),
        "node": flip["node"],
        "what": LABELS[flip["action"]],
        "was": EFFECTS.get(flip["was"]),
        "would_be": EFFECTS[flip["would_be"]],
        "reason": flip["reason"],
    }
