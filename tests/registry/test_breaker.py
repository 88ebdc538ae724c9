"""Circuit breakers."""

import pytest

from registry.breaker import COOL_DOWN_S, BreakerOpen, Breakers

PEER = ("provider", 1, "openai")


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breakers(time: Time) -> Breakers:
    return Breakers(time)


def fail(breakers: Breakers, times: int, key=PEER) -> None:
    for _ in range(times):
        breakers.admit(key).failed()


def is_open(breakers: Breakers, key=PEER) -> bool:
    return key in breakers.states()


def test_four_failures_are_not_enough(breakers):
    fail(breakers, 4)
    assert not is_open(breakers)


def test_the_fifth_failure_opens_and_the_refusal_says_when_the_next_try_is(breakers):
    fail(breakers, 5)
    with pytest.raises(BreakerOpen) as refused:
        breakers.admit(PEER)
    assert refused.value.probe_in_s == COOL_DOWN_S
    assert refused.value.key == PEER


def test_failures_older_than_a_minute_do_not_count(breakers, time):
    fail(breakers, 4)
    time.now += 61
    fail(breakers, 4)
    assert not is_open(breakers)


def test_a_busy_peer_that_fails_now_and_then_is_not_dead(breakers):
    fail(breakers, 1)
    for _ in range(100):
        breakers.admit(PEER).succeeded()
    fail(breakers, 20)
    assert not is_open(breakers)


def test_after_the_cool_down_one_probe_passes_and_the_others_wait(breakers, time):
    fail(breakers, 5)
    time.now += COOL_DOWN_S
    probe = breakers.admit(PEER)
    with pytest.raises(BreakerOpen):
        breakers.admit(PEER)
    probe.succeeded()
    assert not is_open(breakers)
    breakers.admit(PEER).succeeded()


def test_a_failed_probe_opens_for_another_cool_down(breakers, time):
    fail(breakers, 5)
    time.now += COOL_DOWN_S
    breakers.admit(PEER).failed()
    with pytest.raises(BreakerOpen) as refused:
        breakers.admit(PEER)
    assert refused.value.probe_in_s == COOL_DOWN_S


def test_a_probe_that_was_cancelled_lets_the_next_call_probe(breakers, time):
    fail(breakers, 5)
    time.now += COOL_DOWN_S
    breakers.admit(PEER).dropped()
    breakers.admit(PEER).succeeded()
    assert not is_open(breakers)


def test_a_late_answer_from_before_the_opening_changes_nothing(breakers):
    late = breakers.admit(PEER)
    fail(breakers, 5)
    late.succeeded()
    assert is_open(breakers)


def test_a_late_answer_from_before_the_opening_does_not_stand_for_the_probe(breakers, time):
    late = breakers.admit(PEER)
    fail(breakers, 5)
    time.now += COOL_DOWN_S
    probe = breakers.admit(PEER)
    late.succeeded()
    assert is_open(breakers)
    probe.failed()
    assert is_open(breakers)


def test_peers_do_not_answer_for_each_other(breakers):
    fail(breakers, 5)
    breakers.admit(("provider", 2, "openai")).succeeded()


def test_one_open_breaker_of_several_refuses_and_takes_no_other_probe(breakers, time):
    agent = ("agent", 1, "writer", "openai/x")
    fail(breakers, 5, agent)
    time.now += COOL_DOWN_S
    fail(breakers, 5)
    with pytest.raises(BreakerOpen):
        breakers.admit(agent, PEER)
    breakers.admit(agent).succeeded()
