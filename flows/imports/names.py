"""Names of others made into ids, slugs and ports: what they may hold, and each only once."""

import re
import unicodedata
from collections.abc import Container

from flows.fields import RESERVED_PORTS

ROOM = 59  # of 64: a number may follow
# Words of the two expression languages: `steps.in.output` would not be read as a name.
WORDS = frozenset(
    "and as break const continue else elif endfor endif false for function if import in is let loop namespace none "
    "not null or package return set true var void while".split()
)
KEPT_FREE = frozenset({"new", "scan", "simulation"})  # addresses and reserved names
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,199}\Z")
OUTSIDE = re.compile(r"[^a-z0-9]+")


def is_model(name: str) -> bool:
    """Whether this is what a provider calls one model, and no pattern or text."""
    return MODEL.match(name) is not None


def plain(name: str) -> str:
    """Small ASCII letters, digits and single hyphens."""
    found = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    found = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", found)
    return OUTSIDE.sub("-", found.lower()).strip("-")


def node_id(name: str, taken: Container[str]) -> str:
    found = plain(name).replace("-", "_")[:ROOM].strip("_") or "step"
    if not found[0].isalpha() or found in WORDS:
        found = f"step_{found}"[:ROOM]
    return numbered(found, taken, "_")


def slug(name: str, taken: Container[str] = ()) -> str:
    found = plain(name)[:ROOM].strip("-") or "imported"
    return numbered(f"{found}-flow" if found in KEPT_FREE else found, taken, "-")


def port(name: str, taken: Container[str]) -> str:
    found = plain(name).replace("-", "_")[:ROOM].strip("_") or "way"
    if not found[0].isalpha():
        found = f"to_{found}"[:ROOM]
    return numbered(f"is_{found}" if found in RESERVED_PORTS else found, taken, "_")


def numbered(name: str, taken: Container[str], between: str) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}{between}{number}" in taken:
        number += 1
    return f"{name}{between}{number}"


def shown(name: str) -> str:
    """`reporting_analyst` and `reportingAnalyst` as a person writes them: Reporting analyst."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    found = " ".join(re.sub(r"[_\-:./]+", " ", words).split())
    return (found[:1].upper() + found[1:])[:200]
