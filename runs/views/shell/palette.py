"""The command palette: what one can reach or do from here, as a list that the keyboard walks through."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import access, ids
from governance.approvals import names_of
from governance.models import Document, Project, User
from runs import insights_today
from runs.models import Run
from runs.views import frame
from runs.views.registry.kinds import FACES
from runs.views.shell.addresses import address

COMMANDS_ONLY, RUN = ">", "run"
MOST_WAITING, MOST_DOCUMENTS, MOST_FLOWS, MOST_RUNS = 3, 8, 4, 3
MOST_READ = 40
LONGEST = 100
KINDS = ("flow", "agent", "tool", "provider", "policy", "budget", "privacy")


@dataclass(frozen=True, slots=True)
class Option:
    """One line: an address to go to, or a `command` that the page's script knows (static/js/palette.js)."""

    label: str
    icon: str
    url: str = ""
    note: str = ""
    keys: tuple[str, ...] = ()
    command: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one heading."""

    label: str
    options: list[Option] = field(default_factory=list)


@require_safe
def palette_show(request: HttpRequest, project: str) -> HttpResponse:
    """`?q=`; `>` first shows what can be done only. For htmx the lines alone, else a page with a search field."""
    found = frame.project(request, project)
    asked = request.GET.get("q", "")[:LONGEST].replace("\0", "")
    groups = [group for group in groups_for(found, request.user, asked) if group.options]
    context = {"groups": groups, "q": asked}
    if frame.is_fragment(request):
        return render(request, "shell/_palette_list.html", context)
    return frame.shown(
        request,
        "shell/palette.html",
        context,
        title=_("Search"),
        project=found,
        crumbs=[frame.Crumb(_("Search"))],
    )


def groups_for(project: Project, user: User, asked: str) -> list[Group]:
    commands_only = asked.lstrip().startswith(COMMANDS_ONLY)
    words = asked.strip().removeprefix(COMMANDS_ONLY).casefold().split()
    roles = project.roles_of(user)
    named = [word for word in words if word != RUN]  # "run billing" launches what is called billing
    documents = matching_documents(project, named, ("flow",) if commands_only else KINDS)
    do = Group(_("Do"), list(commands(project, roles, documents, words)))
    if commands_only:
        return [do]
    return [
        Group(_("Waiting for you"), waiting_options(project, user, words)),
        Group(_("Go to"), [*go_to_documents(project, documents, words), *go_to_pages(project, words)]),
        Group(_("Runs"), run_options(project, asked.strip(), words)),
        do,
    ]


def matches(words: Iterable[str], *texts: str) -> bool:
    said = " ".join(texts).casefold()
    return all(word in said for word in words)


def matching_documents(project: Project, words: list[str], kinds: tuple[str, ...]) -> list[Document]:
    """Flows first, the newest first; all words stand in the name or the slug. Two queries."""
    found = Document.objects.filter(project=project, kind__in=kinds, archived_at=None)
    for word in words:
        found = found.filter(Q(name__icontains=word) | Q(slug__icontains=word))
    found = found.select_related("active").defer("draft", "active__content").order_by("-id")
    flows, others = found.filter(kind="flow"), found.exclude(kind="flow").order_by("kind", "-id")
    return [*flows[:MOST_READ], *others[:MOST_READ]]


def waiting_options(project: Project, user: User, words: list[str]) -> list[Option]:
    items = insights_today.waiting_for(project, user, names_of(user, project))
    found = [item for item in items if matches(words, item.title, item.node)]
    return [
        Option(
            item.title,
            "hand",
            address("approval", project.slug, item.pk),
            f"{item.node} · {ids.encode(item.run_id)}",
        )
        for item in found[:MOST_WAITING]
    ]


def go_to_documents(project: Project, documents: list[Document], words: list[str]) -> list[Option]:
    if not words:
        return []
    named = [found for found in documents if matches(words, found.name, found.slug)]
    found = [document_option(project, document) for document in named]
    return [option for option in found if option.url][:MOST_DOCUMENTS]


def document_option(project: Project, document: Document) -> Option:
    face = FACES[document.kind]
    version = f" · v{document.active.number}" if document.active else f" · {_('draft')}"
    url = address(face.page, project.slug, document.slug)
    return Option(document.name or document.slug, face.icon, url, f"{face.title}{version}")


def go_to_pages(project: Project, words: list[str]) -> list[Option]:
    pages = (
        (_("Home"), "house", "project-home", "h"),
        (_("Runs"), "activity", "run-list", "r"),
        (_("Approvals"), "inbox", "approvals", ""),
        (_("Flows"), "workflow", "flow-list", "f"),
        (_("Agents"), "bot", "agent-list", "a"),
        (_("Tools"), "wrench", "tool-list", "t"),
        (_("Providers"), "plug", "provider-list", "p"),
        (_("Policies"), "shield-check", "policies", ""),
        (_("Policy simulator"), "flask-conical", "policy-simulation", ""),
        (_("Budgets"), "wallet", "budgets", ""),
        (_("Breakers"), "octagon-x", "breakers", ""),
        (_("Privacy"), "fingerprint-pattern", "privacy-list", ""),
        (_("Audit log"), "scroll-text", "audit", ""),
        (_("Members"), "users", "members", ""),
        (_("Gallery"), "layout-grid", "gallery", ""),
        (_("Getting started"), "flag", "welcome", ""),
    )
    own = [
        Option(label, icon, address(name, project.slug), _("Page"), ("g", key) if key else ())
        for label, icon, name, key in pages
    ]
    everybody = [Option(_("Account"), "settings", address("account"), _("Page"))]
    return [option for option in own + everybody if option.url and matches(words, option.label)]


def run_options(project: Project, asked: str, words: list[str]) -> list[Option]:
    """The run whose identifier was typed, else the newest runs of a flow by its slug."""
    if not words:
        return []
    runs = Run.objects.filter(project=project)
    number = ids.decode(asked.lower())
    wanted = Q(id=number) if number is not None else Q(flow__icontains=words[0], parent_id=None)
    return [
        Option(run.public_id, "activity", address("run", run.id), f"{run.flow} · {run.status}")
        for run in runs.filter(wanted).order_by("-id")[:MOST_RUNS]
        if number is not None or matches(words, run.flow)
    ]


def commands(
    project: Project, roles: frozenset[str], documents: list[Document], words: list[str]
) -> Iterable[Option]:
    """What can be done; the flows are found by their names, everything else by its own words."""
    yield from launches(project, roles, documents)
    for option in (*creations(project, roles), *settings()):
        if matches(words, option.label):
            yield option


def launches(project: Project, roles: frozenset[str], documents: list[Document]) -> Iterable[Option]:
    if not access.RIGHTS["launch"] & roles:
        return
    flows = [found for found in documents if found.kind == "flow" and found.active]
    for flow in flows[:MOST_FLOWS]:
        url = address("launch", project.slug, flow.slug)
        if url:
            yield Option(_("Run %(flow)s…") % {"flow": flow.name or flow.slug}, "play", url)


def creations(project: Project, roles: frozenset[str]) -> Iterable[Option]:
    if access.RIGHTS["edit"] & roles:
        url = address("flow-new", project.slug)
        if url:
            yield Option(_("New flow"), "plus", url)


def settings() -> Iterable[Option]:
    yield Option(_("Switch theme"), "sun-moon", keys=("⇧", "T"), command="theme")
    yield Option(_("Keyboard shortcuts"), "keyboard", keys=("?",), command="help")
    yield Option(_("Sign out"), "log-out", command="sign-out")
