"""The API against its own OpenAPI document: whatever is sent, answers are those it promises."""

import json

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from governance import ids, tokens
from governance.models import User
from runs.api import openapi
from tests.environment import scaled
from tests.left_alone import opening

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


RUN, APPROVAL, BREAKER = (4_611_686_018_427_387_904 + place for place in range(3))
THERE = {
    "project": "demo",
    "run": ids.encode(RUN),
    "approval": ids.encode(APPROVAL),
    "breaker": ids.encode(BREAKER),
}


def bound_document() -> dict:
    """The document, with the things that are there as the only valid values of their names: else all is 404.

    The token comes with every call, so the document asks for none.
    """
    document = json.loads(openapi.document())
    del document["components"]["securitySchemes"]
    for methods in document["paths"].values():
        for shown in methods.values():
            del shown["security"]
            for parameter in shown["parameters"]:
                if parameter["in"] == "path" and parameter["name"] in THERE:
                    parameter["schema"] = {"type": "string", "enum": [THERE[parameter["name"]]]}
    return document


@pytest.fixture
def token(published, make_run, make_event, make_step, make_approval):
    """Ada's, in a project with one thing of each kind."""
    run = make_run(id=RUN, status="waiting")
    make_event(run, 1, "step.started", {"input": 1}, node="start", iteration=1)
    make_event(run, 2, "choice.made", {"kind": "router", "chosen": ["a"], "candidates": [], "reason": "r"})
    make_step(run, "start", started_seq=1)
    make_approval(id=APPROVAL, run=run)
    opening(published, id=BREAKER)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # it would close the connection of this test's transaction
    yield tokens.create(User.objects.get(username="ada"), "tests")[1]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


schema = schemathesis.openapi.from_dict(bound_document())
schema.app = get_wsgi_application()


@schema.parametrize()
@settings(
    max_examples=scaled(5, 200),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_promises(case, token):
    cache.clear()
    response = case.call(headers={"Authorization": f"Bearer {token}"})
    case.validate_response(response, checks=CHECKS)
