"""Secrets of a project: encrypted at rest, listed by name, never shown again.

AES-256-GCM with a key drawn by HKDF from the secret key of the installation. The project and the name are
authenticated too: a ciphertext moved to another row does not open.
"""

import os
import re
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import transaction

from governance import audit, schemas
from governance.models import Project, Secret, User
from governance.refusals import Conflict, NotFound, Problem, Refused

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\Z")
NONCE_BYTES = 12
MAX_VALUE = 10_000


class Unreadable(Conflict):
    """The secret was encrypted under another BATON_SECRET_KEY: set it again."""


def put(project: Project, name: str, value: str, by: User | str | None) -> Secret:
    """Stores `value` under `name`, over an older one. Raises Refused for a name or value that cannot be kept."""
    _refuse_unfit(name, value)
    with transaction.atomic():
        secret, created = Secret.objects.update_or_create(
            project=project,
            name=name,
            defaults={"ciphertext": encrypt(value, _place(project, name))},
        )
        audit.record("secret.set", f"secret/{name}", by, project, {"new": created})
    return secret


def names(project: Project) -> list[str]:
    """The names of the project's secrets, in order."""
    return list(project.secrets.order_by("name").values_list("name", flat=True))


def reveal(project: Project | int, name: str) -> str:
    """The value, for the gateway alone. `project` is the row or its id. Raises NotFound, Unreadable."""
    project_id = project if isinstance(project, int) else project.pk
    secret = Secret.objects.filter(project_id=project_id, name=name).first()
    if secret is None:
        raise NotFound(f"There is no secret {name!r} in this project: set it first.")
    return decrypt(bytes(secret.ciphertext), _place(project_id, name))


def delete(project: Project, name: str, by: User | str | None) -> None:
    """Removes the secret. Raises NotFound."""
    with transaction.atomic():
        removed, _ = Secret.objects.filter(project=project, name=name).delete()
        if not removed:
            raise NotFound(f"There is no secret {name!r} in this project.")
        audit.record("secret.delete", f"secret/{name}", by, project)


def encrypt(value: str, place: str) -> bytes:
    """Nonce and ciphertext of `value`, bound to `place`."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(settings.SECRET_KEY).encrypt(nonce, value.encode(), place.encode())


def decrypt(sealed: bytes, place: str) -> str:
    """The value that `encrypt` sealed for `place`. Raises Unreadable under another key or in another place."""
    try:
        opened = _cipher(settings.SECRET_KEY).decrypt(
            sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode()
        )
    except InvalidTag as error:
        raise Unreadable(Unreadable.__doc__) from error
    return opened.decode()


@lru_cache(maxsize=4)
def _cipher(secret_key: str) -> AESGCM:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"baton secrets 1").derive(secret_key.encode())
    return AESGCM(derived)


def _place(project: Project | int, name: str) -> str:
    return f"{project if isinstance(project, int) else project.pk}/{name}"


def _refuse_unfit(name: str, value: str) -> None:
    if not NAME.match(name):
        sentence = "A secret's name has up to 100 letters, digits, dots, hyphens and underscores."
        raise Refused([Problem("/name", sentence)])
    if not isinstance(value, str) or not value or len(value) > MAX_VALUE or schemas.plain_problems(value):
        raise Refused([Problem("/value", f"A secret is a text of 1 to {MAX_VALUE} characters.")])
