"""Endpoints of secrets: written, listed by name, deleted, never shown."""

from rest_framework.response import Response

from governance import secrets
from governance.models import Secret
from runs.api import load
from runs.api.operations import Resource, nothing, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.shapes import documents as shapes
from runs.api.shapes.basics import page_of
from runs.api.shown import show_time


class Secrets(Resource):
    @operation("List the names of the secrets", answers={200: page_of("Secret")}, query=PAGE)
    def get(self, request, project):
        found, asked = load.project(request, project, "read"), self.query()
        rows = found.secrets.order_by("-id")
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(id__lt=keys[0])
        return Response(page(request, rows, asked["limit"], lambda row: [row.id], show_secrets))


class OneSecret(Resource):
    @operation("Set a secret", body=shapes.SECRET, answers={200: "Secret", 201: "Secret"}, refusals=(403,))
    def put(self, request, project, name):
        found = load.project(request, project, "administer")
        asked = self.body()
        created = not found.secrets.filter(name=name).exists()
        secret = secrets.put(found, name, asked["value"], request.user)
        return Response(show_secret(secret), status=201 if created else 200)

    @operation("Delete a secret", answers={204: None}, refusals=(403,))
    def delete(self, request, project, name):
        secrets.delete(load.project(request, project, "administer"), name, request.user)
        return nothing()


def show_secrets(rows: list[Secret]) -> list[dict]:
    return [show_secret(row) for row in rows]


def show_secret(secret: Secret) -> dict:
    return {"name": secret.name, "updated_at": show_time(secret.updated_at)}
