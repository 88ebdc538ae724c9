"""What rules make of one text: its parts with what was found, who speaks of each finding, and what is left."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.detection.findings import Finding
from governance.privacy import find, rules, tokens
from governance.privacy.rules import Ruleset
from governance.privacy.sifting import masked
from runs.views.privacy.words import ACTIONS, Action, entity_title


@dataclass(frozen=True, slots=True)
class Book:
    """Rules to try: of which document, in which state."""

    slug: str
    label: str
    rules: list[dict[str, Any]]
    is_live: bool

    @property
    def ruleset(self) -> Ruleset:
        return Ruleset.parse({"slug": self.slug, "rules": self.rules})


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the text; `entity` is empty where nothing was found."""

    text: str
    entity: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A finding: `said` are (document, number of the rule, Action) of all who speak of it; `action` is what holds."""

    text: str
    entity: str
    title: str
    score: float
    action: Action
    said: list[tuple[str, int, Action]]


@dataclass(frozen=True, slots=True)
class Tried:
    """`left` is the text as the rules leave it."""

    parts: list[Part]
    rows: list[Row]
    left: str
    masked: str
    tokenized: str
    blocked: bool


def tried(text: str, books: Sequence[Book], where: str) -> Tried:
    """`where` is one of rules.WHERE, or "" for the strictest that holds anywhere."""
    findings = find(text)
    joined = Ruleset("", {})
    for book in books:
        joined = joined.joined(book.ruleset)

    def holds(entity: str) -> str:
        return joined.action(where, entity) if where else joined.strictest(entity)

    names = names_of(text, findings)
    return Tried(
        list(parts(text, findings, holds)),
        [row(text, one, holds(one.entity), books, where) for one in findings],
        replaced(text, findings, holds, names),
        replaced(text, findings, lambda entity: rules.MASK, names),
        replaced(text, findings, lambda entity: rules.TOKENIZE, names),
        any(holds(one.entity) == rules.BLOCK for one in findings),
    )


def parts(text: str, findings: Iterable[Finding], holds: Callable[[str], str]) -> Iterable[Part]:
    at = 0
    for one in findings:
        yield Part(text[at : one.start])
        yield Part(text[one.start : one.end], one.entity, ACTIONS[holds(one.entity)].status)
        at = one.end
    yield Part(text[at:])


def row(text: str, one: Finding, action: str, books: Sequence[Book], where: str) -> Row:
    said = [
        (book.label, number, ACTIONS[rule["action"]])
        for book in books
        for number, rule in enumerate(book.rules, 1)
        if one.entity in rule["entities"] and (not where or where in rule["where"])
    ]
    found = text[one.start : one.end]
    return Row(found, one.entity, entity_title(one.entity), one.score, ACTIONS[action], said)


def names_of(text: str, findings: Iterable[Finding]) -> dict[tuple[str, str], str]:
    """{(entity, value): token}, numbered by entity in the order of the text: the same value the same token."""
    names: dict[tuple[str, str], str] = {}
    counts: dict[str, int] = {}
    for one in findings:
        key = one.entity, text[one.start : one.end]
        if key not in names:
            counts[one.entity] = counts.get(one.entity, 0) + 1
            names[key] = tokens.token(one.entity, counts[one.entity])
    return names


def replaced(
    text: str, findings: Iterable[Finding], holds: Callable[[str], str], names: Mapping[tuple[str, str], str]
) -> str:
    made, at = [], 0
    for one in findings:
        value = text[one.start : one.end]
        made += [text[at : one.start], put(one.entity, value, holds(one.entity), names)]
        at = one.end
    return "".join([*made, text[at:]])


def put(entity: str, value: str, action: str, names: Mapping[tuple[str, str], str]) -> str:
    """What stands in the place of a value; what blocks leaves no value behind."""
    if action in (rules.MASK, rules.BLOCK):
        return masked(entity)
    return names[entity, value] if action in (rules.TOKENIZE, rules.APPROVE) else value
