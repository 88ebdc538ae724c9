"""The sample service's reading matter: collections that never change, their records found by id or by words.

A collection is one seed file, {id: record}. Searching is plain: a record's score is how many of the asked words it
holds, rare words counting more, and words of its title twice. Nothing is random: the same words find the same.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from registry.sample.books import SEED, Refusal

WORD = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
STOP = frozenset(
    "a an and are as at be been before by can do does did for from has have how if in is it its me my no not of on or "
    "our so that the their there they this to under was were what when where which who will with would you your".split()
)
TITLES = ("name", "title", "topics")
MOST = 5
LONGEST_QUERY = 500

Asked = Mapping[str, str]  # the parts of the path and the query of a request
Lookup = Callable[[Asked], dict]


@cache
def collection(name: str) -> Mapping[str, dict]:
    """The records of a seed file, by id. Shared: read it, don't change it."""
    return json.loads((SEED / f"{name}.json").read_bytes())


def record(name: str, noun: str) -> Lookup:
    """A route that gives one record of a collection by its id."""

    def show(asked: Asked) -> dict:
        return found(name, asked["name"], noun)

    return show


def found(name: str, key: str, noun: str) -> dict:
    """A record of a collection. Raises Refusal 404."""
    if key not in collection(name):
        raise Refusal(404, f"There is no {noun} {key[:80]}.")
    return collection(name)[key]


def searching(name: str, most: int = MOST) -> Lookup:
    """A route that finds the records of a collection that fit the words in `q`, best first."""

    def search(asked: Asked) -> dict:
        wanted = words(query(asked))
        scored = [(score(name, wanted, key), key) for key in collection(name)]
        best = sorted((-points, key) for points, key in scored if points > 0)[:most]
        return {"query": query(asked), "results": [collection(name)[key] for _, key in best]}

    return search


def query(asked: Asked) -> str:
    """What is searched for. Raises Refusal 422 where nothing is, or too much."""
    text = asked.get("q", "").strip()
    if not 0 < len(text) <= LONGEST_QUERY:
        raise Refusal(422, f"Say in `q` what to search for, in 1 to {LONGEST_QUERY} characters.")
    return text


def score(name: str, wanted: Iterable[str], key: str) -> float:
    title, body = held(name)[key]
    return sum(rarity(name, word) * (2 if word in title else 1) for word in wanted if word in title | body)


@cache
def held(name: str) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """{id: (the words of the title, the words of everything else)}."""
    return {
        key: (
            words(" ".join(spoken(entry.get(field, "")) for field in TITLES)),
            words(" ".join(spoken(value) for field, value in entry.items() if field not in TITLES)),
        )
        for key, entry in collection(name).items()
    }


@cache
def rarity(name: str, word: str) -> float:
    holding = sum(word in title | body for title, body in held(name).values())
    return math.log(1 + len(held(name)) / holding) if holding else 0


def words(text: str) -> frozenset[str]:
    """The words that matter, small and without the `s` of a plural."""
    small = (word for word in WORD.findall(text.lower()) if word not in STOP)
    return frozenset(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in small)


def spoken(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
