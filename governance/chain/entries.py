"""One entry as it is sealed: its columns as the database holds them, and the hash over them. Pure."""

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

OUTSIDE = 0  # the chain of acts that belong to no project
COLUMNS = ("id", "project_id", "at", "actor", "action", "object", "data", "origin", "seq", "prev", "hash")
TEXTS = frozenset({"actor", "action", "object", "data", "origin", "prev", "hash"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with `data` and `origin` as their JSON texts: what is the same JSON but not the same text was changed."""

    id: int
    project_id: int | None
    at: int
    actor: str
    action: str
    object: str
    data: str
    origin: str
    seq: int | None
    prev: str
    hash: str

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> "Entry":
        """From a row of COLUMNS. Texts that are no UTF-8 any more become texts that say so."""
        return cls(
            *(part.decode("utf-8", "backslashreplace") if isinstance(part, bytes) else part for part in row)
        )

    @property
    def chain(self) -> int:
        return OUTSIDE if self.project_id is None else self.project_id

    def sealed(self, seq: int, prev: str) -> "Entry":
        """The entry with its place, the hash of the entry before (empty for the first) and its own."""
        placed = replace(self, seq=seq, prev=prev)
        return replace(placed, hash=digest(placed))

    @property
    def is_sound(self) -> bool:
        return digest(self) == self.hash


def sealed_text(entry: Entry) -> str:
    """What the hash is computed over: the columns but `hash` as JSON, keys in order, no spaces, ASCII only."""
    columns = {name: getattr(entry, name) for name in COLUMNS if name != "hash"}
    return json.dumps(columns, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=repr)


def digest(entry: Entry) -> str:
    """SHA-256 of the sealed text."""
    return hashlib.sha256(sealed_text(entry).encode("ascii")).hexdigest()
