"""Circuit breakers: a peer that keeps failing is left alone for a while, and refused at once instead of awaited.

Design note. One breaker a peer and process, in memory: what it protects against (threads, sockets and waiting
steps piling up on a dead peer) is a matter of this process, and a shared one would cost a round trip a call.
It opens at THRESHOLD failures within WINDOW_S, if they are more than the successes there: a busy peer that fails
now and then is not dead. After COOL_DOWN_S one call is let through as a probe and decides. Counting failures in
a row was rejected: one lucky answer among hundreds of failures would keep it shut.
"""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Literal

THRESHOLD = 5
WINDOW_S = 60.0
COOL_DOWN_S = 30.0
BUCKET_S = 5.0
MOST_BREAKERS = 10_000

Clock = Callable[[], float]


class BreakerOpen(Exception):
    """The peer failed too often; the next call to it is let through in `probe_in_s` seconds."""

    def __init__(self, key: Hashable, probe_in_s: float):
        super().__init__(f"{key} failed too often; the next try is in {probe_in_s:.0f} s")
        self.key = key
        self.probe_in_s = probe_in_s


@dataclass(frozen=True, slots=True)
class Change:
    """What an outcome did to a breaker: it opened, it stays open for another cool-down (its probe failed), it closed.
    `failures` are those that opened it."""

    key: Hashable
    became: Literal["opened", "held", "closed"]
    failures: int = 0


@dataclass(slots=True)
class Breaker:
    """What is known of one peer: outcomes as [bucket start, successes, failures], and since when it is left alone."""

    outcomes: deque[list] = field(default_factory=deque)
    opened_at: float | None = None
    probing: bool = False

    def probe_in(self, now: float, cool_down_s: float) -> float | None:
        """Seconds until a call may pass; None if one may now."""
        if self.opened_at is None:
            return None
        left = self.opened_at + cool_down_s - now
        if left > 0:
            return left
        return cool_down_s if self.probing else None

    def count(self, now: float, failed: bool) -> None:
        while self.outcomes and self.outcomes[0][0] <= now - WINDOW_S:
            self.outcomes.popleft()
        if not self.outcomes or now - self.outcomes[-1][0] >= BUCKET_S:
            self.outcomes.append([now, 0, 0])
        self.outcomes[-1][1 + failed] += 1

    @property
    def failures(self) -> int:
        return sum(bucket[2] for bucket in self.outcomes)

    def is_over(self) -> bool:
        succeeded = sum(bucket[1] for bucket in self.outcomes)
        return self.failures >= THRESHOLD and self.failures > succeeded


class Breakers:
    """The breakers of a process, by key. Used on the event loop alone, so it needs no lock."""

    def __init__(self, clock: Clock = time.monotonic, cool_down_s: float = COOL_DOWN_S):
        self.cool_down_s = cool_down_s
        self._clock = clock
        self._breakers: dict[Hashable, Breaker] = {}

    def admit(self, *keys: Hashable) -> "Admission":
        """Lets a call pass that concerns these peers. Raises BreakerOpen where one of them is left alone."""
        now = self._clock()
        found = [self._breakers[key] for key in keys if key in self._breakers]
        for key in keys:
            wait = self._breakers[key].probe_in(now, self.cool_down_s) if key in self._breakers else None
            if wait is not None:
                raise BreakerOpen(key, wait)
        probes = [breaker for breaker in found if breaker.opened_at is not None]
        for breaker in probes:
            breaker.probing = True
        return Admission(self, keys, probes)

    def states(self) -> dict[Hashable, float]:
        """The open breakers and the seconds until each lets a probe through (0: the next call is the probe)."""
        now = self._clock()
        return {
            key: max(0.0, breaker.opened_at + self.cool_down_s - now)
            for key, breaker in self._breakers.items()
            if breaker.opened_at is not None
        }

    def close(self, key: Hashable) -> None:
        """A person says that the peer may be called again: it is counted anew, whatever a probe under way will say."""
        self._breakers.pop(key, None)

    def note(self, keys: Iterable[Hashable], failed: bool, probes: list[Breaker]) -> list[Change]:
        """How a call ended that concerned these peers, and that was the probe of some of them."""
        now, changes = self._clock(), []
        for key in keys:
            breaker = self._breakers.get(key)
            if breaker is None:
                if not failed:
                    continue  # a peer that never failed needs no memory
                breaker = self._breakers[key] = self._new_breaker()
            change = self._judged(key, breaker, now, failed, any(probe is breaker for probe in probes))
            if change is not None:
                changes.append(change)
        return changes

    def _judged(
        self, key: Hashable, breaker: Breaker, now: float, failed: bool, is_probe: bool
    ) -> Change | None:
        """A probe decides alone; otherwise the window does. A late answer from before the opening changes nothing."""
        if breaker.opened_at is not None:
            if not is_probe:
                return None
            breaker.probing = False
            breaker.opened_at = now if failed else None
            breaker.outcomes.clear()
            return Change(key, "held", 1) if failed else Change(key, "closed")
        breaker.count(now, failed)
        if not failed or not breaker.is_over():
            return None
        opened = Change(key, "opened", breaker.failures)
        breaker.opened_at = now
        breaker.outcomes.clear()
        return opened

    def _new_breaker(self) -> Breaker:
        if len(self._breakers) >= MOST_BREAKERS:
            del self._breakers[next(iter(self._breakers))]
        return Breaker()


class Admission:
    """A call that was let through. Exactly one of its methods is called when the call has ended."""

    __slots__ = ("_breakers", "_keys", "_probes")

    def __init__(self, breakers: Breakers, keys: tuple, probes: list[Breaker]):
        self._breakers, self._keys, self._probes = breakers, keys, probes

    def succeeded(self) -> list[Change]:
        """The peer answered, be it with a refusal: it is alive."""
        return self._breakers.note(self._keys, False, self._probes)

    def failed(self) -> list[Change]:
        """The peer is not well: 5xx, no answer in time, no connection."""
        return self._breakers.note(self._keys, True, self._probes)

    def dropped(self) -> None:
        """The call ended without saying anything of the peer (cancelled): the next one may probe."""
        for breaker in self._probes:
            breaker.probing = False
