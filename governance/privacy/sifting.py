"""Sifting: JSON content as the rules of one place leave it.

Strings are escaped where they come from outside, scanned (each text once), and changed. A number cannot hold a token
and a key that changed would be another one: where one is a finding that would be changed, the content is blocked. What
blocks is masked in the result and what needs an approval is a token in it, so that whoever records the refusal records
no value.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from governance.detection import Finding, Item, find_many, hint
from governance.privacy import rules, tokens
from governance.privacy.rules import Ruleset
from governance.privacy.vault import Vault

OUTSIDE = frozenset({"run_input", "tool_output"})
LEAST_DIGITS = 7  # of a number that can be a finding
PLAIN_KEY = re.compile(r"[A-Za-z_]{0,32}")  # nothing is found in those, and nearly all keys are
TOKENS = (rules.TOKENIZE, rules.APPROVE)
MASKS = (rules.MASK, rules.BLOCK)
CHANGES = (rules.MASK, rules.BLOCK, rules.TOKENIZE)  # to a key or a number: none of them can be done there
Leaf = str | int | float
Unfit = dict[str, set[str]]  # entities found where nothing can be changed


@dataclass(frozen=True, slots=True)
class Sifted:
    """`content` as it may go on; `findings` are [{entity, action, count}]; `blocked` says why it must not.

    `approve` says what a person has to agree to; once that happened, `vault.restore(content, approvable)` is it.
    """

    content: Any
    findings: list[dict] = field(default_factory=list)
    blocked: str | None = None
    approve: str | None = None
    approvable: frozenset[str] = frozenset()


async def sift(ruleset: Ruleset, where: str, content: Any, vault: Vault) -> Sifted:
    """What the rules leave of JSON `content` at `where`, one of WHERE. Scans and writes the vault off the loop."""
    content = await _escaped(where, content, vault)
    leaves = list(_leaves(content))
    keys = list(dict.fromkeys(_keys(content)))
    items = [Item(_text(leaf), hint(key)) for key, leaf in leaves] + [Item(key) for key in keys]
    found = await find_many(items, ruleset.entities(where), vault.root_id)
    kept = [without_tokens(item.text, findings) for item, findings in zip(items, found, strict=True)]
    counts = Counter((one.entity, ruleset.action(where, one.entity)) for findings in kept for one in findings)
    kept, in_keys = kept[: len(leaves)], dict(zip(keys, kept[len(leaves) :], strict=True))
    if not counts:
        return Sifted(content)
    wanted = [
        (one.entity, item.text[one.start : one.end])
        for (_, leaf), item, findings in zip(leaves, items[: len(leaves)], kept, strict=True)
        for one in findings
        if isinstance(leaf, str) and ruleset.action(where, one.entity) in TOKENS
    ]
    names = await vault.tokens(wanted) if wanted else {}
    changed = iter(
        [
            changed_text(leaf, findings, ruleset, where, names) if isinstance(leaf, str) else leaf
            for (_, leaf), findings in zip(leaves, kept, strict=True)
        ]
    )
    numbers = [found for (_, leaf), found in zip(leaves, kept, strict=True) if not isinstance(leaf, str)]
    unfit = {"number": _entities(numbers), "key": _entities(in_keys.values())}
    renamed = {key: _masked_key(key, found, ruleset, where) for key, found in in_keys.items() if found}
    return _summed_up(ruleset, where, _rebuilt(content, changed, renamed), counts, unfit)


def changed_text(
    text: str,
    findings: tuple[Finding, ...],
    ruleset: Ruleset,
    where: str,
    names: Mapping[tuple[str, str], str],
    between: Callable[[str], str] = str,
) -> str:
    """`text` with its findings masked or replaced by `names`, {(entity, value): token}; `between` changes the rest."""
    parts, at = [], 0
    for one in findings:
        action = ruleset.action(where, one.entity)
        if action in MASKS:
            put = masked(one.entity)
        elif action in TOKENS:
            put = names[one.entity, text[one.start : one.end]]
        else:
            continue
        parts += [between(text[at : one.start]), put]
        at = one.end
    return "".join([*parts, between(text[at:])])


def masked(entity: str) -> str:
    return f"[{entity}]"


async def _escaped(where: str, content: Any, vault: Vault) -> Any:
    if where in OUTSIDE:
        return tokens.each_text(content, tokens.escape, tokens.escape)
    if where == "model_output":
        await vault.learn([*tokens.texts_of(content), *tokens.keys_of(content)])
        escape = partial(tokens.escape_unknown, known=vault.holds)
        return tokens.each_text(content, escape, escape)
    return content


def _leaves(content: Any, key: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every string, and every number long enough to be a finding, with the key it stands under."""
    if _counts(content):
        yield key, content
    elif isinstance(content, dict):
        for name, inner in content.items():
            yield from _leaves(inner, name)
    elif isinstance(content, list | tuple):
        for inner in content:
            yield from _leaves(inner, key)


