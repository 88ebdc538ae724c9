"""The function by which a model lets another agent go on in its place: in a step of its own, and in a swarm. Pure."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from flows.asking import Calling, Function
from flows.fields import strict

HANDOFF = "handoff"


def handoff(
    description: str,
    message: str,
    agents: Iterable[tuple[str, Mapping | None]],
    call: Callable[[Mapping, Calling], Awaitable[Any]],
) -> Function:
    """`agents` are the names that can be chosen, each with its document where it has one; `message` says what is to be
    written to them. What `call` returns is the answer of the agent that hands over."""
    known = [(name, (document or {}).get("purpose", "")) for name, document in agents]
    purposes = "; ".join(f"{name}: {purpose}" if purpose else name for name, purpose in known)
    parameters = strict(
        {
            "agent": {"type": "string", "enum": [name for name, _ in known], "description": purposes},
            "message": {"type": "string", "minLength": 1, "description": message},
        },
        required=("agent", "message"),
    )
    return Function(HANDOFF, description, parameters, call, ends=True)
