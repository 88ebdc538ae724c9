"""Text that comes in pieces: tokens restored across their borders, findings caught across their borders."""

import re
from collections.abc import Callable
from functools import partial

from governance.detection import find_many
from governance.detection.findings import Finding
from governance.privacy import sifting, tokens
from governance.privacy.rules import Ruleset
from governance.privacy.vault import Vault

BEGUN = re.compile(r"<(\\{0,64}([A-Z][A-Z0-9_]{0,80})?)?\Z")  # what could still become a token
BEHIND = 64  # characters that must follow before a piece goes out: no finding with spaces in it is longer
CONTEXT = 80  # characters of what went out that are still looked at
MOST_HELD = 16_000
BREAK = re.compile(
    r"[\s\u2e80-\uff00]"
)  # where a piece may end: behind a space or a letter of a script without them
KEY_BEGUN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY")
KEY_ENDED = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----")


class StreamRestorer:
    """`push` pieces, write what it returns; `end` gives what was held back. No I/O: load the vault before."""

    def __init__(self, value_of: tokens.Lookup):
        self._value_of, self._held = value_of, ""

    def push(self, piece: str) -> str:
        text = self._held + piece
        begun = BEGUN.search(text, max(0, len(text) - tokens.LONGEST - 64))
        cut = begun.start() if begun else len(text)
        self._held = text[cut:]
        return tokens.restore(text[:cut], self._value_of)

    def end(self) -> str:
        text, self._held = self._held, ""
        return tokens.restore(text, self._value_of)


class StreamSifter:
    """Text that streams, sifted as it goes: what could be the start of a finding or of a token waits.

    `findings` counts what was found, as Sifted does. What blocks or asks is masked and ends up there: the caller
    looks at `refused` after each piece.
    """

    def __init__(self, ruleset: Ruleset, where: str, vault: Vault):
        self._ruleset, self._where, self._vault = ruleset, where, vault
        self._before, self._held = "", ""
        self.findings: dict[tuple[str, str], int] = {}

    async def push(self, piece: str) -> str:
        """What may be shown now; often nothing."""
        self._held += piece
        if len(self._held) <= BEHIND:
            return ""
        return await self._released(last=False)

    async def end(self) -> str:
        """The rest."""
        return await self._released(last=True)

    @property
    def refused(self) -> bool:
        return any(action in ("block", "approve") for _, action in self.findings)

    async def _released(self, *, last: bool) -> str:
        text = self._held
        found = await self._found(text)
        cut = len(text) if last else self._cut(text, found)
        self._before = (self._before + text[:cut])[-CONTEXT:]
        self._held = text[cut:]
        return await self._changed(text[:cut], tuple(one for one in found if one.end <= cut))

    async def _found(self, text: str) -> tuple[Finding, ...]:
        whole = self._before + text
        (found,) = await find_many([whole], self._ruleset.entities(self._where), self._vault.root_id)
        by = len(self._before)
        inside = tuple(one.moved(-by) for one in found if one.start >= by)
        return sifting.without_tokens(text, inside)

    def _cut(self, text: str, found: tuple[Finding, ...]) -> int:
        """The last place where nothing is torn: behind a space, before what has only begun."""
        if len(text) > MOST_HELD:
            return len(text) - BEHIND
        begun = KEY_BEGUN.search(text)
        limit = len(text) - BEHIND
        if begun and not KEY_ENDED.search(text, begun.end()):
            limit = min(limit, begun.start())
        cut = max((match.end() for match in BREAK.finditer(text, 0, max(0, limit))), default=0)
        for one in found:
            if one.start < cut < one.end or one.end == cut:
                cut = one.start
        return cut

    async def _changed(self, text: str, found: tuple[Finding, ...]) -> str:
        action = self._ruleset.action
        for one in found:
            key = (one.entity, action(self._where, one.entity))
            self.findings[key] = self.findings.get(key, 0) + 1
        wanted = [
            (one.entity, text[one.start : one.end])
            for one in found
            if action(self._where, one.entity) in sifting.TOKENS
        ]
        names = await self._vault.tokens(wanted) if wanted else {}
        between = await self._escaping(text)
        return sifting.changed_text(text, found, self._ruleset, self._where, names, between)

    async def _escaping(self, text: str) -> Callable[[str], str]:
        """What is not yet known to be a token is escaped when it goes out, so that nothing is escaped twice."""
        if self._where in sifting.OUTSIDE:
            return tokens.escape
        if self._where != "model_output":
            return str
        await self._vault.learn([text])
        return partial(tokens.escape_unknown, known=self._vault.holds)
