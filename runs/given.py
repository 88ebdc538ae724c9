"""A run's input on its way in: looked through before anything of it is stored.

Design note. The project's rules on run_input decide here; what they leave is what the journal, the run's row and every
page hold. A sift may not ask the database in the middle of a request, so it says which tokens it lacks, they are made
in one transaction, and it is repeated with them: what was found once is known. Who launches a run again or forks it
hands on what the first one holds: its tokens stay tokens, with their own copy of the values.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance.privacy import Ruleset, Sifted, Vault, rulesets, sift, tokens, vault
from runs.models import Run

WHERE = "run_input"


class InputStopped(Exception):
    """The rules do not let the input in; the text says which, and what they found."""


@dataclass(frozen=True, slots=True)
class Given:
    """`content` as the journal holds it, `meant` with the values behind its tokens, and the data of the lines that say
    what was found."""

    content: Any
    meant: Any
    found: Sequence[Mapping[str, Any]] = ()


def given(project_id: int, root_id: int, input: Any, of: Run | None = None, held: Any = None) -> Given:
    """The input of a new root run. `held` is what the run `of` holds already: where `input` is still the same, it is
    taken over. Raises InputStopped; writes the vault."""
    rules = rulesets.read(project_id).chosen()
    if of is not None:
        vault.copy(of.root_id, root_id)
    if of is not None and (rules is None or input == held):
        new = tokens.each_text(_without(input, held), tokens.escape, tokens.escape)
        content = _with(new, input, held)
        return Given(content, meant_by(root_id, content))
    if rules is None:
        return Given(input, input)
    sifted = sifted_here(rules, WHERE, _without(input, held), root_id)
    refuse(sifted)
    content = _with(sifted.content, input, held)
    return Given(content, meant_by(root_id, content), lines_of("launch", WHERE, sifted))


def meant_by(root_id: int, content: Any) -> Any:
    """`content` with the values behind its tokens, for checks and decisions; nobody is shown it."""
    return vault.reveal(root_id, [content])[0]


def refuse(sifted: Sifted) -> None:
    if sifted.blocked:
        raise InputStopped(sifted.blocked)
    if sifted.approve:
        raise InputStopped(f"{sifted.approve} Nobody can be asked before a run is there: leave it out.")


def lines_of(call: str, where: str, sifted: Sifted) -> list[dict[str, Any]]:
    """The data of `privacy.found` lines, one an action."""
    lines = []
    for action in dict.fromkeys(found["action"] for found in sifted.findings):
        there = {found["entity"]: found["count"] for found in sifted.findings if found["action"] == action}
        lines.append(
            {"call": call, "where": where, "entities": list(there), "action": action, "counts": there}
        )
    return lines


def sifted_here(rules: Ruleset, where: str, content: Any, root_id: int) -> Sifted:
    """What `sift` makes of it, with its tokens stored; none are where the rules stop it."""
    known = _Ahead(root_id)
    sifted = asyncio.run(sift(rules, where, content, known))
    if sifted.blocked or sifted.approve or not known.lacking:
        return sifted
    known.take(vault.allocate(root_id, known.lacking))
    return asyncio.run(sift(rules, where, content, known))


class _Ahead(Vault):
    """A vault that asks no database, and notes what it would have asked for."""

    def __init__(self, root_id: int):
        super().__init__(root_id)
        self.lacking: dict[tuple[str, str], None] = {}  # in their order: so they are numbered
        self._taken: dict[tuple[str, str], str] = {}

    async def tokens(self, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        wanted = list(wanted)
        self.lacking |= dict.fromkeys(value for value in wanted if value not in self._taken)
        return {value: self._taken.get(value, "") for value in wanted}

    async def learn(self, texts: Iterable[str]) -> None:
        """What a token stands for is not asked on the way in."""

    def take(self, made: Mapping[str, tuple[str, str]]) -> None:
        self._taken |= {value: token for token, value in made.items()}


def _without(new: Any, old: Any) -> Any:
    """`new` with nothing in the place of each text that stands in the same place of `old`."""
    if isinstance(new, str):
        return "" if new == old else new
    if isinstance(new, dict):
        return {name: _without(inner, _under(old, name)) for name, inner in new.items()}
    if isinstance(new, list):
        return [_without(inner, _under(old, at)) for at, inner in enumerate(new)]
    return new


def _with(sifted: Any, new: Any, old: Any) -> Any:
    """`sifted`, whose keys are escaped, with the texts in their places that `_without` left out; keys that stand there
    in `old` are escaped already."""
    if isinstance(new, str):
        return new if new == old else sifted
    if isinstance(new, dict):
        return {
            _key(name, old): _with(sifted[tokens.escape(name)], inner, _under(old, name))
            for name, inner in new.items()
        }
    if isinstance(new, list):
        return [_with(sifted[at], inner, _under(old, at)) for at, inner in enumerate(new)]
    return sifted


def _key(name: str, old: Any) -> str:
    return name if isinstance(old, dict) and name in old else tokens.escape(name)


def _under(old: Any, name: str | int) -> Any:
    if isinstance(old, dict):
        return old.get(name)
    is_there = isinstance(old, list) and isinstance(name, int) and name < len(old)
    return old[name] if is_there else None
