"""Slugs for new flows: made from a name, and free."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from governance.models import Document, Project

LONGEST = 64
KEPT_FREE = frozenset({"gallery", "new", "scan", "simulation"})  # addresses, not names
OUTSIDE = re.compile(r"[^a-z0-9]+")


def slug_of(name: str) -> str:
    """A slug that reads like the name: "Tägliche Prüfung" is tagliche-prufung."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    return OUTSIDE.sub("-", plain.lower()).strip("-")[: LONGEST - 5].strip("-") or "flow"


@contextmanager
def fresh_slug(project: Project, wanted: str) -> Iterator[str]:
    """A slug that stays free while the block runs: nobody's new flow lands on somebody else's."""
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).only("pk").get(pk=project.pk)
        yield free_slug(project, wanted)


def free_slug(project: Project, wanted: str) -> str:
    """`wanted`, or with the first number that makes it free; archived flows keep theirs."""
    start = wanted[: LONGEST - 5]
    there = Document.objects.filter(project=project, kind="flow", slug__startswith=start)
    used = KEPT_FREE | set(there.values_list("slug", flat=True))
    if wanted not in used:
        return wanted
    return next(slug for number in range(2, 10_000) if (slug := f"{start}-{number}") not in used)
