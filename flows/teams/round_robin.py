"""Round robin: everybody speaks in turn, until the messages are used up or `stop_when` holds."""

from flows.teams.deciding import Outcome, judged
from flows.teams.meeting import Meeting, Seat, Wanted
from flows.teams.transcript import Entry


async def play(meeting: Meeting) -> Outcome:
    """The last message, or what the judge makes of them all."""
    for number, seat in meeting.in_order():
        said = await meeting.hear(seat, Wanted(f"{number}.{seat.name}", number, asked_of(meeting, seat)))
        if said is None:
            continue
        meeting.said(Entry(seat.name, said["text"], by=said.get("by")))
        if meeting.is_over():
            break
    return await ended(meeting)


async def ended(meeting: Meeting) -> Outcome:
    """How a talk ends that takes no positions."""
    if meeting.config.get("decide") == "judge":
        return await judged(meeting)
    return Outcome(meeting.last_text)


def asked_of(meeting: Meeting, seat: Seat) -> str:
    others = meeting.others(seat)
    among = f", taking turns with {', '.join(others)}" if others else ""
    return f"You are {seat.name}{among}. It is your turn: say what brings the task on from here."
