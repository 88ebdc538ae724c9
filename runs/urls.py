"""Every address of Baton: pages by area, the API, and what monitors ask."""

from django.urls import include, path

from runs.api import addresses
from runs.views import health

addresses.register()  # <opaque:…>, <a-slug:…>, <number:…>, <kinds:…>: for the pages too

urlpatterns = [
    path("", include("runs.views.shell.urls")),
    path("", include("runs.views.approvals.urls")),
    path("", include("runs.views.run.urls")),
    path("", include("runs.views.launching.urls")),
    path("", include("runs.views.flows.urls")),
    path("", include("runs.views.builder.urls")),
    path("", include("runs.views.registry.urls")),
    path("", include("runs.views.policies.urls")),
    path("", include("runs.views.privacy.urls")),
    path("", include("runs.views.versions.urls")),
    path("", include("runs.views.settings.urls")),
    path("", include("runs.views.budgets.urls")),
    path("", include("runs.views.breakers.urls")),
    path("", include("runs.views.audit.urls")),
    path("healthz", health.alive_show),
    path("readyz", health.ready_show),
    path("metrics", health.metrics_show),
    path("api/", include("runs.api.urls")),
]
