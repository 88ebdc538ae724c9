"""How each kind of document appears on the pages: its words, its icon, and the names of its addresses."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from governance import documents
from governance.documents.closure import PINNED
from governance.models import Document, Project


@dataclass(frozen=True, slots=True)
class Face:
    """`page`, `list` and `archive` are names of addresses; `word` stands in sentences, `title` and `plural` alone."""

    page: str
    list: str
    archive: str
    icon: str
    word: str
    title: str
    plural: str


FACES = {
    "flow": Face("flow", "flow-list", "flow-archive", "workflow", _("flow"), _("Flow"), _("Flows")),
    "agent": Face("agent", "agent-list", "agent-archive", "bot", _("agent"), _("Agent"), _("Agents")),
    "tool": Face("tool", "tool-list", "tool-archive", "wrench", _("tool"), _("Tool"), _("Tools")),
    "provider": Face(
        "provider",
        "provider-list",
        "provider-archive",
        "plug",
        _("provider"),
        _("Provider"),
        _("Providers"),
    ),
    "policy": Face(
        "policy",
        "policies",
        "policy-archive",
        "shield-check",
        _("policy"),
        _("Policy"),
        _("Policies"),
    ),
    "budget": Face("budget", "budgets", "budget-archive", "wallet", _("budget"), _("Budget"), _("Budgets")),
    "privacy": Face(
        "privacy-document",
        "privacy-list",
        "privacy-archive",
        "fingerprint-pattern",
        _("set of privacy rules"),
        _("Privacy rules"),
        _("Privacy"),
    ),
}


def plural_of(kind: str) -> str:
    """As in addresses, and the name of the section in the navigation: policies."""
    return documents.kind_named(kind).plural


def page_url(document: Document) -> str:
    return reverse(FACES[document.kind].page, args=[document.project.slug, document.slug])


def list_url(project: Project, kind: str) -> str:
    return reverse(FACES[kind].list, args=[project.slug])


def archive_url(document: Document) -> str:
    return reverse(FACES[document.kind].archive, args=[document.project.slug, document.slug])


def is_pinned(kind: str) -> bool:
    """Whether a run stays with the version it started with; of everything else the live version decides at once."""
    return kind in PINNED
