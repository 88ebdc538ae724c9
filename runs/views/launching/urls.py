"""Addresses of the launching pages."""

urlpatterns: list = []
