"""The sample service's data: one JSON file, seeded once, changed by whole and atomic replacement.

One file holds everything, also the answers kept by Idempotency-Key: a crash leaves an effect together with its
answer, or neither.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

SEED = Path(__file__).parent / "seed"
SHELVES = (
    "charges",
    "refunds",
    "orders",
    "purchase_orders",
    "invoices",
    "closings",
    "documents",
    "reviews",
)
MOST_ANSWERS = 1_000  # kept by Idempotency-Key, the oldest go first
MOST_RECORDS = 10_000  # on one shelf

Answer = tuple[int, dict]


class SampleUnusable(Exception):
    """The sample service's data cannot be read or written."""


class Refusal(Exception):
    """What the caller did wrong, as an HTTP status and a sentence."""

    def __init__(self, status: int, sentence: str, problems: list[dict] | None = None):
        super().__init__(sentence)
        self.status, self.sentence, self.problems = status, sentence, problems or []


class Books:
    """The records by shelf and id. Used from one thread: the service's."""

    def __init__(self, folder: Path):
        self.file = folder / "data.json"
        try:
            if not self.file.exists():
                folder.mkdir(parents=True, exist_ok=True)
                self._write({**seed(), "answers": {}})
            self.data = self._read()
        except OSError as error:
            raise SampleUnusable(f"{error.filename or self.file}: {error.strerror}.") from error

    def find(self, shelf: str, name: str) -> dict | None:
        return self.data[shelf].get(name)

    def effect(self, key: str | None, asked: Any, make: Callable[["Books"], Answer]) -> Answer:
        """What `make` answers and leaves on the shelves, once for each key; it changes nothing where it raises.

        The same key with the same `asked` gives the first answer again; with another it raises Refusal 422.
        """
        known = self.data["answers"].get(key) if key else None
        if known is not None:
            if known["asked"] != asked:
                raise Refusal(422, "This Idempotency-Key was used for another request: take a new one.")
            return known["status"], known["body"]
        before = self.data
        self.data = {shelf: dict(before[shelf]) for shelf in (*SHELVES, "answers")}
        try:
            status, body = make(self)
            self._keep(key, asked, status, body)
            self._write(self.data)
        except BaseException:
            self.data = before
            raise
        return status, body

    def put(self, shelf: str, name: str, record: dict) -> dict:
        """For `make` in `effect`: writes a record; those that were there before are never changed in place."""
        records = self.data[shelf]
        if name not in records and len(records) >= MOST_RECORDS:
            raise Refusal(409, f"There are {MOST_RECORDS} {shelf} already: the sample service takes no more.")
        records[name] = record
        return record

    def next_name(self, shelf: str, prefix: str, first: int) -> str:
        """The name of a shelf's next record; records are never taken away."""
        return f"{prefix}{first + len(self.data[shelf])}"

    def _keep(self, key: str | None, asked: Any, status: int, body: dict) -> None:
        answers = self.data["answers"]
        if key:
            answers[key] = {"asked": asked, "status": status, "body": body}
        while len(answers) > MOST_ANSWERS:
            del answers[next(iter(answers))]

    def _read(self) -> dict:
        try:
            # What was written before there was a shelf gets it now, as a first start has it.
            data = {**seed(), **json.loads(self.file.read_bytes())}
            if all(isinstance(data[shelf], dict) for shelf in (*SHELVES, "answers")):
                return data
        except (ValueError, KeyError, TypeError):
            pass
        raise SampleUnusable(f"{self.file} is not what was written: remove it to begin with fresh data.")

    def _write(self, data: dict) -> None:
        fresh = self.file.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as out:
            json.dump(data, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self.file)


def seed() -> dict[str, dict]:
    """The records of the first start."""
    return {shelf: json.loads((SEED / f"{shelf}.json").read_bytes()) for shelf in SHELVES}
