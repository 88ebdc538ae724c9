"""What is answered where there is no address: no page of HTML answers a program, and a hint says what was meant."""

import re

from django.http import HttpRequest, HttpResponse
from django.urls import resolve
from django.views.decorators.csrf import csrf_exempt

from governance import ids
from governance.access import SLUG
from runs.api.problems import Refusal, response

ID_IN = re.compile(r"/api/v1/(run|approval|token)s/([^/]+)/")
SLUG_IN = re.compile(r"/api/v1/projects/([^/]+)/")
DOCUMENT_IN = re.compile(r"/api/v1/projects/[^/]+/(?:agents|tools|flows|providers)/([^/]+)/")
A_SLUG = "a slug has 1 to 64 of the characters a-z, 0-9 and the hyphen"
AN_ID = f"an id has {ids.LENGTH} of the characters {ids.ALPHABET}"
MOST_SHOWN = 80


@csrf_exempt
def unknown_address(request: HttpRequest) -> HttpResponse:
    """The last address under /api/. Nothing is redirected: a POST would be lost."""
    path = request.path_info
    if not path.endswith("/") and is_known(f"{path}/"):
        return response(Refusal(404, f"Addresses end with a slash: use {path}/ ."))
    return response(
        Refusal(404, f"{malformed(path) or 'There is no such address.'} /api/docs/ lists them all.")
    )


def malformed(path: str) -> str:
    """What in the address cannot be a name; empty where every part could be one."""
    found = ID_IN.match(path)
    if found and ids.decode(found[2]) is None:
        return f"{shown(found[2])} is no {found[1]}'s id: {AN_ID}."
    for pattern in (SLUG_IN, DOCUMENT_IN):
        found = pattern.match(path)
        if found and not SLUG.match(found[1]):
            return f"{shown(found[1])} is no slug: {A_SLUG}."
    return ""


def shown(part: str) -> str:
    return repr(part[:MOST_SHOWN])


def is_known(path: str) -> bool:
    return resolve(path).func is not unknown_address
