"""The vault: the same value the same token within a root run, and the way back.

Design note. A token is a row, numbered per root run and entity. Several workers may meet the same value at once; two
unique constraints (number, digest) decide, whoever came second reads what the first one wrote. A sift asks for all its
tokens at once: one query where all are known, else one transaction. Values are sealed with the key of the secrets,
bound to their place; looked up by a keyed digest, so that nobody who reads the table can try values out.
All rows of a root run expire together, so that a number never stands for two values. What is left of them then is
one empty row an entity, which keeps its numbers from coming again to a run that wakes up late, or to one that took
its content over.
Rejected: a table of counters (one more row to lock), tokens made from the digest (a model mixes them up).
"""

import hmac
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import OperationalError, transaction
from django.db.models import Max

from governance import clock, secrets
from governance.models import VaultEntry
from governance.privacy import tokens
from governance.privacy.threads import off_loop

Value = tuple[str, str]  # (entity, value)
TRIES = 20
DAY_US = 86_400_000_000
NUMBERS_KEPT_DAYS = 365
BATCH = 500
SWEPT = 200  # groups of expired values that go in one sweep: it runs in the thread that renews leases


class Vault:
    """The tokens of one root run, as this process knows them. Its coroutines ask the database off the loop.

    Keep one for each run that is being executed: what it has seen once it answers from memory.
    """

    def __init__(self, root_id: int):
        self.root_id = root_id
        self._tokens: dict[Value, str] = {}
        self._values: dict[str, str] = {}

    async def token(self, entity: str, value: str) -> str:
        """`<EMAIL_ADDRESS_1>`: the same for the same value in all runs of the root run."""
        return (await self.tokens([(entity, value)]))[entity, value]

    async def tokens(self, wanted: Iterable[Value]) -> dict[Value, str]:
        """The tokens of all `wanted` (entity, value), numbered in that order where there are none; one transaction."""
        wanted = list(dict.fromkeys(wanted))
        missing = [value for value in wanted if value not in self._tokens]
        if missing:
            self._keep(await off_loop(allocate, self.root_id, missing))
        return {value: self._tokens[value] for value in wanted}

    async def restore(self, content: Any, entities: Collection[str] | None = None) -> Any:
        """JSON content with values for the tokens of `entities` (all, where None) and look-alikes unescaped."""
        await self.learn(tokens.texts_of(content))
        return restored(content, self.value_of, entities)

    async def learn(self, texts: Iterable[str]) -> None:
        """Reads what stands behind the tokens in `texts`, those that this process has not seen yet."""
        unknown = {found for text in texts for found in tokens.found_in(text)} - self._values.keys()
        if unknown:
            self._keep(await off_loop(read, self.root_id, unknown))

    async def load(self) -> None:
        """Reads everything, and puts off the expiry: a run that goes on needs its values."""
        await off_loop(put_off_expiry, self.root_id)
        self._keep(await off_loop(read, self.root_id))

    def value_of(self, token: str) -> str | None:
        """What stands behind a token, as far as this process has seen it; no I/O."""
        return self._values.get(token)

    @property
    def is_empty(self) -> bool:
        """Whether this process has seen no token of the run."""
        return not self._values

    def holds(self, token: str) -> bool:
        return token in self._values

    def _keep(self, found: dict[str, Value]) -> None:
        for token, (entity, value) in found.items():
            self._tokens[entity, value] = token
            self._values[token] = value


def restored(content: Any, value_of: tokens.Lookup, entities: Collection[str] | None = None) -> Any:
    """Content with the values that `value_of` knows, of `entities` alone where some are named; keys hold none."""
    if entities is not None:
        value_of = _only(value_of, frozenset(entities))
    return tokens.each_text(content, lambda text: tokens.restore(text, value_of), tokens.unescape)


def reveal(root_id: int, contents: Sequence[Any]) -> list[Any]:
    """`contents` with every value, in one query: for pages and answers that may show them. The caller audits."""
    return reveal_each([(root_id, content) for content in contents])