def _keys(content: Any) -> Iterator[str]:
    """Every key that may hold a finding."""
    if isinstance(content, dict):
        for key, inner in content.items():
            if not PLAIN_KEY.fullmatch(key):
                yield key
            yield from _keys(inner)
    elif isinstance(content, list | tuple):
        for inner in content:
            yield from _keys(inner)


def _masked_key(key: str, found: tuple[Finding, ...], ruleset: Ruleset, where: str) -> str:
    """The key for the record of a refusal; as it is, where nothing in it would be changed."""
    changing = [one for one in found if ruleset.action(where, one.entity) in CHANGES]
    names = {(one.entity, key[one.start : one.end]): masked(one.entity) for one in changing}
    return changed_text(key, tuple(changing), ruleset, where, names)


def _entities(found: Iterable[tuple[Finding, ...]]) -> set[str]:
    return {one.entity for findings in found for one in findings}


def _rebuilt(content: Any, changed: Iterator[Leaf], renamed: Mapping[str, str]) -> Any:
    if _counts(content):
        return next(changed)
    if isinstance(content, dict):
        return {renamed.get(key, key): _rebuilt(inner, changed, renamed) for key, inner in content.items()}
    if isinstance(content, list | tuple):
        return [_rebuilt(inner, changed, renamed) for inner in content]
    return content


def _counts(content: Any) -> bool:
    if isinstance(content, str):
        return True
    is_number = isinstance(content, int | float) and not isinstance(content, bool)
    return is_number and abs(content) >= 10 ** (LEAST_DIGITS - 1) and abs(content) < 10**20


def _text(leaf: Leaf) -> str:
    """Of a number its whole part: a sign or a fraction hides nothing."""
    return leaf if isinstance(leaf, str) else str(abs(int(leaf)))


def without_tokens(text: str, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Without what overlaps a token: that is no data any more."""
    taken = tokens.spans(text) if findings else []
    return tuple(one for one in findings if all(one.end <= start or end <= one.start for start, end in taken))


def _summed_up(
    ruleset: Ruleset, where: str, content: Any, counts: Counter[tuple[str, str]], unfit: Unfit
) -> Sifted:
    findings = [
        {"entity": entity, "action": action, "count": count}
        for (entity, action), count in sorted(counts.items())
    ]
    blocking = {entity for entity, action in counts if action == rules.BLOCK}
    unfit = {
        place: {entity for entity in found if ruleset.action(where, entity) in CHANGES} - blocking
        for place, found in unfit.items()
    }
    asking = frozenset(entity for entity, action in counts if action == rules.APPROVE)
    return Sifted(
        content,
        findings,
        blocked=_blocked_sentence(ruleset, where, blocking, unfit),
        approve=_sentence(ruleset, where, asking, "need an approval") if asking else None,
        approvable=asking,
    )


def _blocked_sentence(ruleset: Ruleset, where: str, blocking: set[str], unfit: Unfit) -> str | None:
    if blocking:
        return _sentence(ruleset, where, blocking, "are blocked")
    for place, entities in unfit.items():
        if entities:
            what = f"stand in a {place}, which cannot be changed: send them as text"
            return _sentence(ruleset, where, entities, what)
    return None


def _sentence(ruleset: Ruleset, where: str, entities: set[str] | frozenset[str], what: str) -> str:
    return f"The privacy rules {ruleset.name} found {', '.join(sorted(entities))} in {where}: they {what}."
