"""Swarm: nobody leads. Who has the floor answers, or hands it over to whom it fits better."""

from collections.abc import Mapping, Sequence

from flows.asking import Calling, Function
from flows.chain import Chain
from flows.failure import StepFailed
from flows.handoff import HANDOFF, handoff
from flows.teams.deciding import Outcome
from flows.teams.meeting import Meeting, Seat, Wanted
from flows.teams.transcript import Entry


async def play(meeting: Meeting) -> Outcome:
    """The answer of the first one who does not hand over.

    StepFailed `limit_hops` where `max_turns` messages were handoffs and no answer: like the chain's own limit it says
    that the floor was passed on too often, while `limit_steps` is the flow's, and raising that would not help.
    """
    meeting.least = len(meeting.seats)  # whose turn fails had the floor, and nobody can take it from there
    holder, chain = meeting.seats[0], meeting.ctx.chain
    for number in range(1, meeting.most + 1):
        meeting.rounds = number
        said = await meeting.hear(holder, wanted_of(meeting, holder, number, chain))
        target = next((seat for seat in meeting.present if seat.name == said.get(HANDOFF)), None)
        if target is None:
            meeting.said(Entry(holder.name, said["text"], by=said.get("by")))
            return Outcome(said["text"])
        meeting.said(Entry(holder.name, said["message"], to=target.name))
        if meeting.is_over():
            return Outcome(said["message"])
        # The turn asked the same of the chain before it handed over; from its output the chain grows again.
        chain = longer(meeting.ctx, chain, holder, target.name, said["message"])
        holder = target
    raise StepFailed(
        "limit_hops",
        f"After {meeting.most} messages everybody handed over and nobody answered. Raise `max_turns`, or tell one of "
        "the participants to answer.",
    )


def wanted_of(meeting: Meeting, holder: Seat, number: int, chain: Chain) -> Wanted:
    others = {seat.name: seat for seat in meeting.present if seat is not holder}

    def offers(ctx) -> Sequence[Function]:
        return (passing(ctx, holder, others),) if others else ()

    sentence = f"You are {holder.name}, and have the floor."
    if others and holder.member.kind == "agent":
        sentence += (
            f" Answer if it is for you to answer; else hand over to {' or '.join(others)} with `{HANDOFF}`, and say in "
            "the message what is known and what is wanted."
        )
    return Wanted(f"{number}.{holder.name}", number, sentence, offers=offers, chain=chain)


def passing(ctx, holder: Seat, others: Mapping[str, Seat]) -> Function:
    """What passes the floor on: it answers {handoff, message}, and whoever called it is done."""

    async def call(arguments: Mapping, calling: Calling) -> dict:
        target, message = ctx.meant(arguments["agent"]), arguments["message"]
        longer(ctx, ctx.chain, holder, target, message)
        await ctx.hand_over(ctx.who_plays(holder.member.ref), others[target].member.ref, message)
        return {HANDOFF: target, "message": message}

    agents = [(name, ctx.document("agent", seat.member.ref)) for name, seat in others.items()]
    return handoff("Gives the floor to another participant.", "What they have to know", agents, call)


def longer(ctx, chain: Chain, holder: Seat, target: str, message: str) -> Chain:
    """The chain with this handoff, as far as the flow and the agent let it grow."""
    return chain.by(ctx.document("agent", holder.member.ref) or {}).then(holder.name, target, message)
