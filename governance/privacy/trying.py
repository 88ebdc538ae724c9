"""Trying rules on a text: what is found in it and what each rule does to it. Nothing is kept, no vault is touched."""

import threading
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from asgiref.sync import async_to_sync

from governance.detection import ENTITIES, NEED_MODEL, Finding, find_many
from governance.detection.scanning import LONG, has_model
from governance.privacy import rules, sifting, tokens
from governance.privacy.rules import Ruleset

NOT_DETECTED = (
    "{entities} are not detected: that needs a spaCy model, and the operator named none (BATON_SPACY_MODEL)."
)
SECONDS = 2  # about what a long text takes

_busy: set[Hashable] = set()
_lock = threading.Lock()


class Busy(Exception):
    """Another long text of yours is being scanned: wait for it, then send this one again."""

    seconds = SECONDS

    def __init__(self) -> None:
        super().__init__(f"{self.__doc__} Try again in {self.seconds} s.")


def tried(ruleset: Ruleset, text: str, where: str | None = None, by: Hashable = None) -> dict[str, Any]:
    """The answer of the scan endpoint. `where` is one of WHERE; without it the strictest action anywhere counts.

    {findings: [{entity, start, end, score, action}], text, after: {mask, tokenize}, blocked, approve, rules,
    undetected, note}: `text` as the rules leave it, `after` as if all were masked or tokenized. Waits for the scan:
    call it in a thread. Of the same person (`by`) only one long text at a time. Raises Busy.
    """
    with one_at_a_time(by if len(text) > LONG else None):
        (found,) = async_to_sync(find_many)([text], None, ("person", by))
    actions = {
        entity: ruleset.action(where, entity) if where else ruleset.strictest(entity) for entity in ENTITIES
    }
    return {
        "findings": [shown(one, actions[one.entity]) for one in found],
        "text": changed(text, found, actions),
        "after": {
            action: changed(text, found, dict.fromkeys(ENTITIES, action)) for action in ("mask", "tokenize")
        },
        "blocked": sorted({one.entity for one in found if actions[one.entity] == rules.BLOCK}),
        "approve": sorted({one.entity for one in found if actions[one.entity] == rules.APPROVE}),
        "rules": ruleset.name,
        **undetected(),
    }


@contextmanager
def one_at_a_time(by: Hashable) -> Iterator[None]:
    """Who waits for a scan holds a thread of the server: nobody holds two. None is nobody. Raises Busy."""
    with _lock:
        if by is not None and by in _busy:
            raise Busy
        _busy.add(by)
    try:
        yield
    finally:
        with _lock:
            _busy.discard(by)


def undetected() -> dict[str, Any]:
    """{undetected: entities that nothing looks for here, note: the sentence that says so, or an empty one}."""
    names = [] if has_model() else sorted(NEED_MODEL)
    return {"undetected": names, "note": NOT_DETECTED.format(entities=" and ".join(names)) if names else ""}


def shown(found: Finding, action: str) -> dict[str, Any]:
    return {
        "entity": found.entity,
        "start": found.start,
        "end": found.end,
        "score": round(found.score, 3),
        "action": action,
    }


def changed(text: str, found: Sequence[Finding], actions: Mapping[str, str]) -> str:
    """`text` as it would go on, with tokens numbered from 1."""
    ruleset = Ruleset("", {"text": actions})
    return sifting.changed_text(text, tuple(found), ruleset, "text", _numbered(text, found))


def _numbered(text: str, found: Sequence[Finding]) -> dict[tuple[str, str], str]:
    counts: Counter[str] = Counter()
    names: dict[tuple[str, str], str] = {}
    for one in found:
        value = (one.entity, text[one.start : one.end])
        if value not in names:
            counts[one.entity] += 1
            names[value] = tokens.token(one.entity, counts[one.entity])
    return names
