"""One's own account."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from runs.views import frame


@require_safe
def account_show(request: HttpRequest) -> HttpResponse:
    frame.signed_in(request)
    return frame.shown(request, "shell/account.html", {}, title=_("Account"))
