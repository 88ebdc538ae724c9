"""For whoever runs Baton: is it alive, is it ready, and its numbers for Prometheus."""

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rest_framework.exceptions import AuthenticationFailed

from runs import insights
from runs.api.authentication import Bearer
from runs.api.problems import Refusal, response

LOOPBACK = frozenset({"127.0.0.1", "::1"})
BROKER_TIMEOUT_S = 2
# Name, type, help, and (labels, value) for each sample.
Metric = tuple[str, str, str, list[tuple[str, float]]]
_migrated: set[str] = set()  # migrations are never undone under a running process: asked until they are there


@never_cache
@require_safe
def alive_show(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def ready_show(request: HttpRequest) -> HttpResponse:
    """200, or 503 with what is missing."""
    checks = {"database": database(), "migrations": "unknown", "broker": broker()}
    if checks["database"] == "ok":
        checks["migrations"] = migrations()
    ready = all(state == "ok" for state in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


@never_cache
@require_safe
def metrics_show(request: HttpRequest) -> HttpResponse:
    """Numbers only, but of all projects: for this machine or whoever has a token."""
    if not (is_local(request) or has_token(request)):
        challenge = {"WWW-Authenticate": "Bearer"}
        return response(
            Refusal(401, "Send a valid token as `Authorization: Bearer TOKEN`.", headers=challenge)
        )
    return HttpResponse(
        exposition(insights.instance()), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "unreachable"
    return "ok"


def migrations() -> str:
    if connection.alias in _migrated:
        return "ok"
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "missing: run manage.py migrate"
    _migrated.add(connection.alias)
    return "ok"


def broker() -> str:
    if not settings.REDIS_URL:
        return "ok"
    times = {"socket_timeout": BROKER_TIMEOUT_S, "socket_connect_timeout": BROKER_TIMEOUT_S}
    client = redis.Redis.from_url(settings.REDIS_URL, **times)
    try:
        client.ping()
    except redis.RedisError:
        return "unreachable"
    finally:
        client.close()
    return "ok"


def is_local(request: HttpRequest) -> bool:
    """From this machine itself: what a proxy here passes on comes from elsewhere."""
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not (
        request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded")
    )


def has_token(request: HttpRequest) -> bool:
    try:
        return Bearer().authenticate(request) is not None
    except AuthenticationFailed:
        return False


def exposition(numbers: dict) -> str:
    """The Prometheus text format, version 0.0.4."""
    lines = []
    for name, kind, help_text, values in (*of_runs(numbers), *of_peers_and_people(numbers)):
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{labels} {value}" for labels, value in values]
    return "\n".join(lines) + "\n"


def of_runs(numbers: dict) -> list[Metric]:
    return [
        ("baton_runs", "gauge", "Runs by status.", labelled("status", numbers["runs"])),
        ("baton_events_total", "counter", "Events written to journals.", [("", numbers["events"])]),
        (
            "baton_calls_total",
            "counter",
            "Calls of models and tools that were settled.",
            [("", numbers["calls"])],
        ),
        ("baton_tokens_total", "counter", "Tokens of models.", labelled("direction", numbers["tokens"])),
        ("baton_cost_usd_total", "counter", "US dollars spent.", [("", numbers["cost_usd"])]),
    ]


def of_peers_and_people(numbers: dict) -> list[Metric]:
    return [
        (
            "baton_approvals_pending",
            "gauge",
            "Items that wait for a person.",
            [("", numbers["approvals_pending"])],
        ),
        (
            "baton_breakers_open",
            "gauge",
            "Providers, agents and tools that are left alone because they kept failing.",
            labelled("kind", numbers["breakers_open"]),
        ),
    ]


def labelled(label: str, numbers: dict) -> list[tuple[str, float]]:
    return [(f'{{{label}="{name}"}}', number) for name, number in numbers.items()]
