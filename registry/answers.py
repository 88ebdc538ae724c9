"""What a model said on its way in: sifted before it is written, and shown while it streams as the rules leave it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from governance.port import Desk
from governance.privacy import Ruleset, StreamSifter
from registry import privacy
from registry.calls import Reply
from registry.messages import content_of_reply, reply_with

WHERE = "model_output"
OF_JSON = ("{", "[", "`")


async def arriving(
    desk: Desk, call: str, rules: Ruleset | None, reply: Reply, is_object: bool
) -> tuple[Reply, str]:
    """The reply as the rules leave it, and the question that a person has to answer before it goes on ("": none).
    Raises CallFailed `denied`."""
    if rules is None:
        return reply, ""
    content = content_of_reply(reply, is_object)
    passed = await privacy.passing(desk, call, rules, WHERE, content)
    return reply_with(reply, content, passed.content), passed.question


async def allowed(desk: Desk, call: str, reply: Reply, question: str | None) -> Reply:
    """The reply, once a person agreed where that is asked for. Raises CallFailed `rejected`."""
    if question:
        held = privacy.Passing(content_of_reply(reply, False), question)
        await privacy.agreed(desk, call, WHERE, held)
    return reply


def watched(desk: Desk, rules: Ruleset | None) -> "Callable[[str], None] | Watched":
    """What takes the pieces of a model's text: those who watch, directly where no rule speaks of it."""
    if rules is None or not rules.speaks_of(WHERE):
        return desk.delta
    return Watched(desk, rules)


class Watched:
    """One answer's text for those who watch it. A piece goes out once nothing in it can turn out to be protected.

    Answers in JSON are not shown while they stream: their spelling hides from detectors what it says. Nor is what
    follows something that a rule stops.
    """

    def __init__(self, desk: Desk, rules: Ruleset):
        self._desk, self._sifter = desk, StreamSifter(rules, WHERE, desk.vault)
        self._pieces: list[str] = []
        self._pump: asyncio.Task | None = None
        self._begun = self._silent = False

    def __call__(self, text: str) -> None:
        if self._silent or not text:
            return
        if not self._begun and text.strip():
            self._begun, self._silent = True, text.lstrip().startswith(OF_JSON)
        self._pieces.append(text)
        if self._pump is None and not self._silent:
            self._pump = asyncio.get_running_loop().create_task(self._pass_on())

    async def _pass_on(self) -> None:
        while self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._show(await self._sifter.push(text))
        self._pump = None

    def _show(self, text: str) -> None:
        self._silent = self._silent or self._sifter.refused
        if text and not self._silent:
            self._desk.delta(text)

    async def end(self) -> None:
        """The rest of a text that is complete."""
        if self._pump is not None:
            await self._pump
        if self._begun and not self._silent:
            self._show(await self._sifter.end())

    async def drop(self) -> None:
        """The answer broke off: what was held back is not shown."""
        self._silent = True
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
