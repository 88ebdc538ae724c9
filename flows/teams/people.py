"""A person's turn: the question they find in their inbox, with the protocol's form."""

from collections.abc import Mapping, Sequence

from flows.asking import Answer, Question
from flows.failure import StepFailed
from flows.fields import strict

IN_WORDS = strict(
    {"text": {"type": "string", "minLength": 1, "description": "What you say"}}, required=("text",)
)


async def answer_of(
    ctx, person: str, title: str, text: str, form: Mapping | None, due_in_s: float | None
) -> Mapping:
    """The filled form; {text} without one. StepFailed `timeout` where they took longer than `due_in_s`."""
    return (await asked(ctx, person, title, text, form, due_in_s)).payload


async def spoken_by(
    ctx,
    person: str,
    seats: Sequence[str],
    title: str,
    text: str,
    form: Mapping | None,
    due_in_s: float | None,
) -> Mapping:
    """The filled form of a participant, and `by`: who it was. A person answers for one of the `seats` only."""
    answer = await asked(ctx, person, title, text, form, due_in_s, seat=person, seats=tuple(seats))
    return {**answer.payload, **({"by": answer.by[0]} if answer.by else {})}


async def asked(
    ctx, person: str, title: str, text: str, form: Mapping | None, due_in_s: float | None, **seated
) -> Answer:
    answer = await ctx.ask(
        Question(
            kind="question",
            title=title,
            payload={"text": text},
            schema=form or IN_WORDS,
            reviewers=(person,),
            due_in_s=due_in_s,
            on_timeout="port",
            **seated,
        )
    )
    if answer.decision == "timed_out":
        raise StepFailed("timeout", f"{person} did not answer within {due_in_s:g} seconds.")
    return answer
