"""Debate: everybody says what they hold and why, round after round, and may be convinced."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from flows.fields import strict
from flows.teams.deciding import (
    NO_CONSENSUS,
    Decided,
    Outcome,
    alike,
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
    """Until all last positions are equal, `stop_when` holds, or the messages are used up."""
    meeting.least = 2
    for number, seat in meeting.in_order():
        wanted = Wanted(f"{number}.{seat.name}", number, asked_of(meeting, seat), debate_schema(meeting))
        said = await meeting.hear(seat, wanted)
        if said is None:
            continue
        to = addressed(meeting, seat, said)
        meeting.said(Entry(seat.name, said["text"], held(meeting, said), to, by=said.get("by")))
        if meeting.is_over() or by_consensus(meeting).winner is not None:
            break
    return await decided(meeting)


async def decided(meeting: Meeting) -> Outcome:
    counts, decide = tallied(meeting), meeting.config.get("decide", "consensus")
    if decide == "judge":
        return await judged(meeting, counts)
    found = DECIDE[decide](meeting)
    record(meeting, counts, found, decide)
    if found.winner is None:
        return Outcome(meeting.last_text, NO_CONSENSUS, tally=shown(counts))
    return Outcome(text_for(meeting, found.winner), winner=found.winner, tally=shown(counts))


def by_consensus(meeting: Meeting) -> Decided:
    return consensus(tallied(meeting), waiting=len(last_positions(meeting)) < len(meeting.present))


def by_majority(meeting: Meeting) -> Decided:
    """Of all participants: who dropped out holds nothing, but still counts."""
    return majority(tallied(meeting), sum((seat.weight for seat in meeting.seats), Fraction(0)))


DECIDE: dict[str, Callable[[Meeting], Decided]] = {"consensus": by_consensus, "majority": by_majority}


def tallied(meeting: Meeting) -> list[dict]:
    """The last positions of those who are still there, counted by weight."""
    last = last_positions(meeting)
    return weighed((last[seat.name], seat.weight) for seat in meeting.present if seat.name in last)


def last_positions(meeting: Meeting) -> dict[str, str]:
    present = {seat.name for seat in meeting.present}
    said = [entry for entry in meeting.entries if entry.agent in present and entry.position is not None]
    return {entry.agent: entry.position for entry in said}


def text_for(meeting: Meeting, winner: str) -> str:
    """The last message that argues for the position that won."""
    arguing = (entry for entry in reversed(meeting.entries) if alike(entry.position or "") == alike(winner))
    return next(arguing).text


def held(meeting: Meeting, said: Mapping) -> str:
    """The position: an option as it stands there, else without the space around it."""
    if meeting.config.get("options"):
        return meeting.ctx.meant(said["position"])
    return said["position"].strip()


def addressed(meeting: Meeting, seat: Seat, said: Mapping) -> str | None:
    """Whom it answers, where that is one of the others; a model's guess at a name is no fault of its answer."""
    to = said.get("to", "").strip()
    return to if to in meeting.others(seat) else None


def asked_of(meeting: Meeting, seat: Seat) -> str:
    return (
        f"You are {seat.name}, in a debate with {', '.join(meeting.others(seat))}. Say what you hold and why, answer "
        "what the others said, and give your position; where somebody convinced you, take theirs, in their words."
    )


def debate_schema(meeting: Meeting) -> dict:
    options = meeting.config.get("options")
    position = {"enum": list(options)} if options else {"type": "string", "pattern": "\\S", "maxLength": 500}
    return strict(
        {
            "text": {"type": "string", "description": "What you say to the others"},
            "position": {**position, "description": "What you hold now, in a few words"},
            "to": {"type": "string", "description": "Whom you answer, by name"},
        },
        required=("text", "position"),
    )
