"""Addresses of the pages of breakers."""

from django.urls import path

from runs.views.breakers import breaker_list, closing

BREAKERS = "projects/<a-slug:project>/breakers/"

urlpatterns = [
    path(BREAKERS, breaker_list.breaker_list, name="breakers"),
    path(f"{BREAKERS}<opaque:breaker>/closing/", closing.closing_create, name="breaker-closing"),
]
