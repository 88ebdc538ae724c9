"""Addresses of the registry pages."""

urlpatterns: list = []
