"""What privacy rules found in a step, in words: which entities, how often, where, and what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from runs.models import Event

WHERE = {
    "run_input": _("in what the run was given"),
    "run_output": _("in what leaves the run"),
    "model_input": _("in what goes to the model"),
    "model_output": _("in what the model said"),
    "tool_input": _("in what goes to the tool"),
    "tool_output": _("in what the tool said"),
}
ACTIONS = {
    "flag": _("Noted"),
    "mask": _("Masked"),
    "tokenize": _("Tokenized"),
    "approve": _("Asks a person"),
    "block": _("Blocked"),
}
STATUS = {"block": "blocked", "approve": "waiting"}


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the journal: entities with how often each was found, and never what was."""

    entities: Sequence[tuple[str, int | None]]
    where: str
    action: str
    status: str
    call: str
    at: int


def findings(events: Sequence[tuple[Event, Mapping[str, Any]]]) -> list[Found]:
    return [
        Found(
            [(name, data.get("counts", {}).get(name)) for name in data["entities"]],
            str(WHERE.get(data["where"], data["where"])),
            str(ACTIONS.get(data["action"], data["action"])),
            STATUS.get(data["action"], "succeeded"),
            data.get("call", ""),
            event.at,
        )
        for event, data in events
    ]
