"""Endpoints of one's own API tokens."""

from datetime import UTC, datetime

from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.response import Response

from governance import clock, ids, tokens
from governance.models import ApiToken, Project
from governance.refusals import Forbidden, NotFound, Problem, Refused
from runs.api import load
from runs.api.operations import Resource, nothing, operation
from runs.api.pages import PAGE, check_cursor, page
from runs.api.shapes import people as shapes
from runs.api.shapes.basics import page_of
from runs.api.shown import show_time
from runs.api.throttles import TokenCreation


class Tokens(Resource):
    throttle_classes = [TokenCreation]

    @operation("List your tokens", answers={200: page_of("Token")}, query=PAGE)
    def get(self, request):
        asked = self.query()
        rows = tokens_of(request).order_by("-id")
        if keys := check_cursor(asked["cursor"], int):
            rows = rows.filter(id__lt=keys[0])
        return Response(
            page(
                request,
                rows,
                asked["limit"],
                lambda row: [row.id],
                lambda found: [show_token(row) for row in found],
            )
        )

    @operation(
        "Make a token; this answer alone shows it",
        body=shapes.NEW_TOKEN,
        answers={201: "NewToken"},
        refusals=(403, 409, 429),
    )
    def post(self, request):
        asked = self.body()
        project = project_of(request, asked.get("project"))
        expires_at = expiry_of(request, asked.get("expires_at"))
        token, text = tokens.create(request.user, asked["name"], project, expires_at)
        return Response({**show_token(token), "token": text}, status=201)


class OneToken(Resource):
    @operation("Delete one of your tokens", answers={204: None})
    def delete(self, request, token):
        found = tokens_of(request).filter(id=token).first()
        if found is None:
            raise NotFound("You have no such token.")
        tokens.delete(found, request.user)
        return nothing()


def tokens_of(request) -> QuerySet[ApiToken]:
    """One's own that still open something; a token of one project sees that project's only."""
    mine = ApiToken.objects.select_related("project").filter(user=request.user)
    live = mine.filter(Q(expiry=None) | Q(expiry__gt=timezone.now()))
    scope = load.scope(request)
    return live if scope is None else live.filter(project_id=scope)


def project_of(request, slug: str | None) -> Project | None:
    """INVARIANT: a token of one project makes no token that opens more."""
    if slug is not None:
        return load.project(request, slug, "read")
    if load.scope(request) is not None:
        raise Forbidden("This token opens one project only: name that project for the new token too.")
    return None


def expiry_of(request, text: str | None) -> datetime | None:
    """INVARIANT: a token that ends makes no token that outlives it."""
    latest = getattr(request.auth, "expiry", None)
    if text is None:
        return latest
    moment = moment_of(text)
    if moment <= timezone.now():
        raise Refused([Problem("/expires_at", "This is in the past: name a later moment.")])
    if latest is not None and moment > latest:
        raise Refused([Problem("/expires_at", f"The token you use ends at {show_time(latest)}: not later.")])
    return moment


def moment_of(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(clock.parse(text) / 1_000_000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        sentence = "This must be an RFC 3339 time such as 2026-01-31T12:00:00Z."
        raise Refused([Problem("/expires_at", sentence)]) from error


def show_token(token: ApiToken) -> dict:
    return {
        "id": ids.encode(token.id),
        "name": token.name,
        "project": token.project.slug if token.project else None,
        "created_at": show_time(token.created),
        "expires_at": show_time(token.expiry),
        "last_used_at": show_time(token.last_used_at),
    }
