"""A team's step while it is played: who takes part, what was said, and how one of them is asked.

A protocol says who speaks next and when it is over; everything else that all protocols do stands here. Nothing is kept
outside of the turns: played again, the same turns give the same meeting, whatever a crash took.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from flows.asking import Function
from flows.chain import Chain
from flows.failure import GUARDS, StepFailed
from flows.members import Member, member
from flows.tally import exact
from flows.teams.people import spoken_by
from flows.teams.transcript import Entry, briefing, missing
from flows.turns import MOST_MESSAGES


@dataclass(slots=True)
class Seat:
    """A participant. `name` is what the others call it; `failure` is why it takes no further part."""

    member: Member
    weight: Fraction
    failure: StepFailed | None = None

    @property
    def name(self) -> str:
        return self.member.slug


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one turn is about: its name within the step, its round, the sentence that asks, and the shape of the answer
    (None: in words, {text}). `offers` are the functions a model may call in this turn; `heard` is told the answer while
    the turn's own step is open."""

    name: str
    round: int
    sentence: str
    schema: Mapping | None = None
    role: str | None = None
    offers: Callable[[Any], Sequence[Function]] = field(default=lambda ctx: ())
    heard: Callable[[Any, Mapping], None] = field(default=lambda ctx, answer: None)
    chain: Chain | None = None


class Meeting:
    """`least` is how many have to be left for it to go on; a protocol that needs more says so."""

    def __init__(self, ctx):
        self.ctx, self.least = ctx, 1
        self.config: Mapping = ctx.node.config
        self.protocol: str = self.config["protocol"]
        self.task: str = ctx.text(self.config["text"])
        self.seats = seats(self.config)
        self.entries: list[Entry] = []
        self.rounds = 0
        self.most: int = self.config.get("max_turns", MOST_MESSAGES)

    @property
    def present(self) -> list[Seat]:
        return [seat for seat in self.seats if seat.failure is None]

    @property
    def has_begun(self) -> bool:
        return any(entry.error is None for entry in self.entries)

    @property
    def last_text(self) -> str:
        return next((entry.text for entry in reversed(self.entries) if entry.error is None), "")

    def others(self, seat: Seat) -> list[str]:
        """Who else is there to be spoken to."""
        return [other.name for other in self.present if other is not seat]

    def in_order(self) -> Iterator[tuple[int, Seat]]:
        """(round, participant), round after round. Who dropped out is passed by, and nobody speaks in their place: a
        participant never has more turns than its share of `max_turns`."""
        for place in range(self.most):
            seat = self.seats[place % len(self.seats)]
            if seat.failure is None:
                self.rounds = place // len(self.seats) + 1
                yield self.rounds, seat

    async def hear(self, seat: Seat, wanted: Wanted) -> Mapping | None:
        """The answer of a participant; None of one whose turn failed, who takes no further part."""
        return self.settle(seat, await self.attempt(seat, wanted))

    async def attempt(self, seat: Seat, wanted: Wanted) -> Mapping | StepFailed:
        try:
            return await self.ask(seat.member, wanted)
        except StepFailed as failure:
            if failure.code in GUARDS:
                self.ctx.give_up(failure)  # others who speak at the same time need not be waited for
            return failure

    def settle(self, seat: Seat, result: Mapping | StepFailed) -> Mapping | None:
        """Raises a guard's failure, and any other where fewer than `least` would be left."""
        if not isinstance(result, StepFailed):
            return result
        if result.code in GUARDS:
            raise result
        seat.failure = result
        self.entries.append(missing(seat.name, result))
        if len(self.present) < self.least:
            raise result
        return None

    async def ask(self, who: Member, wanted: Wanted) -> Mapping:
        """One turn of a participant, of the judge or of the moderator. Raises StepFailed."""
        text = briefing(self.task, self.entries, wanted.sentence)

        async def body(ctx, task):
            answer = await self._answer(ctx, who, wanted, text)
            wanted.heard(ctx, answer)
            return answer

        task = {"agent": who.slug, "round": wanted.round, "protocol": self.protocol}
        if wanted.role:
            task["role"] = wanted.role
        agent = None if who.kind == "person" else who.ref
        return await self.ctx.turn(wanted.name, task, body, agent=agent, chain=wanted.chain)

    async def _answer(self, ctx, who: Member, wanted: Wanted, text: str) -> Mapping:
        if who.kind == "person":
            names, due_in_s = [seat.name for seat in self.seats], self.config.get("due_in_s")
            return await spoken_by(ctx, who.ref, names, self.task, text, wanted.schema, due_in_s)
        offered = wanted.offers(ctx)
        return await ctx.run_agent(
            who.ref,
            text,
            wanted.schema,
            functions=offered,
            in_words=wanted.schema is None,
            may_report=wanted.role is None,
        )

    def said(self, entry: Entry) -> None:
        self.entries.append(entry)

    def recorded(self) -> list[dict]:
        return [entry.recorded() for entry in self.entries]

    def so_far(self) -> dict:
        return {"transcript": self.recorded(), "rounds": self.rounds}

    def is_over(self) -> bool:
        """Whether `stop_when` holds after the message that was just said."""
        stop = self.config.get("stop_when")
        if stop is None:
            return False
        transcript = self.recorded()
        return self.ctx.condition(stop, transcript=transcript, last=transcript[-1], rounds=self.rounds)


def seats(config: Mapping) -> list[Seat]:
    """The participants with their weights; a weight may name an agent with or without its version."""
    weights = {member(name).slug: weight for name, weight in config.get("weights", {}).items()}
    found = [member(name) for name in config["participants"]]
    return [Seat(each, exact(weights.get(each.slug, 1))) for each in found]
