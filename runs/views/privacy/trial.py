"""The box to try a text in: what is found in it, what which rule does to it, and what is left. Nothing is stored."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from governance import access, documents
from governance.models import Document, Project
from governance.privacy.rules import DEFAULT
from runs.views import frame
from runs.views.frame import Crumb
from runs.views.privacy.tried import Book, tried
from runs.views.privacy.words import PLACES, readable
from runs.views.registry import editing, kinds, listing

LONGEST = 20_000
DRAFT = ":draft"


@dataclass(slots=True)
class Box:
    """What the form shows. `chosen` is the key of one of `books`; "" stands for all live rules at once."""

    text: str = ""
    chosen: str = ""
    where: str = ""
    books: dict[str, Book] = field(default_factory=dict)
    fault: str = ""
    places = PLACES
    longest = LONGEST

    @property
    def asked(self) -> list[Book]:
        return (
            [self.books[self.chosen]] if self.chosen else [one for one in self.books.values() if one.is_live]
        )

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [("", _("All live rules")), *((key, book.label) for key, book in self.books.items())]


@require_http_methods(["GET", "HEAD", "POST"])
def trial_show(request: HttpRequest, project: str) -> HttpResponse:
    """POST tries a text; for htmx the answer alone."""
    found = frame.project(request, project)
    posted = request.method == "POST"
    asked = request.POST if posted else request.GET
    box = box_of(request, found, asked.get("rules", ""), asked.get("where", ""))
    if posted:
        read(box, request.POST.get("text", ""))
    context = {"project": found, "box": box}
    if posted and not box.fault:
        context["tried"] = tried(box.text, box.asked, box.where)
    if posted and listing.wants_part(request):
        return listing.part(request, "privacy/_tried.html", context)
    above = Crumb(_("Privacy"), kinds.list_url(found, "privacy"))
    return frame.shown(
        request,
        "privacy/trial.html",
        context,
        title=_("Try privacy rules"),
        project=found,
        section="privacy",
        crumbs=[above, Crumb(_("Try a text"))],
        status=422 if box.fault else 200,
    )


def read(box: Box, text: str) -> None:
    box.text = text.replace("\r\n", "\n").replace("\0", "�")[:LONGEST]
    if len(text) > LONGEST:
        said = _("The text has %(size)s characters; the box takes %(most)s. Try a part of it.")
        box.fault = said % {"size": f"{len(text):,}", "most": f"{LONGEST:,}"}


def box_of(request: HttpRequest, project: Project, chosen: str, where: str) -> Box:
    """One query. What is not there is not chosen."""
    may_edit = access.may(request.user, project, access.right_to_edit("privacy"))
    books: dict[str, Book] = {}
    for document in documents.all_of(project, "privacy").order_by("slug"):
        for book in books_of(document, may_edit):
            books[document.slug + ("" if book.is_live else DRAFT)] = book
    keys = (chosen + DRAFT, chosen) if chosen else ("",)
    key = next((key for key in keys if key in books), "")
    return Box(chosen=key, where=where if where in PLACES else "", books=books)


def books_of(document: Document, may_edit: bool) -> list[Book]:
    """The live version, and for those who may change it the draft."""
    name = document.name or document.slug
    found = []
    if document.active:
        label = f"{name} (v{document.active.number})"
        found.append(
            Book(document.slug, label, readable(documents.content(document.active).get("rules")), True)
        )
    if may_edit and editing.is_changed(document):
        label = _("%(name)s (draft)") % {"name": name}
        found.append(
            Book(document.slug, label, readable((documents.draft(document) or {}).get("rules")), False)
        )
    return found


def box(request: HttpRequest, project: Project, slug: str) -> dict[str, Any]:
    """The box on another page, with the rules of that page chosen."""
    return {"box": box_of(request, project, slug, ""), "default_slug": DEFAULT}
