"""Addresses of the builder pages."""

urlpatterns: list = []
