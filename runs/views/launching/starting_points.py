"""Inputs to start from: the samples of a starter flow, and what recent runs were launched with."""

import re
from dataclasses import dataclass
from typing import Any

from flows import gallery
from runs.api.runs import read_inputs
from runs.models import Run
from runs.views.launching.offer import Offer

RECENT = 5
COPY = re.compile(r"-[0-9]{1,4}\Z")
MOST_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Start:
    """An input to fill the form with. `query` is what the page's address says for it; `run` is where it is from."""

    query: str
    label: str
    input: Any
    run: Run | None = None

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
    return [
        Start(f"sample={name}", name.replace("-", " ").capitalize(), value)
        for name, value in gallery.samples(starter).items()
    ]


def recent(offer: Offer) -> list[Start]:
    """The newest runs that a person or program launched, those of the same input once."""
    runs = Run.objects.filter(project=offer.project, flow=offer.slug, parent_id=None).order_by("-id")
    runs = runs.exclude(trigger="test")  # a trial of one node has another input
    found = list(runs.select_related("user")[:RECENT])
    inputs = read_inputs(found)
    return [
        Start(f"run={run.public_id}", brief(inputs[run.id]), inputs[run.id], run)
        for run in found
        if run.id in inputs
    ]


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
