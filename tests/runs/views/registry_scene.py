"""The cast in the demo's project, and its forms as a browser without script would send them."""

import re

from django.test import Client

from flows import gallery
from governance import documents, people
from governance.models import Document, Project, User
from tests.runs.views.browser_form import Controls

ROLES = {"ada": "admin", "ben": "viewer", "kim": "author", "olu": "operator"}


def house() -> Project:
    """`demo` with the starter flows: Ada administers, Ben reads, Kim writes, Olu operates; Sam is a stranger."""
    project = people.create_project("demo", "Demo", None)
    for username, role in ROLES.items():
        people.add_member(project, people.create_user(username, None), [role], None)
    people.create_project("sams", "Sam's", people.create_user("sam", None))
    documents.apply(project, gallery.texts(), None)
    return project


def client_of(username: str) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=username))
    return client


def document(project: Project, kind: str, slug: str) -> Document:
    return Document.objects.select_related("active", "project").get(project=project, kind=kind, slug=slug)


def sent_by(html: str, marker: str = 'id="document-form"') -> dict[str, list[str]]:
    """What the form with `marker` in its tag sends when nobody touched it: {name: values}."""
    form = next(
        found
        for found in re.findall(r"<form\b.*?</form>", html, re.DOTALL)
        if marker in found.partition(">")[0]
    )
    controls = Controls()
    controls.feed(form)
    values: dict[str, list[str]] = {}
    for name, value in controls.sent:
        values.setdefault(name, []).append(value)
    return values
