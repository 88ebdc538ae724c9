"""The form of one document: its body as fields in sections, and the draft that comes of what is posted."""

import json
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from governance import documents
from governance.documents.bodies import body_problems
from governance.models import Document, Project
from governance.refusals import Problem, Refused
from governance.schemas import MUST_BE
from runs.views.forms import FieldView, SchemaForm
from runs.views.registry.rows import Rows

IDENTITY = ("kind", "slug")
PREFIX = "document"
Words = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Section:
    """A card of the form: the top fields it holds, by name. `aside`: in the narrow column."""

    id: str
    title: str
    icon: str
    names: tuple[str, ...]
    hint: str = ""
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """A section with its fields."""

    section: Section
    fields: list[FieldView]

    @property
    def is_filled(self) -> bool:
        return any(field.is_filled for field in self.fields)


@dataclass(frozen=True, slots=True)
class DocumentForm:
    """`form` draws the fields of its own schema; all others of a body stay as they are."""

    kind: str
    form: SchemaForm
    sections: Sequence[Section]
    rows: tuple[Rows, ...] = ()

    def value(self, body: Mapping) -> dict:
        """What the form shows of a body."""
        for rows in self.rows:
            body = rows.opened(body)
        return {name: inner for name, inner in body.items() if name in self.drawn}

    @property
    def drawn(self) -> Mapping:
        return self.form.schema["properties"]

    def read(self, base: Mapping, request: HttpRequest) -> tuple[dict, dict, list[Problem]]:
        """(the body to keep, the value to show again, problems of the value)."""
        value, problems = self.form.read(request.POST, request.FILES)
        changed = value if isinstance(value, dict) else {}
        for rows in self.rows:
            changed, twice = rows.closed(changed)
            problems += twice
        return self._merged(base, changed), value, problems

    def _merged(self, base: Mapping, changed: Mapping) -> dict:
        kept = {name: inner for name, inner in base.items() if name not in self.drawn}
        return in_order({**kept, **changed}, base)

    def filled(self, value: Mapping, problems: Iterable[Problem]) -> tuple[list[FieldView], list[Filled]]:
        """What is wrong with the whole, and the sections; fields that no section names stand in the first."""
        fields = {field.pointer: field for field in self.form.fields(value, problems)}
        top = [field for field in fields.values() if field.kind == "problems"]
        placed = [
            Filled(section, [fields.pop(f"/{name}") for name in section.names if f"/{name}" in fields])
            for section in self.sections
        ]
        placed[0].fields.extend(field for field in fields.values() if field.kind != "problems")
        return top, [filled for filled in placed if filled.fields]

    def moved(self, problems: Iterable[Problem], body: Mapping) -> list[Problem]:
        """Problems of a body where the form shows them."""
        problems = list(problems)
        for rows in self.rows:
            problems = rows.moved(problems, body)
        return problems


def in_order(value: Any, before: Any) -> Any:
    """The value with its fields in the order that they had, new ones at the end, at every depth."""
    if isinstance(value, dict) and isinstance(before, dict):
        names = [*(name for name in before if name in value), *(name for name in value if name not in before)]
        return {name: in_order(value[name], before.get(name)) for name in names}
    if isinstance(value, list) and isinstance(before, list):
        padded = [*before, *[None] * len(value)]
        return [in_order(inner, old) for inner, old in zip(value, padded, strict=False)]
    return value


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a posted form: `value` and `problems` to show again unless it was saved; `stale` is the
    document as somebody else saved it meanwhile."""

    value: dict
    problems: list[Problem]
    saved: bool = False
    stale: Document | None = None


def save(
    request: HttpRequest, project: Project, document: Document, form: DocumentForm, **extra: Any
) -> Outcome:
    """Keeps the posted form as the draft, with `extra` fields. What does not fit the form's schema is not kept."""
    body, value, problems = form.read(body_of(document), request)
    if problems:
        return Outcome(value, problems)
    expected = request.POST.get("revision", "")
    revision = int(expected) if expected.isascii() and expected.isdigit() and len(expected) < 10 else None
    try:
        _, problems = documents.save_working_draft(
            project, document.kind, document.slug, {**body, **extra}, request.user, revision
        )
    except documents.Stale as stale:
        return Outcome(value, [], stale=stale.document)
    except Refused as refused:
        return Outcome(value, form.moved(refused.problems, body))
    return Outcome(value, problems, saved=True)


def body_of(document: Document) -> dict[str, Any]:
    """What is edited: the draft, else the live version."""
    draft = documents.draft(document)
    if draft is not None:
        return draft
    content = documents.content(document.active) if document.active else {}
    return deepcopy(content) or {name: getattr(document, name) for name in IDENTITY}


def problems_in(project: Project, document: Document, body: Mapping) -> list[Problem]:
    """Everything that is wrong with a body, warnings too."""
    kind = documents.kind_named(document.kind)
    return body_problems(kind, document.slug, body) or documents.problems_of(project, document.kind, body)


def dressed(
    properties: Mapping[str, Any], required: Iterable[str], words: Words, patterns: Mapping[str, str]
) -> dict:
    """The schema of an object with titles and descriptions by place ("/limits/max_tool_calls", "/prices/*/model"),
    and what its patterns ask for, in words."""
    made = json.loads(
        json.dumps(of_objects(properties, required))
    )  # a copy in which no two places are one object
    for place, (title, help) in words.items():
        _at(made, place).update({"title": title, **({"description": help} if help else {})})
    for place, what in patterns.items():
        _at(made, place)[MUST_BE] = what
    return made


def _at(schema: dict, place: str) -> dict:
    for step in place.split("/")[1:]:
        schema = schema["items"] if step == "*" else schema["properties"][step]
    return schema


def of_objects(properties: Mapping[str, Any], required: Iterable[str] = ()) -> dict:
    """The schema of objects with these fields and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def offered(fields: Iterable[FieldView], options: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Offers texts to the fields at these pointers and to the rows below them: the <datalist>s that the page draws."""
    fields = list(fields)
    for pointer in options:
        _offer(fields, pointer, list_id(pointer))
    return [{"id": list_id(pointer), "options": texts} for pointer, texts in options.items()]


def list_id(pointer: str) -> str:
    return "offered" + pointer.replace("/", "-")


def _offer(fields: Iterable[FieldView], pointer: str, list_id: str) -> None:
    for field in fields:
        if field.pointer == pointer or field.pointer.startswith(f"{pointer}/"):
            field.limits["list"] = list_id
        _offer([*field.children, *(row for row in (field.blank, field.pattern) if row)], pointer, list_id)
