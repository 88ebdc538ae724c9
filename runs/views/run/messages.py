"""Exactly what the model saw and said, call by call, put together from the parts that the journal stores once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.engine.rows import loads
from runs.models import Event, Part

LONG, LONGEST = 1_200, 20_000
MOST_CALLS = 40  # the newest; the rest is in the journal


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `rest` is what is folded, `part` names the whole text where even that was cut."""

    role: str
    text: str
    rest: str = ""
    calls: tuple[Mapping[str, Any], ...] = ()
    answers: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call of a model: what was there before, what was new to it, and the answer."""

    number: int
    event: Event
    data: Mapping[str, Any]
    provider: str
    before: tuple[Message, ...]
    new: tuple[Message, ...]
    answer: Message | None
    took: int | None


def exchanges(run_id: int, events: Sequence[tuple[Event, Mapping]]) -> list[Exchange]:
    """The calls of a step in order (one query for their texts). `events` are the step's, with their data."""
    asked = {data["call"]: event.at for event, data in events if event.type == "policy.decided"}
    called = [(event, data) for event, data in events if event.type == "model.called"]
    first = max(0, len(called) - MOST_CALLS)
    texts = texts_of(run_id, called[first:])
    found, seen = [], 0
    for number, (event, data) in enumerate(called[first:], start=first + 1):
        messages = tuple(message(line, texts) for line in data.get("prompt") or ())
        # A conversation grows: what the last call had seen too is folded.
        known = min(seen, len(messages)) if found and starts_alike(found[-1].data, data) else 0
        seen = len(messages)
        asked_at = asked.get(data["call"])
        found.append(
            Exchange(
                number,
                event,
                data,
                str(data.get("model", "")).partition("/")[0],
                messages[:known],
                messages[known:],
                answer(data.get("response"), texts),
                None if asked_at is None else event.at - asked_at,
            )
        )
    return found


def starts_alike(before: Mapping, data: Mapping) -> bool:
    earlier, now = before.get("prompt") or [], data.get("prompt") or []
    return len(now) >= len(earlier) and now[: len(earlier)] == earlier


def texts_of(run_id: int, called: Iterable[tuple[Event, Mapping]]) -> dict[str, str]:
    hashes = set()
    for _, data in called:
        for line in data.get("prompt") or ():
            hashes |= {line["part"], line.get("calls")}
        said = data.get("response") or {}
        hashes |= {said.get("part"), *(call.get("part") for call in said.get("tool_calls", ()))}
    rows = Part.objects.filter(run_id=run_id, hash__in=hashes - {None})
    return {row.hash: loads(row.text) for row in rows}


def message(line: Mapping, texts: Mapping[str, str]) -> Message:
    calls = wanted(loads(texts.get(line["calls"], "[]"))) if "calls" in line else ()
    return spoken(line["role"], texts.get(line["part"], ""), line["part"], calls, line.get("answers", ""))


def answer(said: Mapping | None, texts: Mapping[str, str]) -> Message | None:
    if said is None:
        return None
    calls = tuple(
        {
            "name": call["name"],
            "arguments": texts.get(call["part"], "") if "part" in call else call["arguments"],
        }
        for call in said.get("tool_calls", ())
    )
    return spoken("answer", texts.get(said.get("part"), ""), said.get("part", ""), calls, "")


def spoken(role: str, text: str, part: str, calls: tuple, answers: str) -> Message:
    cut = part if len(text) > LONGEST else ""
    return Message(role, text[:LONG], text[LONG:LONGEST], calls, answers, cut)


def wanted(calls: Any) -> tuple[Mapping[str, Any], ...]:
    """OpenAI's shape of tool calls, as the backend was given it."""
    found = []
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") or call
        found.append({"name": function.get("name", ""), "arguments": function.get("arguments", "")})
    return tuple(found)
