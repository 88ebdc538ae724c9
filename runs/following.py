"""Follows a run from the command line: a live display in a terminal, plain lines in a pipe."""

import time
from typing import Protocol, TextIO

from django.db import connection
from rich.console import Console
from rich.live import Live
from rich.table import Table

from governance import clock
from runs.engine.rows import loads
from runs.models import FINISHED, Event, Run

LOOK_EVERY_S = 0.1
PEOPLE = ("approval", "question", "escalation", "uncertain")
SHOWN = {
    "step.started": "started",
    "step.skipped": "skipped",
    "step.waiting": "waiting",
    "step.retrying": "retrying",
}
REPORTED = {"status": "reports", "help": "asks for help", "escalate": "asks a person to take over"}
MARKS = {"succeeded": "green", "failed": "red", "cancelled": "yellow", "waiting": "cyan", "running": "blue"}


class View(Protocol):
    def event(self, event: Event, data: dict) -> None: ...
    def close(self) -> None: ...


def follow(run: Run, view: View | None) -> Run:
    """Returns the run once it finished or waits for a person."""
    seen = 0
    try:
        while True:
            run = Run.objects.select_related("project", "user").get(id=run.id)
            for event in Event.objects.filter(run_id=run.id, seq__gt=seen).order_by("seq"):
                seen = event.seq
                if view is not None:
                    view.event(event, loads(event.data))
            if seen >= run.seq and (run.status in FINISHED or waits_for_people(run)):
                return run
            time.sleep(LOOK_EVERY_S)
    finally:
        connection.close()
        if view is not None:
            view.close()


def waits_for_people(run: Run) -> bool:
    return run.status == "waiting" and any(wait["kind"] in PEOPLE for wait in loads(run.waiting))


def state_of(event: Event, data: dict) -> str | None:
    """The word for what a line says of its step; None for lines that say nothing of it."""
    if event.type == "step.finished":
        return data["status"]
    if event.type == "choice.made" and data["kind"] == "fallback":
        return "falling back"
    if event.type == "choice.made" and data["kind"] == "out_of_scope":
        return "out of scope"
    if event.type == "note":
        return REPORTED.get(data.get("kind"))
    return SHOWN.get(event.type)


def name_of(event: Event) -> str:
    name = event.node if event.iteration == 1 else f"{event.node} ({event.iteration})"
    return name if event.item is None else f"{name} [{event.item}]"


def detail_of(event: Event, data: dict) -> str:
    if event.type == "step.retrying":
        return f"in {data['after_s']:g} s: {data['error']['message']}"
    if event.type == "choice.made":
        return f"to {', '.join(data['chosen']) or 'nobody'}: {data['reason']}"
    if event.type == "note":
        return data["text"]
    if event.type == "step.waiting":
        return f"for {data['kind']} {data.get('id') or data.get('until') or ''}".strip()
    if data.get("error"):
        return f"{data['error']['code']}: {data['error']['message']}"
    port = data.get("port")
    return f"→ {port}" if port not in (None, "out") else ""


class Lines:
    """One plain line an event that says something of a step or of the run."""

    def __init__(self, out: TextIO):
        self.out = out

    def event(self, event: Event, data: dict) -> None:
        at = clock.show(event.at)[11:19]
        if event.node is None:
            if event.type.startswith("run."):
                self.out.write(f"{at} {event.type.replace('.', ' ')} {data.get('status', '')}".rstrip())
            return
        state = state_of(event, data)
        if state is not None:
            self.out.write(plain(f"{at} {name_of(event)} {state} {detail_of(event, data)}".rstrip()))

    def close(self) -> None:
        """Nothing was held back."""


class Progress:
    """A table that changes in place: a row a step."""

    def __init__(self, out: TextIO):
        self.rows: dict[str, tuple[str, str]] = {}
        self.live = Live(self._table(), console=Console(file=out), refresh_per_second=8)
        self.live.start()

    def event(self, event: Event, data: dict) -> None:
        state = state_of(event, data) if event.node else None
        if state is not None:
            word = "running" if state == "started" else state
            self.rows[name_of(event)] = (word, detail_of(event, data))
            self.live.update(self._table())

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for heading in ("step", "status", ""):
            table.add_column(heading, overflow="fold")
        for name, (state, detail) in self.rows.items():
            table.add_row(escaped(name), f"[{MARKS.get(state, 'dim')}]{state}[/]", escaped(detail))
        return table

    def close(self) -> None:
        self.live.stop()


def plain(text: str) -> str:
    """Model and tool output is hostile text: one line, and no control characters of a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def escaped(text: str) -> str:
    """The same without markup of ours."""
    return plain(text).replace("[", r"\[")
