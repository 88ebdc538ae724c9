"""Passwords can be tried five times in a row, whoever tries and however many at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from governance import lockout
from governance.models import SignInTries

pytestmark = pytest.mark.both_databases


def one_try(number: int) -> int:
    try:
        return lockout.seconds_locked("ada", "10.0.0.1")
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_twenty_tries_at_the_same_moment_are_still_five():
    with ThreadPoolExecutor(20) as pool:
        waits = list(pool.map(one_try, range(20)))
    assert waits.count(0) == 5
    assert all(wait == 0 or 895 <= wait <= 900 for wait in waits)


@pytest.mark.django_db
def test_names_are_the_same_in_any_case_and_spelling_of_unicode():
    for name in ("Ada", "ADA", "ａｄａ", " ada\u00a0"):
        assert lockout.seconds_locked(name, "10.0.0.1") == 0
    assert SignInTries.objects.get().count == 4
    lockout.forget("ada", "10.0.0.1")
    assert not SignInTries.objects.exists()
