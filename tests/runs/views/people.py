"""The cast of the tests of pages, and their browsers without script: Django's client, signed in."""

from django.test import Client

from flows import gallery
from governance import documents, people
from governance.models import Project, User

ROLES = {"ada": "admin", "ben": "viewer", "rita": "reviewer"}


def project_with_cast(with_demo: bool = False) -> Project:
    """Project `demo`: Ada is its admin, Ben reads, Rita reviews. Sam is an admin of another project."""
    ada = people.create_user("ada", None, name="Ada")
    found = people.create_project("demo", "Demo", ada)
    for name, role in ROLES.items():
        if name != "ada":
            people.add_member(found, people.create_user(name, None), [role], None)
    people.create_project("elsewhere", "Elsewhere", people.create_user("sam", None))
    if with_demo:
        documents.apply(found, gallery.texts(), ada)
    return found


def signed_in(username: str) -> Client:
    """A browser that accepts cookies and runs no script."""
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(username=username))
    return client


def fragment(client: Client, address: str):
    """The same address as htmx asks for it."""
    return client.get(address, headers={"HX-Request": "true"})
