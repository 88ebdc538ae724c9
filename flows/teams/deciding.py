"""How a team comes to a decision: by consensus, by a majority, or by a judge."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flows.fields import strict
from flows.members import member
from flows.tally import counted
from flows.teams.meeting import Meeting, Wanted
from flows.teams.transcript import in_line

NO_CONSENSUS = "no_consensus"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a team came to. `tally` is [{value, count}] of votes or last positions, where there are any."""

    text: str
    port: str = "out"
    winner: str | None = None
    tally: list[dict] | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """`winner` is None where nothing won; `reason` is one sentence."""

    winner: str | None
    reason: str


def alike(position: str) -> str:
    """What makes two positions equal: their words, not the space around them or its case."""
    return in_line(position).casefold()


def weighed(positions: Iterable[tuple[str, Fraction]]) -> list[dict]:
    """[{value, count}], the counts exact, in order of first positions."""
    return counted(positions, alike)


def consensus(counts: Sequence[Mapping], waiting: bool = False) -> Decided:
    """`waiting`: somebody said nothing yet."""
    if len(counts) == 1 and not waiting:
        return Decided(counts[0]["value"], f"Everybody says {counts[0]['value']}.")
    return Decided(None, f"No consensus: {listed(counts)}.")


def majority(counts: Sequence[Mapping], of: Fraction) -> Decided:
    """More than half of `of`, the weight of everybody who counts: a tie is no majority."""
    for entry in counts:
        if entry["count"] * 2 > of:
            return Decided(entry["value"], f"{entry['value']} has {plain(entry['count'])} of {plain(of)}.")
    return Decided(None, f"No majority: {listed(counts)}, and more than half of {plain(of)} is needed.")


def listed(counts: Sequence[Mapping]) -> str:
    return (
        ", ".join(f"{entry['value']} {plain(entry['count'])}" for entry in counts) or "nobody said anything"
    )


def plain(count: Fraction | int) -> int | float:
    """A count as JSON has it."""
    return int(count) if count == int(count) else float(count)


def shown(counts: Sequence[Mapping]) -> list[dict]:
    return [{"value": entry["value"], "count": plain(entry["count"])} for entry in counts]


def record(meeting: Meeting, counts: Sequence[Mapping], decided: Decided, method: str) -> None:
    """Writes down what the team chose, among what, and why not the rest."""
    total = sum(entry["count"] for entry in counts) or 1
    candidates = [
        {
            "name": entry["value"],
            "score": float(entry["count"] / Fraction(total)),
            "excluded_because": None if entry["value"] == decided.winner else decided.reason,
        }
        for entry in counts
    ]
    chosen = [NO_CONSENSUS if decided.winner is None else decided.winner]
    meeting.ctx.record_choice("team", candidates, chosen, method, decided.reason)


async def judged(meeting: Meeting, counts: Sequence[Mapping] | None = None) -> Outcome:
    """What the judge says who reads the transcript: always a way out."""
    judge = meeting.config["judge"]
    schema = judge_schema(meeting.config.get("options"))
    sentence = (
        f"You are {member(judge).slug}, the judge. Read what was said, weigh it, and end it: answer with your "
        "conclusion and what or who prevails."
    )
    wanted = Wanted("judge", max(meeting.rounds, 1), sentence, schema, role="judge")
    answer = await meeting.ask(member(judge), wanted)
    winner = meeting.ctx.meant(answer["winner"]) if meeting.config.get("options") else answer["winner"]
    record(meeting, counts or (), Decided(winner, answer["text"]), "judge")
    tally = None if counts is None else shown(counts)
    return Outcome(answer["text"], winner=winner, tally=tally)


def judge_schema(options: Sequence[str] | None) -> dict:
    winner = {"enum": list(options)} if options else {"type": "string"}
    return strict(
        {
            "text": {"type": "string", "description": "Your conclusion and why"},
            "winner": {**winner, "description": "What prevails: a position, or who held it"},
        },
        required=("text", "winner"),
    )
