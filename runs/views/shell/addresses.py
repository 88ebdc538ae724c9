"""Addresses of pages that may not be there yet: what nobody built is not offered."""

from django.urls import NoReverseMatch, reverse


def address(name: str, *parts: object) -> str:
    """The address of the page called `name`, or an empty text."""
    try:
        return reverse(name, args=parts)
    except NoReverseMatch:
        return ""
