"""Addresses of the flows pages."""

urlpatterns: list = []