def reveal_each(contents: Sequence[tuple[int, Any]]) -> list[Any]:
    """The contents of (root run, content) with every value, in one query for all of them."""
    wanted: dict[int, set[str]] = {}
    for root_id, content in contents:
        for text in tokens.texts_of(content):
            if found := tokens.found_in(text):
                wanted.setdefault(root_id, set()).update(found)
    values = _read_each(wanted) if wanted else {}
    return [restored(content, partial(_value_in, values.get(root_id, {}))) for root_id, content in contents]


def read(root_id: int, wanted: Collection[str] | None = None) -> dict[str, Value]:
    """{token: (entity, value)} of a root run: those `wanted`, or all. What expired or does not open is left out."""
    if wanted is not None:
        return _read_each({root_id: wanted}).get(root_id, {})
    rows = VaultEntry.objects.filter(root_id=root_id).exclude(ciphertext=b"")
    return {token: value for token, value in map(_opened, rows.iterator()) if value}


def allocate(root_id: int, wanted: Iterable[Value]) -> dict[str, Value]:
    """{token: (entity, value)} of all `wanted`, made where there are none. Writes the database."""
    by_digest = {(entity, _digest(root_id, entity, value)): value for entity, value in wanted}
    found = _numbers(root_id, by_digest)
    if len(found) < len(by_digest):
        found |= _made(root_id, {key: value for key, value in by_digest.items() if key not in found})
    return {tokens.token(key[0], found[key]): (key[0], value) for key, value in by_digest.items()}


def copy(source_id: int, target_id: int) -> None:
    """Gives the values of one root run to another, which takes over its content: every token means the same there.

    One whose value is gone stays without: its number is not given out again.
    """
    until, values = _expiry(), read(source_id)
    VaultEntry.objects.bulk_create(
        (
            VaultEntry(
                root_id=target_id,
                entity=entity,
                number=(number := int(token.rpartition("_")[2][:-1])),
                digest=_digest(target_id, entity, value),
                ciphertext=secrets.encrypt(value, _place(target_id, entity, number)),
                expires_at=until,
            )
            for token, (entity, value) in values.items()
        ),
        BATCH,
        ignore_conflicts=True,
    )
    _keep_last_numbers(source_id, target_id, values)


def put_off_expiry(root_id: int) -> None:
    """Gives the values of a root run their full time again, once a day at most."""
    until = _expiry()
    due = VaultEntry.objects.filter(root_id=root_id, expires_at__lt=until - DAY_US).exclude(ciphertext=b"")
    due.update(expires_at=until)


def forget_expired() -> None:
    """Deletes expired values; of each root run and entity the last number stays for a year. For the sweep: a few
    groups each time."""
    now = clock.now()
    expired = VaultEntry.objects.filter(expires_at__lt=now)
    expired.filter(ciphertext=b"").delete()
    last = expired.values("root_id", "entity").annotate(number=Max("number"))
    for row in list(last[:SWEPT]):
        values = expired.filter(root_id=row["root_id"], entity=row["entity"])
        with transaction.atomic():
            values.filter(number__lt=row["number"]).delete()
            values.filter(number=row["number"]).update(
                ciphertext=b"", digest=str(row["number"]), expires_at=now + NUMBERS_KEPT_DAYS * DAY_US
            )


def _keep_last_numbers(source_id: int, target_id: int, copied: Collection[str]) -> None:
    """Empty rows in `target_id` for the last numbers of `source_id` whose tokens were not `copied`."""
    until = clock.now() + NUMBERS_KEPT_DAYS * DAY_US
    rows = VaultEntry.objects.filter(root_id=source_id)
    last = rows.values_list("entity").annotate(Max("number")).order_by()
    VaultEntry.objects.bulk_create(
        [
            VaultEntry(
                root_id=target_id,
                entity=entity,
                number=number,
                digest=str(number),
                ciphertext=b"",
                expires_at=until,
            )
            for entity, number in last
            if tokens.token(entity, number) not in copied
        ],
        ignore_conflicts=True,
    )


