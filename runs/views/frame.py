"""The frame of every page: who asks, in which project, and the shell around what is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance import access, ids
from governance.models import Approval, Project
from governance.refusals import NotFound
from runs.models import Run

YEAR_S = 31_536_000


@dataclass(frozen=True, slots=True)
class Crumb:
    """One part of the path above a page; without an address it is where one is."""

    label: str
    url: str = ""


class SignInNeeded(Exception):
    """Nobody is signed in: the page's address is kept and opened after signing in."""


def project(request: HttpRequest, slug: str, right: str = "read") -> Project:
    """The project in the address. Raises SignInNeeded, NotFound for strangers, Forbidden without `right`."""
    signed_in(request)
    return access.project_or_404(request.user, slug, right)


def run(request: HttpRequest, run_id: int, right: str = "read") -> Run:
    """The run with its project and user. Raises SignInNeeded, NotFound for strangers, Forbidden."""
    signed_in(request)
    found = Run.objects.select_related("project", "user").filter(id=run_id).first()
    absent = NotFound(f"There is no run {ids.encode(run_id)}.")
    if found is None:
        raise absent
    try:
        access.require(request.user, found.project, right)
    except NotFound as error:
        raise absent from error
    return found


def signed_in(request: HttpRequest) -> None:
    if not request.user.is_authenticated:
        raise SignInNeeded


def shown(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    title: str,
    project: Project | None = None,
    section: str = "",
    crumbs: Sequence[Crumb] = (),
    status: int = 200,
) -> HttpResponse:
    """A whole page: the view's own context with what the shell around it needs (three queries)."""
    shell = around(request, project)
    own = {"title": title, "section": section, "crumbs": crumbs}
    answer = render(request, template, {**shell, **own, **context}, status=status)
    if project is not None and request.COOKIES.get("project") != project.slug:
        answer.set_cookie("project", project.slug, max_age=YEAR_S, samesite="Lax", httponly=True)
    return answer


def around(request: HttpRequest, project: Project | None) -> dict[str, Any]:
    """`project, roles, rights, projects, waiting_count, theme, shortcuts, welcome` for templates/base.html.

    `rights` maps each right of governance.access to whether this person has it in `project`.
    """
    projects = access.projects_of(request.user) if request.user.is_authenticated else []
    roles = next((frozenset(has) for found, has in projects if found == project), frozenset())
    return {
        "project": project,
        "projects": [found for found, _ in projects],
        "roles": roles,
        "rights": {right: bool(needed & roles) for right, needed in access.RIGHTS.items()},
        "waiting_count": waiting_count(project),
        **preferences(request),
    }


def last_project(request: HttpRequest) -> Project | None:
    """The project that this browser showed last, else the first one; None for who is in none."""
    projects = [found for found, _ in access.projects_of(request.user)]
    last = request.COOKIES.get("project")
    return next((found for found in projects if found.slug == last), projects[0] if projects else None)


def preferences(request: HttpRequest) -> dict[str, str]:
    """What the browser keeps in cookies: the theme, whether single letters are shortcuts, and whether the first
    steps are still shown."""
    theme = request.COOKIES.get("theme", "")
    return {
        "theme": theme if theme in ("light", "dark") else "",
        "shortcuts": "off" if request.COOKIES.get("shortcuts") == "off" else "on",
        "welcome": "off" if request.COOKIES.get("welcome") == "off" else "on",
    }


def waiting_count(project: Project | None) -> int:
    """How many items of the project wait for a person."""
    if project is None:
        return 0
    return Approval.objects.filter(project=project, status="pending").count()


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks, who swaps a part of the page: the view then answers with that part alone."""
    return request.headers.get("HX-Request") == "true"
