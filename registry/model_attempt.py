"""One call of a model: it goes out once, and what it did is booked and written whatever becomes of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

from governance.port import Desk, Facts
from governance.privacy import Ruleset
from registry import answers, health, lines, privacy
from registry.address import Guard
from registry.backends import BackendError, ModelReply, ModelRequest, backend
from registry.breaker import Admission, BreakerOpen
from registry.calls import CallFailed, ModelAsk, Reply
from registry.checks import provider_of
from registry.health import BREAKERS as BREAKERS
from registry.lookups import Provider
from registry.reservations import Reservation
from registry.untrusted import LONGEST_FAILURE, shorten
from registry.usage import Usage, capped, worst_case

DEFAULT_MAX_TOKENS = 1024
GRACE_S = 5.0  # a backend keeps its own deadline; this one stops a backend that does not
CHARACTERS_PER_TOKEN = 4


def guard() -> Guard:
    """Which private addresses this instance may reach (BATON_HTTP_ALLOW)."""
    return _guard(settings.HTTP_ALLOW)


@lru_cache(maxsize=8)
def _guard(allow: frozenset[str]) -> Guard:
    return Guard(allow)


def params_of(ask: ModelAsk) -> Mapping:
    """The call's parameters, always with `max_tokens`."""
    own = ask.params
    if own is None:
        own = (ask.agent.document or {}).get("params", {}) if ask.agent else {}
    return own if "max_tokens" in own else {**own, "max_tokens": DEFAULT_MAX_TOKENS}


def request(facts: Facts, ask: ModelAsk, provider: Provider, messages: Sequence[Mapping]) -> ModelRequest:
    """What the backend is asked. `where` is what a script's `when` looks at."""
    return ModelRequest(
        provider=provider.document,
        api_key=provider.api_key,
        model=ask.model.partition("/")[2],
        messages=list(messages),
        tools=list(ask.tools),
        response_schema=ask.response_schema,
        params=params_of(ask),
        timeout_s=ask.timeout_s,
        where={
            "project": facts.project,
            "agent": ask.agent.slug if ask.agent else "",
            "node": facts.node,
            "iteration": facts.iteration,
            "turn": ask.turn,
            "attempt": facts.attempt,
        },
        allowed_addresses=guard(),
    )


def admit(facts: Facts, ask: ModelAsk) -> Admission:
    """Past the breakers of the provider, and of this agent on this model. Raises CallFailed `breaker_open`.

    An agent's own breaker is for what the provider's cannot see: one agent whose calls all fail among many that
    do well. It is kept by model, so that an agent's fallback model is not refused for the first one's failures.
    """
    provider = ("provider", facts.project_id, provider_of(ask.model))
    agent = ("agent", facts.project_id, ask.agent.slug if ask.agent else "", ask.model)
    try:
        return health.admit(facts, provider, agent)
    except BreakerOpen as left_alone:
        who = (
            f"The provider {provider[2]}"
            if left_alone.key == provider
            else f"The agent {agent[2]} on {ask.model}"
        )
        raise CallFailed(
            "breaker_open",
            f"{who} failed too often and is left alone; the next try is in {left_alone.probe_in_s:.0f} s.",
            retryable=True,
            retry_after_s=left_alone.probe_in_s,
        ) from left_alone


