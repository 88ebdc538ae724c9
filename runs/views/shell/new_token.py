"""A new API token from a form: how often one may ask, and what comes of it. And the question before it goes."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from governance import tokens
from governance.models import ApiToken
from governance.refusals import Conflict
from runs.api.throttles import TokenCreation
from runs.views.shell.account_forms import TokenForm


@dataclass(frozen=True, slots=True)
class NewToken:
    """The token with its text, which is kept nowhere: the answer that shows it is the only one."""

    token: ApiToken
    text: str


def make(request: HttpRequest, form: TokenForm) -> tuple[NewToken | None, int]:
    """(token, 201), or (None, the status of a refusal) with what is wrong in the form."""
    if not form.is_valid():
        return None, 422
    if not TokenCreation().allow_request(request, None):
        form.add_error(None, _("Too many tokens in a minute: wait a little, then try again."))
        return None, 429
    try:
        made = tokens.create(request.user, form.cleaned_data["name"], form.chosen_project, form.expires_at)
    except Conflict as error:
        form.add_error(None, str(error))
        return None, 409
    return NewToken(*made), 201


def revocation(token: ApiToken, where: str) -> dict[str, str]:
    """What is asked before it is revoked (runs.views.confirmation); `where` is whose tokens are looked at."""
    name = token.name or token.token_key
    return {
        "question": _("Revoke %(name)s of %(where)s?") % {"name": name, "where": where},
        "text": _("Whatever uses this token is refused from now on."),
        "action": _("Revoke token"),
    }
