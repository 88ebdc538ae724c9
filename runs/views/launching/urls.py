"""Addresses of the launching pages."""

from django.urls import path

from runs.views.launching import page

urlpatterns = [
    path("projects/<a-slug:project>/flows/<a-slug:flow>/launch/", page.launch_page, name="launch"),
]
