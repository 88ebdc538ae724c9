"""Answers used again."""

import asyncio
import time

import pytest

from registry import cache
from registry.models import CachedReply
from registry.offloop import Fresh

pytestmark = pytest.mark.django_db(transaction=True)

MESSAGES = [{"role": "user", "content": "hello"}]
BASE = (1, "writer@1", "openai/x", [MESSAGES, {"temperature": 0}])


def test_the_same_question_has_the_same_key_whatever_the_order_of_fields():
    other = (1, "writer@1", "openai/x", [[{"content": "hello", "role": "user"}], {"temperature": 0}])
    assert cache.key(*BASE) == cache.key(*other)


@pytest.mark.parametrize(
    "other",
    [
        (2, "writer@1", "openai/x", [MESSAGES, {"temperature": 0}]),
        (1, "writer@2", "openai/x", [MESSAGES, {"temperature": 0}]),
        (1, "writer@1", "openai/y", [MESSAGES, {"temperature": 0}]),
        (1, "writer@1", "openai/x", [MESSAGES, {"temperature": 1}]),
        (1, "writer@1", "openai/x", [[{"role": "user", "content": "hello "}], {"temperature": 0}]),
    ],
    ids=["project", "version", "model", "params", "content"],
)
def test_another_question_has_another_key(other):
    assert cache.key(*BASE) != cache.key(*other)


def test_the_key_depends_on_the_instance(settings):
    before = cache.key(*BASE)
    settings.SECRET_KEY = "another key of another instance, long enough"
    assert cache.key(*BASE) != before


async def test_an_answer_is_found_until_it_is_void():
    await cache.store("k", {"text": "hi"}, 60)
    assert await cache.find("k") == {"text": "hi"}
    row = await CachedReply.objects.aget(key="k")
    assert await asyncio.to_thread(cache.read, "k", row.expires_at) is None


async def test_a_new_answer_replaces_the_old_one():
    await cache.store("k", {"text": "old"}, 60)
    await cache.store("k", {"text": "new"}, 60)
    assert await cache.find("k") == {"text": "new"}


async def test_an_answer_that_is_too_large_is_not_kept():
    await cache.store("k", {"text": "x" * 1_000_001}, 60)
    assert await cache.find("k") is None


def test_the_sweep_removes_what_is_void_and_nothing_else():
    cache.write("old", "{}", 1_000)
    cache.write("new", "{}", 3_000)
    assert cache.forget_expired(now=2_000) == 1
    assert list(CachedReply.objects.values_list("key", flat=True)) == ["new"]


class Loads:
    """Counts, and answers after a moment."""

    def __init__(self, *, fail: bool = False):
        self.count, self.fail = 0, fail

    def __call__(self, name: str) -> str:
        self.count += 1
        time.sleep(0.02)
        if self.fail:
            raise KeyError(name)
        return f"{name} {self.count}"


async def test_a_hundred_callers_share_one_look_up():
    loads = Loads()
    fresh = Fresh(loads)
    assert set(await asyncio.gather(*(fresh.get("a") for _ in range(100)))) == {"a 1"}
    assert await fresh.get("b") == "b 2"
    assert loads.count == 2


async def test_a_value_is_looked_up_again_when_it_is_old():
    now = [0.0]
    fresh = Fresh(Loads(), ttl_s=1.0, now=lambda: now[0])
    assert [await fresh.get("a"), await fresh.get("a")] == ["a 1", "a 1"]
    now[0] = 1.0
    assert await fresh.get("a") == "a 2"
    fresh.forget()
    assert await fresh.get("a") == "a 3"


async def test_a_failed_look_up_is_told_to_all_who_wait_and_tried_again():
    loads = Loads(fail=True)
    fresh = Fresh(loads)
    results = await asyncio.gather(*(fresh.get("a") for _ in range(10)), return_exceptions=True)
    assert [type(result) for result in results] == [KeyError] * 10 and loads.count == 1
    loads.fail = False
    assert await fresh.get("a") == "a 2"


async def test_who_gives_up_waiting_takes_the_value_from_nobody():
    fresh = Fresh(Loads())
    impatient, patient = asyncio.create_task(fresh.get("a")), asyncio.create_task(fresh.get("a"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == "a 1"
