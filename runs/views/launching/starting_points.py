"""Inputs to start from: the samples of a starter flow, and what recent runs were launched with."""

import re
from dataclasses import dataclass
from typing import Any

from flows import gallery
from governance.privacy import tokens
from runs.api.runs import read_inputs
from runs.models import Run
from runs.views.launching.offer import Offer

RECENT = 5
COPY = re.compile(r"-[0-9]{1,4}\Z")
MOST_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Start:
    """An input to fill the form with. `query` is what the page's address says for it; `run` is where it is from.

    `has_gaps`: texts of that run that hold tokens are left empty. A token is no value: typed into a form it would be a
    text that looks like one.
    """

    query: str
    label: str
    input: Any
    run: Run | None = None
    has_gaps: bool = False
    shows: str = ""  # which way a sample takes

    @property
    def environment(self) -> str:
        return self.run.environment if self.run else ""


def starting_points(offer: Offer) -> list[Start]:
    return [*samples(offer), *recent(offer)]


def samples(offer: Offer) -> list[Start]:
    """A starter's own samples, also for the copies of it that the gallery made under a number."""
    starter = next((s for s in (offer.slug, COPY.sub("", offer.slug)) if s in gallery.starters()), None)
    if starter is None:
        return []
    shows = gallery.starter(starter).shows
    return [
        Start(f"sample={name}", name.replace("-", " ").capitalize(), value, shows=shows.get(name, ""))
        for name, value in gallery.samples(starter).items()
    ]


def recent(offer: Offer) -> list[Start]:
    """The newest runs that a person or program launched, those of the same input once."""
    runs = Run.objects.filter(project=offer.project, flow=offer.slug, parent_id=None).order_by("-id")
    runs = runs.exclude(trigger="test")  # a trial of one node has another input
    found = list(runs.select_related("user")[:RECENT])
    inputs = read_inputs(found)
    return [of_run(run, inputs[run.id]) for run in found if run.id in inputs]


def of_run(run: Run, held: Any) -> Start:
    given = tokens.each_text(held, _typed, tokens.unescape)
    has_gaps = any(tokens.found_in(text) for text in tokens.texts_of(held))
    return Start(f"run={run.public_id}", brief(held), given, run, has_gaps)


def _typed(text: str) -> str:
    """A text of an input as a person would type it anew."""
    return "" if tokens.found_in(text) else tokens.unescape(text)


def chosen(starts: list[Start], sample: str, run: str) -> Start | None:
    """The starting point that the address names."""
    queries = {f"sample={sample}", f"run={run}"}
    return next((start for start in starts if start.query in queries), None)


def brief(value: Any) -> str:
    """The first text of an input, to know it by."""
    if isinstance(value, dict):
        value = next(iter(value.values()), "")
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"
