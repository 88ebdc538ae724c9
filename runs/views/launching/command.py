"""The launch as a command for a terminal, and the token that it needs."""

import shlex
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import tokens
from governance.refusals import Conflict
from runs.api.throttles import TokenCreation
from runs.views.forms import json_text
from runs.views.launching.given import Given
from runs.views.launching.offer import Offer

TOKEN_DAYS = 30
STAND_IN = "$BATON_TOKEN"


def curl(request: HttpRequest, offer: Offer, given: Given, token: str = "") -> str:
    """A command for a POSIX shell. Without a token it reads one from the environment."""
    path = f"/api/v1/projects/{offer.project.slug}/runs/"
    address = f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)
    body = json_text.write(given.body(offer.reference), indent=None)
    return " \\\n  ".join(
        [
            f"curl -X POST {shlex.quote(address)}",
            f'-H "Authorization: Bearer {token or STAND_IN}"',
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(body)}",
        ]
    )


def make_token(request: HttpRequest, offer: Offer) -> str:
    """A token of the person's own that opens this project alone, for 30 days. Raises Conflict."""
    if not TokenCreation().allow_request(request, None):
        raise Conflict(_("You made many tokens just now: wait a minute."))
    expires_at = timezone.now() + timedelta(days=TOKEN_DAYS)
    name = _("curl for %(flow)s") % {"flow": offer.slug}
    return tokens.create(request.user, name, offer.project, expires_at)[1]
