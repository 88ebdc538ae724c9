"""What every endpoint starts with: the thing it is about, or 404 for a stranger and 403 without the right.

The rights are in governance.access; a token of a single project finds nothing elsewhere.
"""

from rest_framework.request import Request

from governance import access, ids
from governance.documents import kind_named
from governance.models import ApiToken, Approval, Project, User
from governance.refusals import NotFound
from runs.models import Run


def token(request: Request) -> ApiToken | None:
    return request.auth


def scope(request: Request) -> int | None:
    """The one project that the token opens; None for a session and for tokens of all of one's projects."""
    return None if request.auth is None else request.auth.project_id


def project(request: Request, slug: str, right: str) -> Project:
    return access.project_or_404(request.user, slug, right, token(request))


def project_to_edit(request: Request, slug: str, kinds: str) -> Project:
    """For a change to documents of a kind: strangers learn nothing, not even that the kind is unknown."""
    found = project(request, slug, "read")
    access.require(request.user, found, access.right_to_edit(kind_named(kinds).name), token(request))
    return found


def run(request: Request, run_id: int, right: str) -> Run:
    found = Run.objects.select_related("project", "user").filter(id=run_id).first()
    return guarded(request, found, right, f"There is no run {ids.encode(run_id)!r}.")


def approval(request: Request, approval_id: int, right: str = "read") -> Approval:
    found = Approval.objects.select_related("project").filter(id=approval_id).first()
    return guarded(request, found, right, f"There is no approval {ids.encode(approval_id)!r}.")


def may_reveal(request: Request, found: Project, wanted: bool) -> User | None:
    """Who protected values are shown to, where that is `wanted`. Raises Forbidden for whom they are not."""
    if not wanted:
        return None
    access.require(request.user, found, "reveal", token(request))
    return request.user


def guarded(request: Request, found, right: str, absent: str):
    """INVARIANT: what is not there and what is not for these eyes answer alike."""
    try:
        if found is not None:
            access.require(request.user, found.project, right, token(request))
            return found
    except NotFound as error:
        raise NotFound(absent) from error
    raise NotFound(absent)


def fresh(found: Run) -> Run:
    """The run as it is now."""
    return Run.objects.select_related("project", "user").get(id=found.id)
