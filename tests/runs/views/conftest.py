"""A project with the cast, and limits on knocking that start anew with each test."""

import pytest
from django.core.cache import cache

from governance.models import Project
from tests.runs.views.people import project_with_cast


@pytest.fixture(autouse=True)
def unthrottled() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def cheap_passwords(settings) -> None:
    """How long a guess takes is Django's business; here it would be minutes of every run of the tests."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def demo(db) -> Project:
    """Project `demo` with the cast and nothing else."""
    return project_with_cast()


@pytest.fixture
def demo_with_flows(db) -> Project:
    """Project `demo` with the starter flows."""
    return project_with_cast(with_demo=True)
