"""New documents from blank: a name, a slug, and the little without which nothing can be said."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.utils.translation import gettext as _

from governance import access, documents
from governance.models import Document, Project
from governance.refusals import Problem, Refused
from governance.schemas import MUST_BE
from registry.schemas import NAME
from runs.views import frame
from runs.views.forms import FieldView, SchemaForm
from runs.views.frame import Crumb
from runs.views.registry import kinds
from runs.views.registry.document_form import of_objects, offered

PREFIX = "new"
TAKEN = frozenset({"new"})  # the address of this very page


def shown_or_created(
    request: HttpRequest,
    project: Project,
    kind: str,
    form: SchemaForm,
    *,
    title: str,
    lead: str,
    options: Mapping[str, Sequence[str]],
    template: str = "registry/new.html",
    context: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """The page with the form; posted, it makes a draft and goes on to its page.

    `options` are texts to offer, by the pointer of the field; `context` is what a `template` of its own needs,
    `extra` are fields that every new one has, `initial` is what the form offers at first.
    """
    access.require(request.user, project, access.right_to_edit(kind))
    value, problems = dict(initial or {}), []
    if request.method == "POST":
        value, problems = form.read(request.POST)
        made = None if problems else create(request, project, kind, value, problems, extra)
        if made:
            return redirect(kinds.page_url(made))
    fields = form.fields(value, problems)
    follow_name(fields, is_proposed=request.method != "POST")
    crumbs = [Crumb(kinds.FACES[kind].plural, kinds.list_url(project, kind)), Crumb(title)]
    return frame.shown(
        request,
        template,
        {"fields": fields, "lead": lead, "suggestions": offered(fields, options), **(context or {})},
        title=title,
        project=project,
        section=kinds.plural_of(kind),
        crumbs=crumbs,
        status=422 if problems else 200,
    )


def follow_name(fields: Sequence[FieldView], *, is_proposed: bool) -> None:
    """The slug is made from the name while that is typed (static/js/slug-field.js), until somebody types a slug.

    `is_proposed`: what stands there is the page's own proposal, not what a person sent.
    """
    named = {field.key: field for field in fields}
    if "name" in named and "slug" in named:
        named["slug"].limits["follows"] = named["name"].id
        named["slug"].limits["proposed"] = is_proposed


def create(
    request: HttpRequest,
    project: Project,
    kind: str,
    value: dict,
    problems: list[Problem],
    extra: Mapping[str, Any] | None = None,
) -> Document | None:
    """The new draft, or None with `problems` filled in. A slug that an archived document had may be used again."""
    slug = value.pop("slug", None) or slugify(value["name"])[:64].strip("-")
    there = Document.objects.filter(project=project, kind=kind, slug=slug).first()
    if not slug:
        problems.append(
            Problem("/slug", _("Choose a slug: the name has no letters that an address can hold."))
        )
    elif slug in TAKEN or (there and not there.archived_at):
        message = _("“%(slug)s” is taken: choose another slug.") % {"slug": slug}
        problems.append(Problem("/slug", message))
    if problems:
        value["slug"] = slug
        return None
    body = {"kind": kind, "slug": slug, **value, **(extra or {})}
    try:
        made, _problems = documents.save_working_draft(
            project, kind, slug, body, request.user, there.revision if there else 0
        )
    except documents.Stale:
        problems.append(Problem("/slug", _("Somebody took this slug a moment ago: choose another.")))
    except Refused as refused:
        problems.extend(refused.problems)
    else:
        return made
    value["slug"] = slug
    return None


def instead_of(project: Project, kind: str, wanted: str) -> str:
    """`wanted` with the first number that makes it free; "" where it is free as it is. One query."""
    there = Document.objects.filter(project=project, kind=kind, slug__startswith=wanted, archived_at=None)
    used = set(there.values_list("slug", flat=True))
    if wanted not in used:
        return ""
    return next(slug for number in range(2, len(used) + 3) if (slug := f"{wanted}-{number}") not in used)


def first_fields(more: dict[str, dict], needed: tuple[str, ...] = ()) -> dict:
    """The schema of what is asked first: name and slug, and what the kind needs besides."""
    hint = _("Its name in addresses, flows and files; made from the name where it is left empty.")
    slug = {"type": "string", "pattern": "^[a-z0-9-]{1,64}$", "title": _("Slug"), "description": hint}
    slug[MUST_BE] = _("up to 64 of the characters a-z, 0-9 and the hyphen")
    properties = {"name": {**NAME, "minLength": 1, "title": _("Name")}, "slug": slug}
    return of_objects({**properties, **more}, ("name", *needed))
