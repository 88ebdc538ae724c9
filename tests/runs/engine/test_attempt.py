"""How long a step waits between attempts, and who plays it next."""

import pytest

from flows.graph import Node, Retry
from flows.nodes.base import StepFailed
from runs.engine.attempt import Following, _following, backoff_s
from runs.engine.memory import Item, StepMemory
from runs.engine.players import Candidate, Players
from runs.engine.rows import StepRow

STEADY = Retry(max_attempts=3, backoff_s=1, factor=2, max_backoff_s=5, jitter=False)
TWO = Players((Candidate(), Candidate(1, ref="backup")), "a")


@pytest.mark.parametrize(
    ("tries", "asked", "wanted"),
    [
        (1, None, 1),
        (2, None, 2),
        (3, None, 4),
        (4, None, 5),
        (9, None, 5),
        (1, 7, 7),
        (3, 2, 4),
        (1, 99_999, 3_600),
    ],
)
def test_the_pause_grows_to_its_most_and_heeds_the_peer(tries, asked, wanted):
    assert backoff_s(STEADY, tries, asked) == wanted


def test_jitter_adds_up_to_a_quarter():
    jittery = Retry(max_attempts=3, backoff_s=4, factor=1, jitter=True)
    pauses = [backoff_s(jittery, 1, None) for _ in range(200)]
    assert min(pauses) >= 4
    assert max(pauses) <= 5
    assert len(set(pauses)) > 100


def failed(code: str = "provider_error", retryable: bool = True) -> StepFailed:
    return StepFailed(code, "no", retryable=retryable)


def memory(**more) -> StepMemory:
    return StepMemory(StepRow(1, "a", 1), **more)


@pytest.mark.parametrize(
    ("tries", "candidate", "failure", "wanted"),
    [
        (1, 0, failed(), Following(0, 2, 1)),
        (2, 0, failed(), Following(0, 3, 2)),
        (3, 0, failed(), Following(1, 1, 0)),
        (1, 0, failed(retryable=False), Following(1, 1, 0)),
        (1, 0, failed("breaker_open"), Following(1, 1, 0)),
        (1, 1, failed(), None),
        (1, 0, failed("denied", False), None),
        (1, 0, failed("expression_error", False), None),
    ],
    ids=["again", "and again", "fallback", "hopeless", "left alone", "used up", "denied", "would fail again"],
)
def test_attempts_come_before_fallbacks_and_fallbacks_before_the_end(tries, candidate, failure, wanted):
    node = Node("a", "agent", retry=STEADY, fallback=("backup",))
    assert _following(node, memory(tries=tries, candidate=candidate), TWO, failure) == wanted


HANDED = Players(
    (
        Candidate(),
        Candidate(model="p/a2", agent="a"),
        Candidate(model="p/b2", agent="b"),
        Candidate(model="p/b3", agent="b"),
        Candidate(model="p/c2", agent="c"),
        Candidate(1, ref="backup"),
    ),
    "a@2",
)


@pytest.mark.parametrize(
    ("candidate", "used", "holder", "following", "models"),
    [
        (0, [], None, (1, 5), {}),
        (0, [], "a@2", (1, 5), {}),
        (0, [], "b@1", (2, 3, 5), {}),
        (2, [2], "b@1", (3, 5), {"b": "p/b2"}),
        (3, [2, 3], "b@1", (5,), {"b": "p/b3"}),
        (1, [1], "c@1", (4, 5), {"a": "p/a2"}),
        (4, [1, 4], "b@1", (2, 3, 5), {"a": "p/a2", "c": "p/c2"}),
        (2, [1, 2], "a@2", (5,), {"a": "p/a2", "b": "p/b2"}),
        (5, [2, 3, 5], "backup@1", (), {}),
    ],
)
def test_who_spoke_goes_on_with_its_own_other_models(candidate, used, holder, following, models):
    """`a` was handed over to `b` and `c`, or back: each model is tried once, and an agent stays with the one that went
    well."""
    assert HANDED.turnout(candidate, used, holder or "").following == following
    assert HANDED.models(candidate, used) == models


def sent(*names: str) -> StepMemory:
    """A step whose calls went out, and brought no answer."""
    step = memory()
    for name in names:
        step.call(name).sent = True
    return step


def test_a_lost_call_comes_before_a_fallback():
    """Nobody knows whether it was done: the same conversation is played again, and asks a person."""
    node = Node("a", "agent", retry=STEADY, fallback=("backup",))
    hopeless = failed(retryable=False)
    step = sent("a.1/a2")
    assert _following(node, step, TWO, hopeless) == Following(0, 1, 0)
    step.items[("uncertain", "a.1/a2")] = Item(1, "a.1/a2", "uncertain")
    assert _following(node, step, TWO, hopeless) == Following(1, 1, 0)


def test_a_step_that_is_cut_off_before_every_question_ends_at_last():
    step = sent("a.1/a2")
    step.failures = [{"code": "timeout", "message": "late"}] * 10
    assert (
        _following(
            Node("a", "tool", retry=STEADY), step, Players((Candidate(),), "a"), failed(retryable=False)
        )
        is None
    )


def test_a_call_is_lost_until_it_has_an_answer_or_a_person_is_asked():
    step = sent("a.1/a2")
    assert step.has_lost_call()
    step.call("a.1/a2").result = {"status": "ok"}
    assert not step.has_lost_call()
    again = sent("a.1/a2", "2!a.1/a2")
    again.items[("uncertain", "a.1/a2")] = Item(1, "a.1/a2", "uncertain")
    assert again.has_lost_call(), "the second sending is lost too"
    again.call("a.1/a2").result = {"status": "ok"}
    assert not again.has_lost_call()


def test_nothing_is_tried_while_a_person_is_asked():
    asked = memory(items={("escalation", "escalation-1"): Item(1, "escalation-1", "escalation")})
    assert _following(Node("a", "agent", retry=STEADY), asked, TWO, failed()) is None
