"""The gallery of starter flows: what each teaches, its picture, and the copy of it for a project."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from flows import gallery
from flows.gallery import Starter, copying
from flows.gallery.copying import Piece
from flows.picture import Picture, picture
from governance import access
from governance.models import Document, Project
from governance.refusals import Forbidden, NotFound
from runs.views import frame
from runs.views.builder.flow import flow_show
from runs.views.flows.tabs import tab_counts
from runs.views.forms import json_text
from runs.views.frame import Crumb

LARGE = (1040, 300)


@dataclass(frozen=True, slots=True)
class Shown:
    """One starter with its picture, and its copies in the project: (slug, name)."""

    starter: Starter
    picture: Picture
    copies: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Level:
    """The starters of one level; `says` is what one does there that one did not before."""

    number: int
    name: str
    says: str
    shown: list[Shown]


@dataclass(frozen=True, slots=True)
class Sample:
    """An input to try a starter with, field by field, and which way it takes."""

    name: str
    fields: list[tuple[str, str]]
    shows: str


@require_safe
def gallery_sought(request: HttpRequest, project: str) -> HttpResponse:
    """Where one looks for the gallery among the flows; a flow that is called like that comes first."""
    found = frame.project(request, project, "read")
    if Document.objects.filter(project=found, kind="flow", slug="gallery").exists():
        return flow_show(request, project, "gallery")
    return redirect("gallery", found.slug)


@require_safe
def gallery_show(request: HttpRequest, project: str) -> HttpResponse:
    found = frame.project(request, project, "read")
    topic, text = request.GET.get("topic", ""), request.GET.get("q", "")[:100].strip()
    starters = [gallery.starter(slug) for slug in gallery.starters()]
    there = copies_in(found, starters)
    shown = [
        Shown(starter, picture(starter.flow), there[starter.slug])
        for starter in starters
        if matches(starter, topic, text)
    ]
    context = {
        "levels": levels(shown),
        "topics": sorted({starter.topic for starter in starters}),
        "topic": topic,
        "text": text,
        "tabs": tab_counts(found),
        "tab": "gallery",
    }
    crumbs = [Crumb(_("Flows"), reverse("flow-list", args=[found.slug])), Crumb(_("Gallery"))]
    return frame.shown(
        request,
        "flows/gallery.html",
        context,
        title=_("Start from a pattern"),
        project=found,
        section="flows",
        crumbs=crumbs,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def gallery_flow(request: HttpRequest, project: str, starter: str) -> HttpResponse:
    """GET shows a starter and what using it would add, POST adds it."""
    found = frame.project(request, project, "edit" if request.method == "POST" else "read")
    chosen = starter_or_404(starter)
    pieces = copying.plan(found, chosen)
    missing = missing_right(request, found, pieces)
    if request.method == "POST":
        return used(request, found, chosen, missing)
    context = {
        "starter": chosen,
        "picture": picture(chosen.flow, *LARGE),
        "pieces": pieces[::-1],
        "samples": samples_of(chosen),
        "level": level_names()[chosen.level],
        "calls": [*chosen.agents, *chosen.tools],
        "copies": copies_in(found, [chosen])[chosen.slug],
        "missing": missing,
    }
    return frame.shown(
        request,
        "flows/gallery_flow.html",
        context,
        title=chosen.name,
        project=found,
        section="flows",
        crumbs=crumbs_of(found, chosen),
    )


def used(request: HttpRequest, project: Project, starter: Starter, missing: str) -> HttpResponse:
    if missing:
        raise Forbidden(missing)
    flow, pieces = copying.copy(project, starter, request.user)
    made = sum(piece.is_new for piece in pieces)
    kept = sum(not piece.is_written for piece in pieces)
    messages.success(
        request,
        _("%(flow)s is here and published. New documents: %(made)s. Used as they were here: %(kept)s.")
        % {"flow": flow.name, "made": made, "kept": kept},
    )
    return redirect("launch", project.slug, flow.slug)


def copies_in(project: Project, starters: Iterable[Starter]) -> dict[str, list[tuple[str, str]]]:
    """{starter: (slug, name) of the project's flows that have its slug, or that with a number}, oldest first; one
    query."""
    found: dict[str, list[tuple[str, str]]] = {starter.slug: [] for starter in starters}
    flows = Document.objects.filter(project=project, kind="flow", archived_at=None).order_by("pk")
    for slug, name in flows.values_list("slug", "name"):
        stem, _dash, number = slug.rpartition("-")
        starter = stem if number.isdigit() and slug not in found else slug
        if starter in found:
            found[starter].append((slug, name or slug))
    return found


def missing_right(request: HttpRequest, project: Project, pieces: list[Piece]) -> str:
    """Why this person may not add what would be new; "" where they may."""
    for piece in pieces:
        right = access.right_to_edit(piece.kind)
        if piece.is_written and not access.may(request.user, project, right):
            words = {
                "kind": piece.kind,
                "slug": piece.slug,
                "needed": " or ".join(sorted(access.RIGHTS[right])),
            }
            if piece.is_new:
                sentence = _(
                    "Using this starter adds the %(kind)s “%(slug)s”, and that takes the role %(needed)s here."
                )
            else:
                sentence = _(
                    "Using this starter adds to the %(kind)s “%(slug)s”, and that takes the role %(needed)s here."
                )
            return sentence % words
    return ""


def levels(shown: list[Shown]) -> list[Level]:
    """The starters in groups, the simplest first; they come in that order."""
    names = level_names()
    groups = groupby(shown, key=lambda one: one.starter.level)
    return [Level(number, *names[number], list(ones)) for number, ones in groups]


def level_names() -> dict[int, tuple[str, str]]:
    """{level: (what it is called, what is new in it)}."""
    return {
        1: (
            _("One step at a time"),
            _("Agents in a row, each with one task. What is not good enough goes back."),
        ),
        2: (
            _("Rules and people decide"),
            _("Ways that depend on what was found, and steps that wait for a person."),
        ),
        3: (
            _("Side by side"),
            _("Specialists at the same time on the same case, and one result from all of them."),
        ),
        4: (
            _("A supervisor leads"),
            _("An agent that plans, gives tasks to others, and puts their answers together."),
        ),
        5: (
            _("Equals at a table"),
            _("Agents that talk with each other, change their minds and decide together."),
        ),
    }


def samples_of(starter: Starter) -> list[Sample]:
    return [
        Sample(name.replace("-", " ").capitalize(), fields_of(value), starter.shows.get(name, ""))
        for name, value in starter.samples.items()
    ]


def fields_of(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Texts as they are, so that their lines can be read; everything else as JSON."""
    return [
        (field, part if isinstance(part, str) else json_text.write(part)) for field, part in value.items()
    ]


def matches(starter: Starter, topic: str, text: str) -> bool:
    said = f"{starter.name} {starter.flow.get('description', '')} {starter.teaches} {starter.pattern}"
    return (not topic or starter.topic == topic) and text.casefold() in said.casefold()


def starter_or_404(slug: str) -> Starter:
    try:
        return gallery.starter(slug)
    except KeyError as error:
        raise NotFound(_("There is no starter flow %(slug)s in the gallery.") % {"slug": slug}) from error


def crumbs_of(project: Project, starter: Starter) -> list[Crumb]:
    return [
        Crumb(_("Flows"), reverse("flow-list", args=[project.slug])),
        Crumb(_("Gallery"), reverse("gallery", args=[project.slug])),
        Crumb(starter.name),
    ]
