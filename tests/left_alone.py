"""A breaker that opened, as its process writes it down."""

from governance import clock, ids
from governance.models import Project
from registry.models import BreakerOpening

MICROS = 1_000_000


def opening(project: Project, **given) -> BreakerOpening:
    """The provider `house` is left alone since ten seconds, by a process that lives."""
    now = clock.now()
    fields = {
        "id": ids.new_id(),
        "kind": "provider",
        "slug": "house",
        "process": "here:1:ab",
        "opened_at": now - 10 * MICROS,
        "probe_at": now + 20 * MICROS,
        "heard_at": now,
        "failures": 5,
        "code": "provider_error",
        "message": "house/small answered 500: overloaded",
    }
    return BreakerOpening.objects.create(project=project, **{**fields, **given})
