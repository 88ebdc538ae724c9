"""Every address of Baton."""

from django.urls import include, path

from runs.views import health, home, sign_in

urlpatterns = [
    path("", home.home_show, name="home"),
    path("sign-in/<str:token>/", sign_in.sign_in_create, name="sign-in"),
    path("sign-out/", sign_in.sign_in_destroy, name="sign-out"),
    path("healthz", health.alive_show),
    path("readyz", health.ready_show),
    path("metrics", health.metrics_show),
    path("api/", include("runs.api.urls")),
]
