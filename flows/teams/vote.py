"""Vote: everybody votes at once, knowing nothing of the others' votes."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction

from flows.failure import StepFailed
from flows.fields import strict
from flows.teams.deciding import (
    NO_CONSENSUS,
    Decided,
    Outcome,
    consensus,
    judged,
    majority,
    record,
    shown,
    weighed,
)
from flows.teams.meeting import Meeting, Seat, Wanted
from flows.teams.transcript import Entry


async def play(meeting: Meeting) -> Outcome:
    await cast(meeting)
    votes = {entry.agent: entry.position for entry in meeting.entries if entry.position is not None}
    counts = weighed((votes[seat.name], seat.weight) for seat in meeting.present)
    found = decided(meeting, counts)
    if found.winner is None and meeting.config.get("decide") == "judge" and has_quorum(meeting):
        return await judged(meeting, counts)
    record(meeting, counts, found, meeting.config.get("decide", "majority"))
    port = NO_CONSENSUS if found.winner is None else "out"
    return Outcome(found.reason, port, found.winner, shown(counts))


async def cast(meeting: Meeting) -> None:
    """All votes, in the order of the participants. What came is written down before a failure may end it all."""
    options = meeting.config["options"]
    meeting.rounds, meeting.least = 1, 1 if "quorum" in meeting.config else 2
    votes = [asyncio.ensure_future(meeting.attempt(seat, ballot_of(seat, options))) for seat in meeting.seats]
    try:
        results = await asyncio.gather(*votes)
    finally:
        for vote in votes:  # what breaks off one leaves none behind
            vote.cancel()
    failed = []
    for seat, result in zip(meeting.seats, results, strict=True):
        if isinstance(result, StepFailed):
            failed.append((seat, result))
        else:
            vote = meeting.ctx.meant(result["vote"])
            meeting.said(Entry(seat.name, result.get("reason", ""), vote, by=result.get("by")))
    for seat, failure in failed:
        meeting.settle(seat, failure)


def decided(meeting: Meeting, counts: Sequence[dict]) -> Decided:
    """By the votes alone. The absent count with the whole (contract 3: more than half of the participants), unless the
    flow says by its quorum how many are enough."""
    came = len(meeting.present)
    if not has_quorum(meeting):
        return Decided(None, f"{came} of the {meeting.config['quorum']} votes that are needed came.")
    if meeting.config.get("decide") == "consensus":
        return consensus(counts)
    voters = meeting.present if "quorum" in meeting.config else meeting.seats
    return majority(counts, sum((seat.weight for seat in voters), Fraction(0)))


def has_quorum(meeting: Meeting) -> bool:
    return len(meeting.present) >= meeting.config.get("quorum", 0)


def ballot_of(seat: Seat, options: Sequence[str]) -> Wanted:
    sentence = f"You are {seat.name}. Vote for one of these, and say why: {'; '.join(options)}."
    return Wanted(f"1.{seat.name}", 1, sentence, vote_schema(options))


def vote_schema(options: Sequence[str]) -> dict:
    return strict(
        {
            "vote": {"enum": list(options), "description": "Your choice"},
            "reason": {"type": "string", "description": "Why, in one sentence"},
        },
        required=("vote",),
    )
