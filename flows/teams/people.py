"""A person's turn: the question they find in their inbox, with the protocol's form."""

from collections.abc import Mapping

from flows.asking import Question
from flows.failure import StepFailed
from flows.fields import strict

IN_WORDS = strict(
    {"text": {"type": "string", "minLength": 1, "description": "What you say"}}, required=("text",)
)


async def answer_of(
    ctx, person: str, title: str, text: str, form: Mapping | None, due_in_s: float | None
) -> Mapping:
    """The filled form; {text} without one. StepFailed `timeout` where they took longer than `due_in_s`."""
    answer = await ctx.ask(
        Question(
            kind="question",
            title=title,
            payload={"text": text},
            schema=form or IN_WORDS,
            reviewers=(person,),
            due_in_s=due_in_s,
            on_timeout="port",
        )
    )
    if answer.decision == "timed_out":
        raise StepFailed("timeout", f"{person} did not answer within {due_in_s:g} seconds.")
    return answer.payload
