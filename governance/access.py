"""Who may do what: the one place for rights, and the loaders that every view starts with.

A stranger to a project gets NotFound for everything in it, a member without the right Forbidden. An admin of the
instance (staff) makes users and projects but is a stranger to a project like everybody else until a membership
says otherwise. A token that is bound to a project opens nothing else.
"""

import re

from django.contrib.auth.models import AnonymousUser

from governance.models import ApiToken, Project, User
from governance.refusals import Forbidden, NotFound

SLUG = re.compile(r"[a-z0-9-]{1,64}\Z")
RIGHTS: dict[str, frozenset[str]] = {
    "read": frozenset({"viewer", "author", "operator", "reviewer", "admin"}),
    "edit": frozenset({"author", "admin"}),  # agents, tools, flows, knowledge
    "launch": frozenset({"author", "operator", "admin"}),  # and cancel, fork, feedback
    "decide": frozenset({"reviewer", "admin"}),  # what names role:reviewer
    "reveal": frozenset({"reviewer", "admin"}),  # tokenized values
    "administer": frozenset({"admin"}),  # policies, budgets, privacy, providers, secrets, members
}
MEANINGS = {
    "read": "read this project",
    "edit": "edit and publish agents, tools and flows here",
    "launch": "launch and cancel runs here",
    "decide": "decide approvals here",
    "reveal": "see protected values here",
    "administer": "change policies, budgets, privacy rules, providers, secrets and members here",
}
EDITED_BY_AUTHORS = frozenset({"agent", "tool", "flow", "knowledge"})


def may(user: User | AnonymousUser, project: Project, right: str, token: ApiToken | None = None) -> bool:
    """Whether `user` has `right` (a key of RIGHTS) in `project`, asking with `token` or with a session."""
    return bool(RIGHTS[right] & roles_in(user, project, token))


def roles_in(user: User | AnonymousUser, project: Project, token: ApiToken | None = None) -> frozenset[str]:
    """The roles that `user` can use in `project`; empty for strangers, also behind another project's token."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    if token is not None and token.project_id not in (None, project.pk):
        return frozenset()
    return project.roles_of(user)


def project_or_404(
    user: User | AnonymousUser, slug: str, right: str, token: ApiToken | None = None
) -> Project:
    """The project called `slug`. Raises NotFound for strangers, Forbidden for members without `right`."""
    # PostgreSQL cannot even be asked for some texts (NUL).
    project = Project.objects.filter(slug=slug).first() if SLUG.match(slug) else None
    if project is None:
        raise NotFound(f"There is no project {slug!r}.")
    require(user, project, right, token)
    return project


def require(
    user: User | AnonymousUser, project: Project, right: str, token: ApiToken | None = None
) -> frozenset[str]:
    """The roles of `user` in `project`, for a thing that is loaded already. Raises as `project_or_404`."""
    roles = roles_in(user, project, token)
    if not roles:
        raise NotFound(f"There is no project {project.slug!r}.")
    if not roles & RIGHTS[right]:
        needed = " or ".join(sorted(RIGHTS[right]))
        raise Forbidden(f"You need the role {needed} to {MEANINGS[right]}.")
    return roles


def require_staff(user: User | AnonymousUser, token: ApiToken | None = None) -> None:
    """Passes admins of the instance, but not behind a token that is bound to a project. Raises Forbidden."""
    bound = token is not None and token.project_id is not None
    if not (user.is_authenticated and user.is_active and user.is_staff) or bound:
        raise Forbidden("Only an admin of this installation can make projects and users.")


def right_to_edit(kind: str) -> str:
    """The right that changing a document of `kind` (singular) needs."""
    return "edit" if kind in EDITED_BY_AUTHORS else "administer"


def projects_of(user: User, token: ApiToken | None = None) -> list[tuple[Project, list[str]]]:
    """The projects that `user` sees, by slug, each with the user's roles in the order of the contract's table."""
    memberships = user.memberships.select_related("project").order_by("project__slug")
    if token is not None and token.project_id is not None:
        memberships = memberships.filter(project=token.project_id)
    return [(membership.project, membership.roles) for membership in memberships]
