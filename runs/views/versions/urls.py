"""Addresses of the versions pages."""

urlpatterns: list = []
