"""What an agent may say to people while it works, as functions of its model: a status, a question, that a person has
to take over, and that it was asked for something that is not its business. Pure.

An agent's document offers them with `reports: {may, to, due_in_s}`; without it a model sees none of them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from flows.asking import Calling, Function
from flows.fields import strict
from governance.rules import REVIEWERS

NAMES = {  # what stands in `reports.may`: the name of the function
    "status": "report_status",
    "help": "ask_for_help",
    "escalate": "escalate",
    "out_of_scope": "out_of_scope",
}
LONGEST = 2_000  # characters of one report
LONGEST_ANSWER = 20_000  # characters that a person answers with
MOST = {"status": 20, "help": 5}  # of an agent's answer; who it hands over to goes on counting
MOST_ASKED = 20  # questions and escalations of all agents of one run


def words(description: str, most: int = LONGEST) -> dict:
    return {"type": "string", "minLength": 1, "maxLength": most, "description": description}


ANSWER = strict(
    {"answer": words("What the agent is told", LONGEST_ANSWER)},
    required=("answer",),
)
IN_WORDS = strict({"text": words("The answer in its place", LONGEST_ANSWER)}, required=("text",))

Call = Callable[[Mapping, Calling], Awaitable[Any]]


def allowed(agent: Mapping) -> tuple[str, ...]:
    """What the agent may report, in the order of NAMES."""
    may = agent.get("reports", {}).get("may", ())
    return tuple(kind for kind in NAMES if kind in may)


def reviewers(agent: Mapping) -> tuple[str, ...]:
    """Whom it asks."""
    return tuple(agent.get("reports", {}).get("to") or REVIEWERS)


def due_in_s(agent: Mapping) -> float | None:
    """How long they have; None: as long as they want."""
    return agent.get("reports", {}).get("due_in_s")


def waited_s(agent: Mapping, escalate: Mapping | None) -> float | None:
    """How long people may take to answer one agent in one step; None: nothing bounds it. `escalate` is the node's."""
    may, due = allowed(agent), due_in_s(agent)
    waits = [due] * MOST["help"] if "help" in may else []
    if "escalate" in may:
        waits.append(due if escalate is None else escalate.get("due_in_s"))
    return None if None in waits else float(sum(waits))


def functions(
    agent: Mapping, others: Sequence[tuple[str, Mapping | None]], calls: Mapping[str, Call]
) -> tuple[Function, ...]:
    """Those of `agent`: `calls` does what each kind says, `others` are the names that it may hand over to, each with
    its document where it has one."""
    makers = {"status": _status, "help": _help, "escalate": _escalate}
    found = {kind: make(calls[kind]) for kind, make in makers.items()}
    found["out_of_scope"] = _out_of_scope(agent, others, calls["out_of_scope"])
    return tuple(found[kind] for kind in allowed(agent))


def _status(call: Call) -> Function:
    return Function(
        NAMES["status"],
        "Tells the people who watch how far you are, in a sentence or two. Nobody answers; go on with your work.",
        strict({"text": words("How far you are, and what comes next")}, required=("text",)),
        call,
    )


def _help(call: Call) -> Function:
    return Function(
        NAMES["help"],
        "Asks a person one question that you cannot answer with what you have, and tells you what they say. It may "
        "take hours: ask only what you need to go on, so that it can be answered in a few words.",
        strict(
            {"question": words("The question, with all that is needed to answer it")}, required=("question",)
        ),
        call,
    )


def _escalate(call: Call) -> Function:
    return Function(
        NAMES["escalate"],
        "Gives the whole task to a person, who answers in your place. Use it where you must not or cannot decide.",
        strict(
            {"reason": words("What happened, what is at stake, and what is to be decided")},
            required=("reason",),
        ),
        call,
        ends=True,
    )


def _out_of_scope(agent: Mapping, others: Sequence[tuple[str, Mapping | None]], call: Call) -> Function:
    properties = {"reason": words("Why it is not yours, in a sentence that whoever asked can read")}
    if others:
        purposes = [(name, (document or {}).get("purpose", "")) for name, document in others]
        properties["agent"] = {
            "type": "string",
            "enum": [name for name, _ in purposes],
            "description": "Who takes it instead. "
            + "; ".join(f"{name}: {purpose}" if purpose else name for name, purpose in purposes),
        }
    instead = "Name the agent that takes it, or none where nobody does." if others else "It is then refused."
    return Function(
        NAMES["out_of_scope"],
        f"Says that what you were asked is not your business, instead of trying. {boundary(agent)}{instead}",
        strict(properties, required=("reason",)),
        call,
        ends=True,
    )


def boundary(agent: Mapping) -> str:
    """What an agent takes on and what it leaves to others, as its model is told it; "" where nothing says so."""
    yours = _listed("You handle: ", agent.get("handles", ())) or _listed(
        "You are for: ", [agent.get("purpose", "")]
    )
    return yours + _listed("Left to others: ", agent.get("delegates", ()))


def _listed(title: str, texts: Iterable[str]) -> str:
    said = "; ".join(text.strip().rstrip(".") for text in texts if text.strip())
    return f"{title}{said}. " if said else ""


def candidates(others: Iterable[str], chosen: str | None, refused: Mapping[str, str]) -> list[dict]:
    """Who could take it, for `choice.made`. `refused` says of those who were asked for before why they may not."""
    return [
        {
            "name": name,
            "score": None,
            "excluded_because": None if name == chosen else refused.get(name, _why_not(chosen)),
        }
        for name in others
    ]


def _why_not(chosen: str | None) -> str:
    return "the agent named another" if chosen else "the agent named nobody who takes it"
