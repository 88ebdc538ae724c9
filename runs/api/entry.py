"""The API's front door: every address with what it takes, read off the OpenAPI document."""

from functools import cache

import orjson
from django.urls import reverse
from rest_framework.response import Response

from runs.api import openapi
from runs.api.operations import Resource, operation


class Entry(Resource):
    permission_classes = []  # it shows what the OpenAPI document shows to everybody

    @operation("List the addresses of this API", answers={200: "Entry"})
    def get(self, request):
        known = {"openapi": reverse("openapi"), "docs": reverse("api-docs")}
        return Response({**known, "addresses": addresses()})


@cache
def addresses() -> list[dict]:
    """[{path, methods: {GET: summary}}] in the document's order."""
    paths = orjson.loads(openapi.document())["paths"]
    return [
        {"path": path, "methods": {method.upper(): shown["summary"] for method, shown in methods.items()}}
        for path, methods in paths.items()
    ]
