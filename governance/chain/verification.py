"""Is the audit log what was sealed? One pass over all rows, all chains at once, whatever their number.

Design note. Rows are read by id, not by their places: that needs no index (which could say other than its table) and no
sorting. A chain's entries come nearly in their order then; the few that were committed later than their neighbours wait
for their turn. Only what was sealed before the pass began is looked at, so that a running Baton can be verified.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from governance import clock
from governance.chain import rows
from governance.chain.entries import OUTSIDE, Entry, digest
from governance.chain.head import Head, Place
from governance.models import Project

MOST_EARLY = 10_000  # entries that wait for one before them
PAUSED_EVERY = 256
NEAR = 1_000  # so far an entry is looked for from where it stands


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where a chain is not what was sealed: `what` differs, in words."""

    chain: int
    seq: int
    what: str

    def __str__(self) -> str:
        return f"{chain_name(self.chain)}, {self.where}"

    @property
    def where(self) -> str:
        return f"entry {self.seq}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a pass found: sealed entries, the end of every chain, entries past the head, and what is broken."""

    entries: int
    ends: dict[int, Place]
    past_head: int
    broken: tuple[Broken, ...]

    @property
    def mark(self) -> str:
        """One hash for the ends of all chains: equal marks mean equal logs."""
        ends = "".join(f"{chain}:{end.seq}:{end.hash}\n" for chain, end in sorted(self.ends.items()))
        return hashlib.sha256(ends.encode()).hexdigest()


@dataclass(slots=True)
class Walk:
    """How far one chain was followed. `last` is where it ended before the pass began, `head` what is known of it."""

    chain: int
    last: int
    head: Place
    at: Place = Place(0, "")
    early: dict[int, Entry] = field(default_factory=dict)
    broken: Broken | None = None

    def take(self, entry: Entry) -> None:
        if self.broken is not None or entry.seq is None or entry.seq > self.last:
            return
        if entry.seq <= self.at.seq:
            self._break(entry.seq, f"there are two entries with this number (ids differ: {entry.id})")
            return
        self.early[entry.seq] = entry
        while self.broken is None and (following := self.early.pop(self.at.seq + 1, None)):
            self._follow(following)
        if len(self.early) > MOST_EARLY:
            self._miss()

    def _follow(self, entry: Entry) -> None:
        if what := fault_of(entry, self.at.hash):
            self._break(entry.seq, what)
            return
        self.at = Place(entry.seq, entry.hash)
        if entry.seq == self.head.seq and entry.hash != self.head.hash:
            self._break(
                entry.seq, "it is not the entry that the head file knows: the chain was computed anew"
            )

    def end(self) -> Broken | None:
        """What is wrong once all rows were seen."""
        if self.broken is None and self.early:
            self._miss()
        if self.broken is None and self.at.seq < max(self.last, self.head.seq):
            missing = max(self.last, self.head.seq)
            self._break(self.at.seq + 1, f"the log was cut off here: entries up to {missing} are missing")
        return self.broken

    def _miss(self) -> None:
        after = min(self.early)
        upto = "" if after == self.at.seq + 2 else f", and all others before entry {after}"
        self._break(self.at.seq + 1, f"it is missing{upto}")

    def _break(self, seq: int, what: str) -> None:
        self.broken = Broken(self.chain, seq, what)


def verify(head: Head) -> Verified:
    """Follows every chain from its first entry. `head` was read before."""
    last = rows.tails()
    return _verify(head, last, set(last) | set(head.ends), rows.in_order())


def verify_one(head: Head, project: Project | None, pause: Callable[[], None] = lambda: None) -> Verified:
    """Follows the chain of a project, or the one outside projects. `pause` is called every few hundred entries: what it
    raises ends the pass."""
    chain = OUTSIDE if project is None else project.pk
    return _verify(head, rows.tails([chain]), {chain}, _with_pauses(rows.in_order(chain), pause))


def _with_pauses(entries: Iterable[Entry], pause: Callable[[], None]) -> Iterator[Entry]:
    for count, entry in enumerate(entries):
        if count % PAUSED_EVERY == 0:
            pause()
        yield entry


def _verify(head: Head, last: Mapping[int, int], chains: Iterable[int], entries: Iterable[Entry]) -> Verified:
    walks = {chain: Walk(chain, last.get(chain, 0), head.end(chain)) for chain in chains}
    for entry in entries:
        if entry.chain in walks:  # else it began while this pass goes on
            walks[entry.chain].take(entry)
    broken = [found for walk in walks.values() if (found := walk.end())]
    return Verified(
        entries=sum(walk.at.seq for walk in walks.values()),
        ends={chain: walk.at for chain, walk in walks.items() if walk.at.seq},
        past_head=sum(max(0, walk.at.seq - walk.head.seq) for walk in walks.values()),
        broken=tuple(sorted(broken, key=lambda found: (found.chain, found.seq))),
    )


def fault_of(entry: Entry, before: str) -> str:
    """What is wrong with an entry that follows the hash `before`; empty where nothing is."""
    sound = entry.is_sound
    if sound and entry.prev == before:
        return ""
    who = f"{entry.action} of {entry.object} by {entry.actor}"
    if sound:
        return f"it was sealed after another entry than the one before it ({who}): entries were exchanged"
    if moved := _place_of(entry):
        return f"the order was changed: here stands what was sealed as entry {moved} ({who})"
    if digest(replace(entry, prev=before)) == entry.hash:
        return f"its previous hash was changed ({who})"
    return f"its content or its hash is not what was sealed ({who})"


def _place_of(entry: Entry) -> int | None:
    """Where the entry belongs, if that is near."""
    near = range(max(1, entry.seq - NEAR), entry.seq + NEAR + 1)
    return next((seq for seq in near if digest(replace(entry, seq=seq)) == entry.hash), None)


def chain_name(chain: int) -> str:
    """The chain as people know it."""
    if chain == OUTSIDE:
        return "outside projects"
    slug = Project.objects.filter(pk=chain).values_list("slug", flat=True).first()
    return f"project {slug}" if slug else f"project number {chain}"


def waiting_words() -> str:
    """What is told of entries that have no place yet; empty where there are none."""
    count, oldest = rows.waiting()
    if not count:
        return ""
    since = clock.show(oldest)
    return f"{count} newer entries are not sealed yet, the oldest of {since}: a running Baton does so within a second."
