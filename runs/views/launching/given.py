"""What a person gives a launch: the input as a form or as JSON, the environment, labels."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from governance.refusals import Problem, pointer
from runs.views.forms import FieldView, SchemaForm, defaults
from runs.views.launching.offer import Offer
from runs.views.launching.starting_points import Start

MOST_BYTES = 2_000_000
KEY_LENGTH = 64
LABEL = {
    "type": "object",
    "required": ["name", "value"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 100, "title": gettext_noop("Name")},
        "value": {"type": "string", "maxLength": 200, "title": gettext_noop("Value")},
    },
}
OPTIONS = {
    "type": "object",
    "properties": {
        "environment": {
            "type": "string",
            "maxLength": 64,
            "title": gettext_noop("Environment"),
            "description": gettext_noop(
                "Policies can tell environments apart, for example test and production."
            ),
        },
        "labels": {"type": "array", "maxItems": 50, "items": LABEL, "title": gettext_noop("Labels")},
    },
}
OPTIONS_FORM = SchemaForm(OPTIONS, prefix="options")


@dataclass(slots=True)
class Given:
    """What stands in the form. `mode` is form or json; `key` makes a second click launch nothing new."""

    value: Any = None
    options: dict[str, Any] = field(default_factory=dict)
    mode: str = "form"
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    problems: list[Problem] = field(default_factory=list)
    option_problems: list[Problem] = field(default_factory=list)

    @property
    def environment(self) -> str:
        found = self.options.get("environment", "")
        return found if isinstance(found, str) else ""

    @property
    def labels(self) -> dict[str, str]:
        return {row["name"]: row.get("value", "") for row in label_rows(self.options)}

    def idempotency_key(self, flow: str) -> str:
        """The form's key with what was entered: the same again is one run, a change after going back another."""
        entered = json.dumps([flow, self.value, self.environment, self.labels], sort_keys=True)
        return f"{self.key}:{hashlib.sha256(entered.encode()).hexdigest()[:32]}"

    def body(self, flow: str) -> dict[str, Any]:
        """The same launch as a body of the API."""
        more = {"environment": self.environment, "labels": self.labels}
        return {"flow": flow, "input": self.value, **{name: value for name, value in more.items() if value}}


def first(offer: Offer, start: Start | None, mode: str) -> Given:
    """The form before anybody typed: a starting point's input, else the schema's defaults."""
    value = start.input if start else defaults(offer.schema)
    options: dict[str, Any] = {}
    if start and start.environment:
        options["environment"] = start.environment
    return Given(value, options, mode_of(offer, mode))


def sent(request: HttpRequest, offer: Offer) -> Given:
    """The form as it was sent, with what is wrong in it."""
    post, mode = request.POST, mode_of(offer, request.POST.get("mode", ""))
    value, problems = form_of(offer, mode).read(post, request.FILES)
    options, option_problems = OPTIONS_FORM.read(post)
    given = Given(value, options, mode, problems=problems, option_problems=option_problems)
    key = post.get("key", "")
    if 0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable():
        given.key = key
    given.option_problems += double_labels(options)
    if not problems and len(json.dumps(value)) > MOST_BYTES:
        given.problems.append(Problem("", _("The input is larger than 2 MB: shorten it."), "too_large"))
    return given


def mode_of(offer: Offer, asked: str) -> str:
    """JSON where it was asked for, or where no schema says what a form could hold."""
    return "json" if asked == "json" or offer.schema is None else "form"


def form_of(offer: Offer, mode: str) -> SchemaForm:
    if mode == "form" and offer.schema is not None:
        return SchemaForm(offer.schema, prefix="input")
    return SchemaForm({"title": _("Input as JSON")}, prefix="input")


def fields(offer: Offer, given: Given) -> list[FieldView]:
    return form_of(offer, given.mode).fields(given.value, given.problems)


def option_fields(given: Given) -> list[FieldView]:
    found = OPTIONS_FORM.fields(given.options, given.option_problems)
    for view in found:
        say(view)
    return found


def say(view: FieldView) -> None:
    """The words of the options' fields in the language of this request."""
    view.label, view.help = _(view.label), _(view.help) if view.help else ""
    for inner in (*view.children, *filter(None, (view.blank, view.pattern))):
        say(inner)


def label_rows(options: Mapping) -> list[dict]:
    rows = options.get("labels")
    found = rows if isinstance(rows, list) else []
    return [row for row in found if isinstance(row, dict) and isinstance(row.get("name"), str)]


def at_rows(given: Given, problems: Iterable[Problem]) -> list[Problem]:
    """Problems of a launch's labels, which have names, at the rows of the form."""
    places = {pointer("labels", row["name"]): place for place, row in enumerate(label_rows(given.options))}
    return [
        replace(one, pointer=f"/labels/{places[one.pointer]}/value") if one.pointer in places else one
        for one in problems
    ]


def double_labels(options: Mapping) -> list[Problem]:
    names = [row["name"] for row in label_rows(options)]
    return [
        Problem(f"/labels/{place}/name", _("This label is given twice: keep one."), "twice")
        for place, name in enumerate(names)
        if name in names[:place]
    ]
