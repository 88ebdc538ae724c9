"""Every address, gathered from the apps, and what is answered where there is none."""

from django.urls import include, path

urlpatterns = [path("", include("runs.urls"))]

handler400 = "runs.views.errors.unreadable"
handler403 = "runs.views.errors.refused"
handler404 = "runs.views.errors.missing"
handler500 = "runs.views.errors.broken"
