"""A starter's documents in a project of one's own: nothing that is there is changed, names that are taken get a number.

What is there already, word for word, is used as it is. The one document that may grow is the gallery's own simulated
provider: it learns to play agents that it did not know, and plays the others as before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q

from flows.gallery import Starter
from flows.gallery.renaming import Names, renamed
from governance import documents
from governance.documents import digest, yaml_text
from governance.models import Document, Project, User

NEW, NUMBERED, GROWN, SAME = "new", "numbered", "grown", "same"
LONGEST = 64
ORDER = ("provider", "tool", "agent", "budget", "policy", "flow")
PLAYED = ("script", "prices")  # what of a provider grows


@dataclass(frozen=True, slots=True)
class Piece:
    """One document of a starter: what it is called here, and its `fate`.

    new; numbered (new, under a number); grown (it is here and learns to play more); same (used as it is).
    """

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
        return self.fate in (NEW, NUMBERED)

    @property
    def is_written(self) -> bool:
        return self.fate != SAME


def plan(project: Project, starter: Starter) -> list[Piece]:
    """What using the starter would make in `project`; its flow comes last. One query."""
    return pieces_of(project, documents_of(starter))


def pieces_of(project: Project, originals: list[Mapping[str, Any]]) -> list[Piece]:
    """What of these documents would be made, of which the last one is always made. One query.

    A new name in one document makes others differ from what is there, so that they need new names too: it is gone
    through until nothing changes. Numbers only rise on the way, so that comes to an end.
    """
    there = taken(project, originals)
    names: Names = {}
    numbers = [1] * len(originals)
    while True:
        placed = [
            place(body, names, there, number, is_shared=body is not originals[-1])
            for body, number in zip(originals, numbers, strict=True)
        ]
        pieces, numbers = [piece for piece, _ in placed], [number for _, number in placed]
        found = {(piece.kind, piece.original): piece.slug for piece in pieces}
        if found == names:
            return pieces
        names = found


def copy(project: Project, starter: Starter, by: User) -> tuple[Document, list[Piece]]:
    """Publishes what is new, all of it or nothing: (the flow, every piece). Raises Refused."""
    with transaction.atomic():
        # Nobody takes a slug between the plan and its making.
        Project.objects.select_for_update(no_key=True).only("pk").get(pk=project.pk)
        pieces = plan(project, starter)
        texts = {
            f"{piece.kind} {piece.slug}": yaml_text.dump(piece.body) for piece in pieces if piece.is_written
        }
        documents.apply(project, texts, by)
    return documents.load(project, "flow", pieces[-1].slug), pieces


def documents_of(starter: Starter) -> list[Mapping[str, Any]]:
    """In the order in which they name each other; the flow comes last."""
    parts = [starter.provider, *starter.tools, *starter.agents, *starter.rules, *starter.parts]
    return [*sorted(parts, key=lambda body: ORDER.index(body["kind"])), starter.flow]


def taken(project: Project, originals: Iterable[Mapping]) -> dict[tuple[str, str], Document]:
    """The documents whose slugs are in the way, archived ones too."""
    mine = Q()
    for body in originals:
        mine |= Q(kind=body["kind"], slug__startswith=body["slug"])
    found = Document.objects.filter(mine, project=project).select_related("active")
    return {(document.kind, document.slug): document for document in found}


def place(
    original: Mapping, names: Names, there: Mapping[tuple[str, str], Document], number: int, is_shared: bool
) -> tuple[Piece, int]:
    """The document under the first slug that is free, or that holds the same already (where `is_shared`).

    Looks from `number` on, and says which it took.
    """
    kind, slug = original["kind"], original["slug"]
    body = renamed(original, names)
    while True:
        candidate = slug if number == 1 else f"{slug[: LONGEST - 5]}-{number}"
        body["slug"] = candidate
        if kind == "flow" and number > 1 and "name" in original:
            body["name"] = f"{original['name']} {number}"
        standing = there.get((kind, candidate))
        if standing is None:
            return Piece(kind, slug, candidate, NEW if number == 1 else NUMBERED, body), number
        if is_shared and is_in_use(standing):
            found = documents.content(standing.active)
            if serves(found, body):
                return Piece(kind, slug, candidate, SAME, body), number
            if kind == "provider" and may_grow(found, body):
                return Piece(kind, slug, candidate, GROWN, grown(found, body)), number
        number += 1


def is_in_use(standing: Document) -> bool:
    return standing.active is not None and standing.archived_at is None


def serves(found: Mapping, body: Mapping) -> bool:
    """Whether what stands there does what the starter needs. A provider may do more, or be a real one."""
    if body["kind"] != "provider":
        return digest(found) == digest(body)
    if found["type"] != "scripted":
        return True
    return not missing_in(found, body) and body["prices"].items() <= found.get("prices", {}).items()


def may_grow(found: Mapping, body: Mapping) -> bool:
    """Whether it is the gallery's own, and plays none of the agents that it would learn to play."""
    if any(found.get(field) != value for field, value in body.items() if field not in PLAYED):
        return False
    known = {entry.get("when", {}).get("agent") for entry in found.get("script", ())}
    learned = {entry["when"]["agent"] for entry in missing_in(found, body)}
    prices = found.get("prices", {})
    return not known & learned and all(
        prices.get(model, price) == price for model, price in body["prices"].items()
    )


def missing_in(found: Mapping, body: Mapping) -> list[Mapping]:
    script = found.get("script", ())
    return [entry for entry in body["script"] if entry not in script]


def grown(found: Mapping, body: Mapping) -> dict[str, Any]:
    """With what it learns in front: an entry that answers for everybody may stand at the end."""
    prices = {**found.get("prices", {}), **body["prices"]}
    return {**found, "prices": prices, "script": [*missing_in(found, body), *found.get("script", ())]}
