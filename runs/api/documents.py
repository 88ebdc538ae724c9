"""Endpoints of documents: drafts, versions, activations, as-of, and the published schemas."""

from datetime import UTC, datetime

from rest_framework.response import Response

from governance import documents
from governance.models import Version
from governance.refusals import NotFound, Problem, Refused
from runs.api import load
from runs.api.operations import Resource, nothing, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.queries import MOMENT, Parameter, moment, switch
from runs.api.rendering import stored
from runs.api.shapes import documents as shapes
from runs.api.shapes.basics import page_of
from runs.api.shown import show_document, show_time, show_version, username

ACTIVATE = Parameter("activate", switch, {"type": "boolean", "default": True}, True)
AT = Parameter("at", moment, MOMENT, None, "The moment to look at.", required=True)


class Documents(Resource):
    @operation("List the documents of a kind", answers={200: page_of("Document")}, query=PAGE)
    def get(self, request, project, kinds):
        found, asked = load.project(request, project, "read"), self.query()
        rows = documents.all_of(found, kinds)
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(id__lt=keys[0])
        return Response(
            page(
                request,
                rows,
                asked["limit"],
                lambda row: [row.id],
                lambda found: [show_document(row) for row in found],
            )
        )


class OneDocument(Resource):
    @operation("Show a document", answers={200: "Document"})
    def get(self, request, project, kinds, slug):
        found = load.project(request, project, "read")
        return Response(show_document(documents.load(found, kinds, slug)))

    @operation(
        "Save the draft of a document",
        body=shapes.BODY,
        answers={200: "SavedDocument", 201: "SavedDocument"},
        refusals=(403,),
    )
    def put(self, request, project, kinds, slug):
        found = load.project_to_edit(request, project, kinds)
        saved, created, problems = documents.save_draft(found, kinds, slug, self.body(), request.user)
        answer = {**show_document(saved), "problems": [problem.as_dict() for problem in problems]}
        return Response(answer, status=201 if created else 200)

    @operation("Archive a document", answers={204: None}, refusals=(403, 409))
    def delete(self, request, project, kinds, slug):
        found = load.project_to_edit(request, project, kinds)
        documents.archive(documents.load(found, kinds, slug), request.user)
        return nothing()


class Versions(Resource):
    @operation("List the versions", answers={200: page_of("Version")}, query=PAGE)
    def get(self, request, project, kinds, slug):
        found, asked = load.project(request, project, "read"), self.query()
        document = documents.load(found, kinds, slug)
        rows = document.versions.select_related("created_by").order_by("-number")
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(number__lt=keys[0])
        return Response(
            page(
                request,
                rows,
                asked["limit"],
                lambda row: [row.number],
                lambda found: [show_version(row, row.pk == document.active_id) for row in found],
            )
        )

    @operation(
        "Publish the draft, or the document in the body",
        body=shapes.BODY,
        body_required=False,
        answers={200: "Version", 201: "Version"},
        query=(ACTIVATE,),
        refusals=(403, 409),
    )
    def post(self, request, project, kinds, slug):
        found = load.project_to_edit(request, project, kinds)
        asked, body = self.query(), self.optional_body()
        version, created = publish(found, kinds, slug, body, request.user, asked["activate"])
        version = Version.objects.select_related("created_by", "document").get(pk=version.pk)
        shown = show_version(version, version.document.active_id == version.pk)
        return Response(shown, status=201 if created else 200)


class OneVersion(Resource):
    @operation("Show a version", answers={200: "Version"})
    def get(self, request, project, kinds, slug, number):
        document = documents.load(load.project(request, project, "read"), kinds, slug)
        version = document.versions.select_related("created_by").filter(number=number).first()
        if version is None:
            raise NotFound(f"The {document.kind} {slug!r} has no version {number}.")
        return Response(show_version(version, version.pk == document.active_id))


class Activations(Resource):
    @operation(
        "Make a version the active one",
        body=shapes.ACTIVATION,
        answers={201: "Activation"},
        refusals=(403, 409),
    )
    def post(self, request, project, kinds, slug):
        found = load.project_to_edit(request, project, kinds)
        document = documents.load(found, kinds, slug)
        number = self.body()["version"]
        if not document.versions.filter(number=number).exists():
            raise Refused([Problem("/version", f"The {document.kind} {slug!r} has no version {number}.")])
        made = documents.activate(document, number, request.user)
        answer = {"version": number, "at": show_time(made.at), "by": username(made.by)}
        return Response(answer, status=201)


class AsOf(Resource):
    @operation("Show what was active at a moment", answers={200: "AsOf"}, query=(AT,))
    def get(self, request, project, kinds, slug):
        found, asked = load.project(request, project, "read"), self.query()
        document = documents.load(found, kinds, slug, archived=True)
        at = datetime.fromtimestamp(asked["at"] / 1_000_000, UTC)
        activation = documents.as_of(document, at)
        if activation is None:
            raise NotFound(f"No version of the {document.kind} {slug!r} was active then.")
        version = activation.version
        return Response(
            {
                "version": version.number,
                "document": stored(version.content),
                "since": show_time(activation.at),
            }
        )


class Kinds(Resource):
    @operation("List the kinds of documents", answers={200: "Kinds"})
    def get(self, request):
        kinds = [
            {"kind": kind.name, "kinds": plural, "schema": f"/api/v1/schemas/{kind.name}/"}
            for plural, kind in sorted(documents.KINDS.items())
        ]
        return Response({"kinds": kinds})


class OneSchema(Resource):
    @operation("Show the JSON Schema of a kind", answers={200: "JsonSchema"})
    def get(self, request, kind):
        found = documents.kind_named(kind)
        if found.name != kind:
            raise NotFound(f"Schemas are named in the singular: {found.name}.")
        return Response(found.schema)


def publish(project, kinds: str, slug: str, body, by, activate: bool) -> tuple[Version, bool]:
    """With a body the document may be new."""
    if body is None:
        return documents.publish(documents.load(project, kinds, slug), None, by, activate)
    return documents.create_and_publish(project, kinds, slug, body, by, activate)
