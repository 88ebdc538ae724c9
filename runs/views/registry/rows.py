"""Objects whose keys a person chooses (prices by model, headers by name), drawn as rows of a form and put back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from governance.refusals import Problem, pointer


@dataclass(frozen=True, slots=True)
class Rows:
    """The object at `path`, whose entries are rows with the name under `key`: what an entry holds stands beside
    it, or under `inner` where that is named. `check` finds what a schema cannot say of a row, with the field."""

    path: tuple[str, ...]
    key: str
    inner: str = ""
    check: Callable[[Mapping], tuple[str, str] | None] | None = None

    @property
    def at(self) -> str:
        return pointer(*self.path)

    def schema(self, entry: Mapping) -> dict:
        """The schema of the rows, where `entry` is the schema of a row without its name."""
        name = {"type": "string", "minLength": 1, "maxLength": 200}
        required = [self.key, *entry.get("required", ())]
        row = {**entry, "properties": {self.key: name, **entry["properties"]}, "required": required}
        return {"type": "array", "items": row, "maxItems": 1000}

    def opened(self, body: Mapping) -> dict:
        """The body with rows in place of the object, where there is one that rows can show."""
        found = _at(body, self.path)
        if not isinstance(found, dict) or not all(
            self.inner or isinstance(entry, dict) for entry in found.values()
        ):
            return dict(body)
        rows = [
            {self.key: name, **({self.inner: entry} if self.inner else entry)}
            for name, entry in found.items()
        ]
        return _with(body, self.path, rows)

    def closed(self, value: Mapping) -> tuple[dict, list[Problem]]:
        """The value with the object in place of its rows, with what is wrong with single rows."""
        rows = _at(value, self.path)
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            return dict(value), []
        made: dict[str, Any] = {}
        problems = []
        for number, row in enumerate(rows):
            name = row.get(self.key)
            if not isinstance(name, str):
                continue  # told by the schema
            if name in made:
                message = _("“%(name)s” is there twice: keep one.") % {"name": name}
                problems.append(Problem(f"{self.at}/{number}/{self.key}", message))
            if self.check and (wrong := self.check(row)):
                problems.append(Problem(f"{self.at}/{number}/{wrong[0]}", wrong[1]))
            # A box that was left empty says nothing.
            rest = {field: inner for field, inner in row.items() if field != self.key and inner is not False}
            made[name] = rest.get(self.inner, "") if self.inner else rest
        return _with(value, self.path, made), problems

    def moved(self, problems: Iterable[Problem], body: Mapping) -> list[Problem]:
        """Problems of the body, with their pointers into the rows."""
        found = _at(body, self.path)
        names = list(found) if isinstance(found, dict) else []
        starts = {f"{self.at}{pointer(name)}": f"{self.at}/{number}" for number, name in enumerate(names)}
        return [_moved(problem, starts, self.inner) for problem in problems]


def _moved(problem: Problem, starts: Mapping[str, str], inner: str) -> Problem:
    for start, row in starts.items():
        if problem.pointer == start or problem.pointer.startswith(f"{start}/"):
            below = problem.pointer.removeprefix(start)
            return replace(problem, pointer=f"{row}/{inner}{below}" if inner else row + below)
    return problem


def _at(body: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        body = body.get(step) if isinstance(body, Mapping) else None
    return body


def _with(body: Mapping, path: tuple[str, ...], value: Any) -> dict:
    """A copy in which `value` stands at `path`, in the place of what stood there."""
    step, rest = path[0], path[1:]
    made = _with(body[step], rest, value) if rest else value
    return {key: made if key == step else inner for key, inner in body.items()}
