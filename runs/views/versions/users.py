"""Who uses a document: the live flows and agents that name it, and which of them follow its live version."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance import documents
from governance.documents.closure import references
from governance.models import Document
from runs.views.registry.kinds import FACES
from runs.views.versions.shown import Subject


@dataclass(frozen=True, slots=True)
class User:
    """A live document that names another. `pinned` is the version it stays with, None where it follows."""

    kind: str
    slug: str
    name: str
    pinned: int | None


def users_of(shown: Subject) -> list[User]:
    """By kind and slug, in one query."""
    rows = Document.objects.filter(
        project=shown.project, kind__in=("flow", "agent"), active__isnull=False, archived_at=None
    )
    found = rows.select_related("active").exclude(pk=shown.document.pk).order_by("kind", "slug")
    return [user for document in found for user in _naming(document, shown.document)]


def _naming(document: Document, named: Document) -> list[User]:
    refs = [(kind, ref) for kind, ref, _at in references(document.kind, document.active)]
    if document.kind == "agent":
        handovers = documents.content(document.active).get("delegation", {}).get("to", ())
        refs += [("agent", ref) for ref in handovers]
    pins = dict.fromkeys(
        ref.partition("@")[2]
        for kind, ref in refs
        if (kind, ref.partition("@")[0]) == (named.kind, named.slug)
    )
    name = document.name or document.slug
    return [User(document.kind, document.slug, name, int(pin) if pin else None) for pin in pins]


def sentence(users: Sequence[User], kind: str) -> str:
    """`3 flows and 1 agent use this tool.`; empty where nobody does."""
    flows = len({user.slug for user in users if user.kind == "flow"})
    agents = len({user.slug for user in users if user.kind == "agent"})
    counted = [
        (flows, ngettext("%(count)s flow", "%(count)s flows", flows)),
        (agents, ngettext("%(count)s agent", "%(count)s agents", agents)),
    ]
    said = _(" and ").join(text % {"count": count} for count, text in counted if count)
    pattern = ngettext("%(users)s uses this %(kind)s.", "%(users)s use this %(kind)s.", flows + agents)
    return pattern % {"users": said, "kind": FACES[kind].word} if said else ""
