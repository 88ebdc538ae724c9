"""Moderated: before each message a moderator says who speaks next, or that it is done."""

from flows.fields import strict
from flows.members import member
from flows.teams.deciding import Outcome
from flows.teams.meeting import Meeting, Seat, Wanted
from flows.teams.round_robin import ended
from flows.teams.transcript import Entry

DONE = "done"


async def play(meeting: Meeting) -> Outcome:
    for number in range(1, meeting.most + 1):
        meeting.rounds = number
        seat = await next_speaker(meeting, number)
        if seat is None:
            meeting.rounds = number - 1
            break
        said = await meeting.hear(seat, Wanted(f"{number}.{seat.name}", number, asked_of(seat)))
        if said is None:
            continue
        meeting.said(Entry(seat.name, said["text"], by=said.get("by")))
        if meeting.is_over():
            break
    return await ended(meeting)


async def next_speaker(meeting: Meeting, number: int) -> Seat | None:
    """Whom the moderator chooses; None where it is done. It cannot be done before anybody spoke."""
    names = [seat.name for seat in meeting.present]
    choices = [*names, DONE] if meeting.has_begun else names

    def heard(ctx, answer):
        record_speaker(ctx, choices, answer)

    wanted = Wanted(
        f"moderator-{number}",
        number,
        moderators_task(meeting, choices),
        moderator_schema(choices),
        role="moderator",
        heard=heard,
    )
    answer = await meeting.ask(member(meeting.config["moderator"]), wanted)
    return next((seat for seat in meeting.present if seat.name == meeting.ctx.meant(answer["next"])), None)


def record_speaker(ctx, choices: list[str], answer) -> None:
    chosen = ctx.meant(answer["next"])
    candidates = [
        {
            "name": name,
            "score": float(name == chosen),
            "excluded_because": None if name == chosen else f"{chosen} was chosen",
        }
        for name in choices
    ]
    ctx.record_choice("speaker", candidates, [chosen], "moderator", answer.get("reason", ""))


def moderators_task(meeting: Meeting, choices: list[str]) -> str:
    end = f", or {DONE} where nothing is left to be said" if DONE in choices else ""
    return (
        f"You are {member(meeting.config['moderator']).slug}, the moderator of "
        f"{', '.join(seat.name for seat in meeting.present)}. Say who speaks next{end}, and why."
    )


def moderator_schema(choices: list[str]) -> dict:
    return strict(
        {
            "next": {"enum": choices, "description": "Who speaks next"},
            "reason": {"type": "string", "description": "Why, in one sentence"},
        },
        required=("next",),
    )


def asked_of(seat: Seat) -> str:
    return f"You are {seat.name}. The moderator gives you the word: say what brings the task on from here."
