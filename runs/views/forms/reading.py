"""Reading a posted form back into the value of its schema.

The post says what was drawn: a name with the aside `json` is JSON, whatever the schema says, rows are counted by
what was sent. So a value that a control could not show comes back as it was, and a form of an older schema reads.
"""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from governance.refusals import Problem
from runs.views.forms import json_text, scalars, uploads
from runs.views.forms.json_text import NotJson, Typed
from runs.views.forms.names import Posted
from runs.views.forms.shapes import Shape, is_file
from runs.views.forms.walking import ABSENT, Place, Walk

MOST_ROWS = 1000


@dataclass(slots=True)
class Reading(Walk):
    """One reading of a form; `problems` gathers what cannot be read, each at its place in the value."""

    problems: list[Problem] = field(default_factory=list)

    def whole(self, post: Posted) -> Any:
        return self.value(self.root, post, Place(), True, frozenset())

    def value(
        self, schema: Any, post: Posted | None, at: Place, required: bool, trail: frozenset[str]
    ) -> Any:
        """What was entered at one place; ABSENT where nothing was."""
        if post is None:
            return ABSENT
        shape = self.shape(schema, at, trail)
        if post.says("json"):
            found = self.json(shape, post, at)
        else:
            found = READ.get(shape.kind, Reading.text)(self, shape, post, at, required)
        return self.empty(shape, post, at, required) if found is ABSENT else found

    def empty(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        """What an empty control means: what stood there empty, null where it must say something, else nothing."""
        if post.says("null"):
            return None
        if post.says("empty"):
            return {"object": {}, "list": [], "choices": []}.get(shape.kind, "")
        if required and shape.kind in ("list", "choices"):
            return []
        if required and shape.nullable:
            return None
        if required and at.pointer:
            self.tell(at, _("Fill this in."), "missing_field")
        return ABSENT

    def json(self, shape: Shape, post: Posted, at: Place) -> Any:
        text = post.asides["json"][-1]
        try:
            if is_file(shape.schema) and (file := uploaded(post)) is not None:
                text = uploads.text_of(file)
            return json_text.read(text) if text.strip() else ABSENT
        except NotJson as error:
            return self.unread(at, error, text)

    def text(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        return last(post) or ABSENT

    def file(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        text, file = last(post), uploaded(post)
        try:
            if file is not None:
                text = uploads.text_of(file)
            if text and shape.schema.get("contentMediaType") == "application/json":
                json_text.read(text)
        except NotJson as error:
            self.tell(at, str(error), "invalid_file")
        return text or ABSENT

    def number(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        text = last(post)
        if not text.strip():
            return ABSENT
        try:
            return scalars.number_of(text, shape.kind)
        except NotJson as error:
            return self.unread(at, error, text)

    def boolean(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        """An unticked box sends the hidden `false` before it alone."""
        chosen = {"true": True, "false": False}.get(last(post), ABSENT)
        stays = post.says("default") and chosen is shape.schema.get("default")
        return ABSENT if stays else chosen

    def choice(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        key = last(post)
        option = scalars.option_named(key, shape.options)
        if option is not None:
            return option.value
        return key or ABSENT

    def choices(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        found = []
        for key in dict.fromkeys(post.values[:MOST_ROWS]):
            option = scalars.option_named(key, shape.options)
            found.append(option.value if option else scalars.plain(key))
        return found or ABSENT

    def several(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        """A value of several types."""
        text = last(post)
        if not text or shape.schema.get("type") == "string":
            return text or ABSENT
        try:
            return scalars.value_of(text)
        except NotJson as error:
            return self.unread(at, error, text)

    def rows(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        sent, found = post.rows(), []
        if len(sent) > MOST_ROWS:
            sentence = _("There are %(rows)s rows; a form may have %(most)s.")
            self.tell(at, sentence % {"rows": len(sent), "most": MOST_ROWS}, "maxItems")
        for row in sent[:MOST_ROWS]:
            told = len(self.problems)
            value = ABSENT if row.says("remove") else self.row(shape, row, at.row(len(found)))
            if value is ABSENT:
                del self.problems[told:]
            else:
                found.append(value)
        return found or ABSENT

    def row(self, shape: Shape, post: Posted, at: Place) -> Any:
        return self.value(shape.schema.get("items"), post, at, False, shape.trail)

    def object(self, shape: Shape, post: Posted, at: Place, required: bool) -> Any:
        found, told = {}, len(self.problems)
        for key, schema in shape.properties.items():
            inner = self.value(schema, post.child(key), at.below(key), key in shape.required, shape.trail)
            if inner is not ABSENT:
                found[key] = inner
        found = self.with_more(found, post, at)
        unread = any(isinstance(problem, Typed) for problem in self.problems[told:])
        bare = not unread and self.is_bare(shape, found, at)
        if bare and not required and not post.says("empty"):
            del self.problems[told:]
            return ABSENT
        return found

    def with_more(self, found: dict, post: Posted, at: Place) -> dict:
        """With the fields that have no control; those that have one win."""
        text = (post.asides.get("more") or [""])[-1]
        try:
            more = json_text.read(text) if text.strip() else {}
            if isinstance(more, dict):
                return {**more, **found}
            raise NotJson(_("Write the other fields as a JSON object: {…}."))
        except NotJson as error:
            self.problems.append(Typed(at.pointer, str(error), "unread", typed=text, more=True))
            return found

    def unread(self, at: Place, error: NotJson, text: str) -> str:
        self.problems.append(Typed(at.pointer, str(error), "unread", typed=text))
        return text

    def tell(self, at: Place, message: str, code: str) -> None:
        self.problems.append(Problem(at.pointer, message, code))


def last(post: Posted) -> str:
    return scalars.plain(post.values[-1]) if post.values else ""


def uploaded(post: Posted) -> Any:
    return next((file for file in post.files if file.name), None)


READ = {
    "number": Reading.number,
    "integer": Reading.number,
    "boolean": Reading.boolean,
    "choice": Reading.choice,
    "choices": Reading.choices,
    "value": Reading.several,
    "list": Reading.rows,
    "object": Reading.object,
    "file": Reading.file,
}
