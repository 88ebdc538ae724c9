"""What a browser without script sends for a form, read from the form's HTML as the HTML standard says."""

import re
from html.parser import HTMLParser

from django.http import QueryDict
from django.template.loader import render_to_string

from runs.views.forms import SchemaForm

LINE_END = re.compile(r"\r\n|\r|\n")


class Controls(HTMLParser):
    """The successful controls of a form, in tree order: [(name, value)]."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.sent: list[tuple[str, str]] = []
        self.templates = 0
        self.area: str | None = None
        self.select: str | None = None
        self.text = ""

    def handle_starttag(self, tag, pairs):
        found = dict(pairs)
        if tag == "template":
            self.templates += 1
        elif tag == "textarea":
            self.area, self.text = found["name"], ""
        elif tag == "select":
            self.select = found["name"]
        elif tag == "option" and "selected" in found:
            self.add(self.select, found["value"])
        elif tag == "input":
            self.input(found)

    def input(self, found):
        kind = found.get("type", "text")
        found = {"value": "on" if kind in ("checkbox", "radio") else "", **found}
        if not found.get("name"):
            return
        if kind in ("checkbox", "radio"):
            if "checked" in found:
                self.add(found["name"], found["value"])
        elif kind == "number":
            # What is no number is sanitized away.
            self.add(
                found["name"],
                found["value"] if re.fullmatch(r"-?\d*\.?\d+(e[-+]?\d+)?|", found["value"]) else "",
            )
        elif kind != "file":
            self.add(
                found["name"], LINE_END.sub("", found["value"] or "") if kind == "text" else found["value"]
            )

    def handle_endtag(self, tag):
        if tag == "template":
            self.templates -= 1
        elif tag == "textarea":
            self.add(self.area, self.text.removeprefix("\n"))
            self.area = None

    def handle_data(self, data):
        if self.area is not None:
            self.text += data

    def add(self, name, value):
        if not self.templates:
            self.sent.append((LINE_END.sub("\r\n", name), LINE_END.sub("\r\n", value)))


def drawn(form: SchemaForm, value, problems=()) -> str:
    return render_to_string("forms/_fields.html", {"fields": form.fields(value, problems)})


def sent_by(html: str) -> QueryDict:
    """The post of a form with this HTML. The markup itself is read with plain line ends, as browsers do."""
    controls = Controls()
    controls.feed(LINE_END.sub("\n", html.encode().decode()))
    post = QueryDict(mutable=True)
    for name, value in controls.sent:
        post.appendlist(name, value)
    return post


def there_and_back(form: SchemaForm, value):
    """(value, problems) of the form drawn with `value` and sent untouched."""
    return form.read(sent_by(drawn(form, value)))
