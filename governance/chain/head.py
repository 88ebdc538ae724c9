"""The head: how far each chain goes and its last hash, in a file outside the database, keyed by the secret key.

Whoever can write the database alone cannot write it: entries cut off at the end show, and a chain that was computed
anew. One process a folder writes it at a time; several folders (scaled out) each have their own, and the newest counts.
"""

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

NAME = "audit-head.json"
ASIDE = "audit-head.refused"


class HeadMissing(Exception):
    """The head file is missing: the log's end cannot be proved."""


class HeadForged(Exception):
    """The head file was changed, or made with another BATON_SECRET_KEY."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chain ends."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of every chain (by project id, 0 outside projects), and since when and why this file is kept."""

    ends: Mapping[int, Place] = field(default_factory=dict)
    begun_at: int = 0
    begun_because: str = ""
    at: int = 0

    def end(self, chain: int) -> Place:
        return self.ends.get(chain, Place(0, ""))


def path() -> Path:
    return Path(settings.DATA_DIR) / NAME


def refused() -> list[Path]:
    """Head files that a sealer found forged and put aside: they stay until a person has looked at them."""
    return sorted(Path(settings.DATA_DIR).glob(f"{ASIDE}.*"))


def read(file: Path | None = None) -> Head:
    """The head that is kept in `file`, by default in the data folder. Raises HeadMissing, HeadForged, OSError."""
    try:
        text = (file or path()).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise HeadMissing(HeadMissing.__doc__) from error
    except UnicodeDecodeError as error:
        raise HeadForged(HeadForged.__doc__) from error
    try:
        content, mac = json.loads(text)["content"], json.loads(text)["mac"]
        if not hmac.compare_digest(mac, _mac(content)):
            raise HeadForged(HeadForged.__doc__)
        kept = json.loads(content)
        ends = {int(chain): Place(*place) for chain, place in kept["ends"].items()}
        return Head(ends, kept["begun_at"], kept["begun_because"], kept["at"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HeadForged(HeadForged.__doc__) from error


def write(head: Head) -> None:
    """Puts `head` in place of the one before, whole or not at all."""
    content = json.dumps(
        {
            "ends": {str(chain): [place.seq, place.hash] for chain, place in sorted(head.ends.items())},
            "begun_at": head.begun_at,
            "begun_because": head.begun_because,
            "at": head.at,
        }
    )
    draft = path().with_name(f"{NAME}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"content": content, "mac": _mac(content)}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path())


def put_aside(now: int) -> None:
    """Keeps a head that cannot be believed for whoever looks into it."""
    os.replace(path(), path().with_name(f"{ASIDE}.{now}"))


@contextmanager
def folder_to_oneself() -> Iterator[bool]:
    """Whether nobody else writes this folder's head meanwhile."""
    Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)
    with path().with_suffix(".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _mac(content: str) -> str:
    return hmac.new(_key(settings.SECRET_KEY), content.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=4)
def _key(secret_key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"baton audit head 1").derive(secret_key.encode())
