"""A starter's documents in a project of one's own: nothing that is there is changed, names that are taken get a number.

What is there already, word for word, is used as it is. Names that change are changed wherever they are named, also in
the script of the simulated provider, which plays agents by their names.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from flows.gallery import Starter
from governance import documents
from governance.documents import digest, kind_named, yaml_text
from governance.models import Document, Project, User
from governance.refusals import pointer

NEW, NUMBERED, SAME = "new", "numbered", "same"
ROUNDS = 6
LONGEST = 64
ORDER = ("provider", "tool", "agent", "flow")

Names = Mapping[tuple[str, str], str]  # (kind, the starter's slug): the slug here


@dataclass(frozen=True, slots=True)
class Piece:
    """One document of a starter: what it is called here, and its `fate`: new, numbered, or same (used as it is)."""

    kind: str
    original: str
    slug: str
    fate: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.body.get("name") or self.slug

    @property
    def is_new(self) -> bool:
        return self.fate != SAME


def plan(project: Project, starter: Starter) -> list[Piece]:
    """What using the starter would make in `project`. One query."""
    originals = documents_of(starter)
    there = taken(project, originals)
    names: Names = {}
    pieces: list[Piece] = []
    for _ in range(ROUNDS):
        own_provider = any(piece.kind == "agent" and piece.slug != piece.original for piece in pieces)
        pieces = [place(body, names, there, own_provider) for body in originals]
        found = {(piece.kind, piece.original): piece.slug for piece in pieces}
        if found == names:
            break
        names = found
    return pieces


def copy(project: Project, starter: Starter, by: User) -> tuple[Document, list[Piece]]:
    """Publishes what is new, all of it or nothing: (the flow, every piece). Raises Refused."""
    with transaction.atomic():
        # Nobody takes a slug between the plan and its making.
        Project.objects.select_for_update(no_key=True).only("pk").get(pk=project.pk)
        pieces = plan(project, starter)
        texts = {f"{piece.kind} {piece.slug}": yaml_text.dump(piece.body) for piece in pieces if piece.is_new}
        documents.apply(project, texts, by)
    return documents.load(project, "flow", pieces[-1].slug), pieces


def documents_of(starter: Starter) -> list[Mapping[str, Any]]:
    """In the order in which they name each other; the flow comes last."""
    found = [starter.provider, *starter.tools, *starter.agents, starter.flow]
    return sorted(found, key=lambda body: ORDER.index(body["kind"]))


def taken(project: Project, originals: Iterable[Mapping]) -> dict[tuple[str, str], Document]:
    """The documents whose slugs are in the way, archived ones too."""
    mine = Q()
    for body in originals:
        mine |= Q(kind=body["kind"], slug__startswith=body["slug"])
    found = Document.objects.filter(mine, project=project).select_related("active")
    return {(document.kind, document.slug): document for document in found}


def place(
    original: Mapping, names: Names, there: Mapping[tuple[str, str], Document], own_provider: bool
) -> Piece:
    """The document under the first slug that is free, or that holds the same already."""
    kind, slug = original["kind"], original["slug"]
    body = renamed(original, names)
    number = 1
    while True:
        candidate = slug if number == 1 else f"{slug[: LONGEST - 5]}-{number}"
        body["slug"] = candidate
        if kind == "flow" and number > 1 and "name" in original:
            body["name"] = f"{original['name']} {number}"
        standing = there.get((kind, candidate))
        if standing is None:
            return Piece(kind, slug, candidate, NEW if number == 1 else NUMBERED, body)
        if kind != "flow" and serves(standing, body, own_provider and number == 1):
            return Piece(kind, slug, candidate, SAME, body)
        number += 1


def serves(standing: Document, body: Mapping, is_foreign: bool) -> bool:
    """Whether what stands there does what the starter needs. A provider may do more, or be a real one."""
    if standing.active is None or standing.archived_at is not None:
        return False
    if body["kind"] != "provider":
        return standing.active.hash == digest(body)
    found = documents.content(standing.active)
    if found["type"] != "scripted":
        return not is_foreign
    script, prices = found.get("script", ()), found.get("prices", {})
    return all(entry in script for entry in body["script"]) and body["prices"].items() <= prices.items()


def renamed(original: Mapping, names: Names) -> dict[str, Any]:
    """A copy of a document that names everything as it is called here."""
    body = deepcopy(dict(original))
    for kind, ref, at in [*kind_named(body["kind"]).references(body), *unchecked_references(body)]:
        old = ref.partition("@")[0]
        new = names.get((kind, old), old)
        if new != old:
            put(body, at, old, new)
    return body


def unchecked_references(body: Mapping) -> list[tuple[str, str, str]]:
    """What documents name besides what publishing asks for: agents to hand over to, and those that a script plays."""
    to = body.get("delegation", {}).get("to", ())
    found = [("agent", ref, pointer("delegation", "to", place)) for place, ref in enumerate(to)]
    for place, entry in enumerate(body.get("script", ())):
        if "agent" in entry.get("when", {}):
            found.append(("agent", entry["when"]["agent"], pointer("script", place, "when", "agent")))
    return found


def put(body: Any, at: str, old: str, new: str) -> None:
    """Puts the new slug before what follows the old one: `@3`, `/model`, nothing."""
    *above, last = (step.replace("~1", "/").replace("~0", "~") for step in at.split("/")[1:])
    for step in above:
        body = body[int(step)] if isinstance(body, list) else body[step]
    key = int(last) if isinstance(body, list) else last
    body[key] = new + body[key].removeprefix(old)
