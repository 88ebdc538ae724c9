"""What calls tell of the health of their peers: to the breakers of this process, to the run, and to people."""

from django.conf import settings

from governance.port import Desk, Facts
from registry.book import Book
from registry.breaker import THRESHOLD, WINDOW_S, Admission, BreakerOpen, Breakers, Change

BREAKERS = Breakers(cool_down_s=settings.BREAKER_COOL_DOWN_S)
BOOK = Book()


def admit(facts: Facts, *keys: tuple) -> Admission:
    """Past the breakers of these peers. Keys are (what, project's number, slug) and, of an agent, its model.

    Raises BreakerOpen.
    """
    try:
        return BREAKERS.admit(*keys)
    except BreakerOpen as left_alone:
        BOOK.refused(left_alone.key, _run(facts))
        raise


def well(desk: Desk, admission: Admission) -> None:
    """The peer answered, be it with a refusal."""
    _tell(desk, admission.succeeded())


def unwell(desk: Desk, admission: Admission, code: str, status: int | None = None) -> None:
    """5xx, no answer in time, no connection. The run gets a `note` for each peer that is left alone for it."""
    _tell(desk, admission.failed(), code, _in_own_words(code, status))


def judge(desk: Desk, admission: Admission, code: str, *, status: int | None, retryable: bool) -> None:
    """Only what speaks of the peer's health counts against it."""
    if code == "timeout" or (status or 0) >= 500 or (status is None and retryable):
        unwell(desk, admission, code, status)
    elif status is not None:
        well(desk, admission)
    else:
        admission.dropped()


def _tell(desk: Desk, changes: list[Change], code: str = "", said: str = "") -> None:
    for change in changes:
        BOOK.tell(change, BREAKERS.cool_down_s, code, said, _run(desk.facts))
        if change.became == "opened":
            desk.add("note", _opened(change.key))


def _in_own_words(code: str, status: int | None) -> str:
    """What went wrong, for who looks after the peer. What it said itself can quote what it was sent: that stands in the
    run alone, looked through first."""
    if status is not None:
        return f"It answered {status}."
    return "It gave no answer in time." if code == "timeout" else "It could not be reached, or broke off."


def _run(facts: Facts) -> str:
    """The run as people name it; nothing for a trial, which is none."""
    return facts.run_public_id if facts.run else ""


def _opened(key: tuple) -> dict:
    """The line of a breaker that opened."""
    kind, _, slug, *model = key
    peer = f"{kind} {slug}" + (f" on {model[0]}" if model else "")
    wait = BREAKERS.cool_down_s
    sentence = f"The {peer} failed {THRESHOLD} times or more within {WINDOW_S:.0f} s and is left alone for {wait:g} s."
    return {"kind": "breaker_opened", "peer": peer, "text": sentence, "probe_in_s": wait}
