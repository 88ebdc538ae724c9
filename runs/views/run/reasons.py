"""Why a step went the way it went: every candidate with its score, the cut-off, and what spoke against it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from runs.models import Event
from runs.views.run.drawing import Drawing

KINDS = {
    "router": gettext_lazy("Which route"),
    "condition": gettext_lazy("Which case"),
    "delegation": gettext_lazy("Which worker gets the task"),
    "speaker": gettext_lazy("Who speaks next"),
    "team": gettext_lazy("What the team came to"),
    "fallback": gettext_lazy("Who steps in"),
    "out_of_scope": gettext_lazy("Who takes what is out of scope"),
}

# Their candidates are agents, flows and people; those of a fallback may be models, too.
MEMBERS = frozenset({"delegation", "speaker", "fallback", "out_of_scope"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """`width` is its score in percent of the meter; None where nothing was scored."""

    name: str
    score: float | None
    width: float | None
    chosen: bool
    excluded_because: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One `choice.made`. `cutoff` is the threshold from 0 to 1 where scores were held against one."""

    event: Event
    kind: str
    method: str
    reason: str
    chosen: tuple[str, ...]
    cutoff: float | None
    candidates: tuple[Candidate, ...]

    @property
    def tick(self) -> float | None:
        return None if self.cutoff is None else round(self.cutoff * 100, 1)

    @property
    def about(self) -> str:
        """What was chosen, and who did."""
        methods = {"rules": _("rules"), "agent": _("an agent"), "moderator": _("the moderator")}
        values = {
            "what": str(KINDS.get(self.kind, self.kind)),
            "method": methods.get(self.method, self.method),
        }
        return _("%(what)s, decided by: %(method)s.") % values

    @property
    def title(self) -> str:
        if self.kind == "out_of_scope":
            return _("Why it is out of scope")
        return _("Why %(chosen)s") % {"chosen": _(" and ").join(self.chosen) or _("no route")}


def choices(made: Sequence[tuple[Event, Mapping[str, Any]]], drawing: Drawing, node: str) -> list[Choice]:
    return [choice(event, data, drawing, node) for event, data in made]


def choice(event: Event, data: Mapping[str, Any], drawing: Drawing, node: str) -> Choice:
    config, kind = drawing.config(node), str(data.get("kind", ""))
    called = partial(called_in, drawing) if kind in MEMBERS else str
    chosen = tuple(str(name) for name in data.get("chosen") or ())
    scored = data.get("kind") == "router" and config.get("by") == "agent"
    return Choice(
        event,
        kind,
        str(data.get("method") or ""),
        str(data.get("reason") or ""),
        tuple(map(called, chosen)),
        config.get("min_confidence") if scored else None,
        tuple(candidate(found, chosen, called) for found in data.get("candidates") or ()),
    )


def called_in(drawing: Drawing, name: str) -> str:
    """A model is called PROVIDER/MODEL, by everybody."""
    return name if "/" in name else drawing.called(name)


def candidate(found: Mapping[str, Any], chosen: Sequence[str], called: Callable[[str], str]) -> Candidate:
    score = found.get("score")
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    width = round(max(0.0, min(float(score), 1.0)) * 100, 1) if is_number else None
    name = str(found.get("name", ""))
    return Candidate(
        called(name),
        score if is_number else None,
        width,
        name in chosen,
        str(found.get("excluded_because") or ""),
    )