def _read_each(wanted: Mapping[int, Collection[str]]) -> dict[int, dict[str, Value]]:
    """{root run: {token: (entity, value)}} of the tokens `wanted` by root run."""
    parts = [
        match for names in wanted.values() for token in names if (match := tokens.LOOKS.fullmatch(token))
    ]
    rows = VaultEntry.objects.filter(
        root_id__in=wanted.keys(),
        entity__in={part[2] for part in parts},
        number__in={int(part[3]) for part in parts},
    )
    found: dict[int, dict[str, Value]] = {}
    for row in rows.exclude(ciphertext=b"").iterator():
        if tokens.token(row.entity, row.number) not in wanted[row.root_id]:
            continue  # of another token's entity, number or root run
        token, value = _opened(row)
        if value:
            found.setdefault(row.root_id, {})[token] = value
    return found


def _value_in(values: Mapping[str, Value], token: str) -> str | None:
    return values[token][1] if token in values else None


def _made(root_id: int, missing: dict[Value, str]) -> dict[Value, int]:
    """Numbers for values that have none: again, where another worker took a number or made the same value first."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                _insert(root_id, missing)
                found = _numbers(root_id, missing)
        except OperationalError as error:  # PostgreSQL ended one of two that waited for each other
            if "deadlock" not in str(error):
                raise
            continue
        if len(found) == len(missing):
            return found
    raise OperationalError(f"No numbers could be had in the vault of a run after {TRIES} tries.")


def _insert(root_id: int, missing: dict[Value, str]) -> None:
    known = _numbers(root_id, missing)
    rows = VaultEntry.objects.filter(root_id=root_id)
    last = dict(rows.values_list("entity").annotate(Max("number")).order_by())
    until = _expiry()
    made = []
    # In one order everywhere, so that two workers wait for each other in one direction.
    order = {key: at for at, key in enumerate(missing)}
    for entity, digest in sorted(missing.keys() - known.keys(), key=lambda key: (key[0], order[key])):
        number = last[entity] = last.get(entity, 0) + 1
        sealed = secrets.encrypt(missing[entity, digest], _place(root_id, entity, number))
        place = {"root_id": root_id, "entity": entity, "number": number}
        made.append(VaultEntry(**place, digest=digest, ciphertext=sealed, expires_at=until))
    VaultEntry.objects.bulk_create(made, BATCH, ignore_conflicts=True)
    rows.exclude(ciphertext=b"").filter(expires_at__lt=until - DAY_US).update(expires_at=until)


def _numbers(root_id: int, wanted: Collection[Value]) -> dict[Value, int]:
    found: dict[Value, int] = {}
    digests = [digest for _, digest in wanted]
    for at in range(0, len(digests), BATCH):
        rows = VaultEntry.objects.filter(root_id=root_id, digest__in=digests[at : at + BATCH])
        found |= {
            (entity, digest): number
            for entity, digest, number in rows.values_list("entity", "digest", "number")
        }
    return found


def _opened(row: VaultEntry) -> tuple[str, Value | None]:
    token = tokens.token(row.entity, row.number)
    try:
        return token, (
            row.entity,
            secrets.decrypt(bytes(row.ciphertext), _place(row.root_id, row.entity, row.number)),
        )
    except secrets.Unreadable:
        return token, None  # sealed under an older secret key: the token stays where it stands


def _only(value_of: tokens.Lookup, entities: frozenset[str]) -> Callable[[str], str | None]:
    return lambda token: value_of(token) if token[1:].rpartition("_")[0] in entities else None


def _digest(root_id: int, entity: str, value: str) -> str:
    message = f"{root_id}/{entity}/{value}".encode(errors="surrogatepass")
    return hmac.new(_key(settings.SECRET_KEY), message, sha256).hexdigest()


@lru_cache(maxsize=4)
def _key(secret_key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"baton vault 1").derive(secret_key.encode())


def _place(root_id: int, entity: str, number: int) -> str:
    return f"vault/{root_id}/{entity}/{number}"


def _expiry() -> int:
    return clock.now() + settings.VAULT_DAYS * DAY_US