@dataclass(slots=True)
class Attempt:
    """A call that was let through and paid for in advance: `run` sends it, settles it and records it."""

    desk: Desk
    call: str
    ask: ModelAsk
    provider: Provider
    request: ModelRequest
    reservation: Reservation
    admission: Admission
    rules: Ruleset | None = None

    async def run(self) -> tuple[Reply, str]:
        """The answer as the rules leave it, and the question that a person has to answer first ("": none).

        Raises CallFailed; a cancelled call is booked by what was seen of it.
        """
        watched = answers.watched(self.desk, self.rules)
        try:
            answer = await self._answer(_Streamed(watched))
        except BaseException:
            if isinstance(watched, answers.Watched):
                await watched.drop()
            raise
        reply, held = await self._arrived(answer)
        if isinstance(watched, answers.Watched) and not held:
            await watched.end()
        await self.reservation.settled()
        return reply, held

    async def _answer(self, streamed: "_Streamed") -> ModelReply:
        try:
            answer = await _complete(self.request, streamed)
        except asyncio.CancelledError:
            self.admission.dropped()
            self._failed("error", CallFailed("cancelled", "The call was cancelled."), self._seen(streamed))
            raise
        except BackendError as error:
            health.judge(
                self.desk, self.admission, error.code, status=error.status, retryable=error.retryable
            )
            raise await self._went_wrong(error) from error
        except TimeoutError as late:
            failure = _late(self.request)
            health.unwell(self.desk, self.admission, failure.code)
            raise self._failed("error", failure, self._seen(streamed)) from late
        health.well(self.desk, self.admission)
        return answer

    async def _went_wrong(self, error: BackendError) -> CallFailed:
        """The failure, booked and on record in words that may be kept."""
        said = Usage(error.input_tokens, error.output_tokens, error.cost_nano)
        used = self._counted(said, error.usage_estimated)
        try:
            failure = await self._as_told(failure_of(error))
        except BaseException:
            lost = CallFailed(
                "cancelled", "The call failed; what was said of it could not be looked through."
            )
            self._failed("error", lost, used)
            raise
        self._failed("refused_by_peer" if error.refused_by_peer else "error", failure, used)
        await self.reservation.settled()
        return failure

    async def _as_told(self, failure: CallFailed) -> CallFailed:
        """The failure as the rules leave it: a provider's error can quote what it was sent, or what it knows.

        It is cut to its length last: half an address is none to a detector.
        """
        try:
            passed = await privacy.passing(self.desk, self.call, self.rules, answers.WHERE, failure.message)
            said = passed.content
        except CallFailed as stopped:
            answered = "failed" if failure.status is None else f"answered {failure.status}"
            said = f"{self.ask.model} {answered}. {stopped.message}"
        failure.message = shorten(said, LONGEST_FAILURE)
        failure.args = (failure.message,)
        return failure

    async def _arrived(self, answer: ModelReply) -> tuple[Reply, str]:
        """On record as the rules leave it; what they stop has its cost on record, and no words."""
        said = Usage(answer.input_tokens, answer.output_tokens, answer.cost_nano)
        used = self._counted(said, answer.usage_estimated)
        is_object = self.ask.response_schema is not None
        try:
            reply = lines.bounded(answer)
            reply, held = await answers.arriving(self.desk, self.call, self.rules, reply, is_object)
        except CallFailed as failure:
            raise self._failed("error", failure, used) from None
        except BaseException:
            lost = CallFailed("cancelled", "The call was cut off before its answer was looked through.")
            self._failed("error", lost, used)
            raise
        self._record("ok", used, response=lines.response(self.desk, reply), held=held)
        return reply, held

    def _counted(self, used: Usage, is_estimated: bool) -> Usage:
        """What is booked: at most what could be held for the call. The journal says where a provider told of more."""
        counted = used.within(worst_case(self.provider, self.request))
        if counted is not used and not is_estimated:
            self.desk.add("note", capped(self.call, used, counted))
        return counted

    def _failed(self, status: str, failure: CallFailed, used: Usage) -> CallFailed:
        self._record(status, used, error=failure)
        return failure

    def _record(
        self,
        status: str,
        used: Usage,
        *,
        error: CallFailed | None = None,
        response: Mapping | None = None,
        held: str = "",
    ) -> None:
        data = lines.model_called(
            self.call,
            self.ask.model,
            status,
            tokens=used.tokens,
            cost=used.cost,
            error=error,
            prompt=lines.prompt(self.desk, self.ask.messages),
            response=response,
            held=held,
        )
        self.desk.add("model.called", data)
        self.reservation.settle(used.cost, used.tokens)

    def _seen(self, streamed: "_Streamed") -> Usage:
        """Tokens and cost of a call that nobody accounts for."""
        tokens = streamed.tokens(self.request)
        price = self.provider.price(self.request.model)
        used = Usage(*tokens, None if price is None else price.cost_nano(*tokens))
        return self._counted(used, is_estimated=True)


def failure_of(error: BackendError) -> CallFailed:
    return CallFailed(
        error.code,
        error.message,
        retryable=error.retryable,
        retry_after_s=error.retry_after_s,
        refused_by_peer=error.refused_by_peer,
        status=error.status,
    )


async def _complete(request: ModelRequest, streamed: "_Streamed") -> ModelReply:
    async with asyncio.timeout(request.timeout_s + GRACE_S):
        return await backend(request.provider["type"]).complete(request, streamed)


def _late(request: ModelRequest) -> CallFailed:
    sentence = f"{request.provider['slug']}/{request.model} gave no answer within {request.timeout_s:g} s."
    return CallFailed("timeout", sentence, retryable=True)


class _Streamed:
    """Passes pieces of text on to who watches, and counts them for a call that never ends well."""

    __slots__ = ("_characters", "_show")

    def __init__(self, show: Callable[[str], None]):
        self._show, self._characters = show, 0

    def __call__(self, text: str) -> None:
        self._characters += len(text)
        self._show(text)

    def tokens(self, request: ModelRequest) -> tuple[int, int]:
        """What the call used as far as can be told: one token for four characters."""
        heard = sum(len(message.get("content") or "") for message in request.messages)
        return -(-heard // CHARACTERS_PER_TOKEN), -(-self._characters // CHARACTERS_PER_TOKEN)
