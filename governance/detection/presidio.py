"""Presidio's recognizers, loaded when the first candidate needs one: the import takes 2 s and 110 MB (it brings spaCy).

They are asked about single candidates, without Presidio's engine: patterns and validation are theirs, the search for
candidates and the words around are ours, because that is fifty times as fast.
"""

import logging
import threading
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

_lock = threading.Lock()


def score(recognizer: str, candidate: str) -> float:
    """How sure the recognizer of that name is that all of `candidate` is its entity, after its validation; 0 to 1."""
    found = _recognizer(recognizer)
    results = found.analyze(candidate, found.supported_entities, None)
    return max((one.score for one in results if one.start == 0 and one.end == len(candidate)), default=0.0)


def scorer(recognizer: str) -> Callable[[str], float]:
    """`score` for one text: of equal candidates one is asked about, and nothing is kept beyond the text."""
    return lru_cache(maxsize=1024)(partial(score, recognizer))


def spans(recognizer: str, text: str) -> list[tuple[int, int, float]]:
    """What the recognizer finds in a short text: (start, end, score)."""
    found = _recognizer(recognizer)
    return [(one.start, one.end, one.score) for one in found.analyze(text, found.supported_entities, None)]


@lru_cache(maxsize=32)
def _recognizer(name: str) -> Any:
    with _lock:
        quieten()
        from presidio_analyzer import predefined_recognizers

        return getattr(predefined_recognizers, name)()


@lru_cache(maxsize=1)
def quieten() -> None:
    """Presidio writes what it could not validate into its log, and tldextract asks publicsuffix.org: both end here."""
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL + 1)
    import tldextract.tldextract as suffixes

    suffixes.TLD_EXTRACTOR = suffixes.TLDExtract(suffix_list_urls=(), cache_dir=None)
