"""What cannot be taken back is asked for once more: by the script's dialog, without script on a page of its own."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse

from runs.views import frame

FIELD, YES = "confirmed", "yes"


def is_given(request: HttpRequest) -> bool:
    """Whether the person said yes, in the dialog (static/js/confirm.js) or on the page."""
    return request.method == "POST" and request.POST.get(FIELD) == YES


def asked(
    request: HttpRequest, question: str, text: str, action: str, back: str, **shown: Any
) -> HttpResponse:
    """The page: `question` as its heading, `text` says what will happen, `action` stands on the button, `back` is the
    address to go to instead; `sends` are fields to send along. The rest is frame.shown's."""
    sends: Mapping[str, str] = shown.pop("sends", {})
    context = {"text": text, "action": action, "back": back, "sends": {**sends, FIELD: YES}}
    return frame.shown(request, "shell/confirmation.html", context, title=question, **shown)
