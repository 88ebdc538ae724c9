"""The history of a document: its versions, what each changed, any two compared, and what was live at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from governance import documents
from governance.documents.difference import difference
from governance.models import Activation, Version
from runs.views import frame
from runs.views.versions import words
from runs.views.versions.comparison import Comparison, compared, is_number
from runs.views.versions.course import Course, course_of
from runs.views.versions.shown import Subject, crumbs, heading, subject

SIZE = 20
MOST_TURNS = 8


@dataclass(frozen=True, slots=True)
class Listed:
    """A version in the list. `line` says what it changed, `is_older` whether than what is live, `until` when it
    stopped being live."""

    version: Version
    line: str
    is_live: bool
    is_older: bool
    is_rolled_back: bool
    until: datetime | None

    @property
    def key(self) -> str:
        return str(self.version.number)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was live at a moment: `activation` is None where nothing was, `error` says why there is no answer."""

    asked: str
    at: datetime | None = None
    activation: Activation | None = None
    error: str = ""


@require_safe
def version_list(request: HttpRequest, project: str, kinds: str, slug: str) -> HttpResponse:
    found = subject(request, project, kinds, slug)
    course = course_of(found.document)
    versions, older = page_of(found, request.GET.get("before", ""))
    comparison = compared(found, request.GET)
    context = {
        **heading(found, found.address("versions")),
        "versions": listed(versions, found, course),
        "older": older,
        "is_first_page": not request.GET.get("before"),
        "course": course,
        "turns": course.turns[:MOST_TURNS],
        "comparison": comparison,
        "chosen": chosen(comparison),
        "miscounted": len(set(request.GET.getlist("v"))) not in (0, 2),
        "answer": answered(found, request.GET.get("at", "").strip()),
    }
    return frame.shown(
        request,
        "versions/history.html",
        context,
        title=_("Versions of %(name)s") % {"name": found.name},
        project=found.project,
        section=kinds,
        crumbs=crumbs(found, _("Versions")),
    )


def page_of(found: Subject, before: str) -> tuple[list[Version], str]:
    """The versions below a number, newest first, with the one that follows for comparing; the address of older ones."""
    rows = found.document.versions.select_related("created_by").order_by("-number")
    if is_number(before):
        rows = rows.filter(number__lt=int(before))
    versions = list(rows[: SIZE + 1])
    if len(versions) <= SIZE:
        return versions, ""
    return versions, f"{found.address('versions')}?{urlencode({'before': versions[SIZE - 1].number})}"


def listed(versions: Sequence[Version], found: Subject, course: Course) -> list[Listed]:
    back, live = course.rolled_back, found.document.active
    return [
        Listed(
            version,
            line_of(version, versions[place + 1 : place + 2]),
            version.pk == found.document.active_id,
            live is not None and version.number < live.number,
            version.number in back,
            course.last_live(version.number),
        )
        for place, version in enumerate(versions[:SIZE])
    ]


def line_of(version: Version, before: Sequence[Version]) -> str:
    """What a version changed of the one before it, which the list gives."""
    body = documents.content(version)
    if before:
        return words.line(difference(documents.content(before[0]), body)) or _("Nothing changed")
    return _("First version: %(what)s") % {"what": words.counted(body)}


def chosen(comparison: Comparison | None) -> set[str]:
    """The keys whose boxes are ticked."""
    if comparison is None:
        return set()
    return {side.key for side in (comparison.old, comparison.new) if side}


def answered(found: Subject, asked: str) -> Answer | None:
    """What was live at the moment in the address; a moment without a zone is UTC."""
    if not asked:
        return None
    try:
        at = moment_of(asked)
    except (ValueError, OverflowError):
        return Answer(asked[:40], error=_("This is no moment: write it as 2026-01-31T12:00, in UTC."))
    return Answer(asked, at, documents.as_of(found.document, at))


def moment_of(text: str) -> datetime:
    """Raises ValueError, OverflowError."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
