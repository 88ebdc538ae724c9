"""One run's journal: the lines it adds, in order, through the process's writer.

INVARIANT: `seq` grows by one with each line, and a line is stored only while this driver's epoch is the run's.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from governance import clock
from runs.engine.rows import COUNTS, Append, RunRow, StepRow, dumps
from runs.engine.store import Operation
from runs.engine.writer import Writer, reject


class Journal:
    """Adds lines and projections; `stored()` says when they are safe."""

    def __init__(self, writer: Writer, run: RunRow, epoch: int):
        self.writer = writer
        self.run = run
        self.epoch = epoch
        self.on_stored: Any = None  # called with the last stored seq: the live tail's doorbell
        self.on_refused: Any = None  # called with the reason once lines were refused: no more are taken
        self._refused: Exception | None = None
        self._pending: Append | None = None
        self._waiters: list[asyncio.Future] = []
        self._wanted = False  # the writer knows already that there is something to take
        self._parts: set[str] = set()
        self._rest: tuple = ()  # what the last commit wrote of the run's row beside the counts

    def line(
        self,
        type: str,
        data: Mapping,
        *,
        node: str | None = None,
        iteration: int | None = None,
        item: int | None = None,
        attempt: int | None = None,
        at: int | None = None,
    ) -> int:
        """Adds an event and returns its seq."""
        run = self.run
        run.seq += 1
        self.pending.events.append(
            (run.id, run.seq, at or clock.now(), type, node, iteration, item, attempt, dumps(data))
        )
        return run.seq

    def step(self, row: StepRow) -> None:
        """The row changed: it is written with the next commit."""
        self.pending.steps[(row.node, row.iteration, row.item)] = row

    def part(self, hash: str, text: str) -> None:
        if hash not in self._parts:
            self._parts.add(hash)
            self.pending.parts.append((self.run.id, hash, dumps(text)))

    def spend(self, cost: int, input_tokens: int, output_tokens: int) -> None:
        """Adds to the cost of the run what belongs to none of its steps."""
        self.run.cost += cost
        self.run.input_tokens += input_tokens
        self.run.output_tokens += output_tokens

    def operation(self, operation: Operation) -> asyncio.Future:
        """Runs in the transaction of the next commit, after this run's lines; the future holds its result."""
        done = self.writer.loop.create_future()
        self.pending.operations.append((operation, done))
        self._want()
        return done

    def money(self, operation: Any) -> asyncio.Future:
        """A ledger operation in the transaction of the next commit; the future holds its result."""
        done = self.writer.loop.create_future()
        self.pending.ledger.append((operation, done))
        self._want()
        return done

    def flush(self) -> None:
        """Asks for a commit without waiting for it."""
        if self._pending is not None:
            self._want()

    def _want(self) -> None:
        if not self._wanted:
            self._wanted = True
            self.writer.want(self)

    def stored(self, *, durable: bool = False) -> asyncio.Future:
        """A future that resolves once every line added so far is stored.

        Raises Fenced when another driver owns the run, StorageFailed when the database refused.
        """
        done = self.writer.loop.create_future()
        if durable:
            self.pending.durable = True
        self._waiters.append(done)
        self._want()
        return done

    @property
    def pending(self) -> Append:
        if self._pending is None:
            self._pending = Append(self.run.id, self.epoch)
        return self._pending

    def take(self) -> tuple[Append, list[asyncio.Future]] | None:
        """The writer's side: hands over what is pending."""
        self._wanted = False
        if self._pending is None and not self._waiters:
            return None
        append, self._pending = self.pending, None
        waiters, self._waiters = self._waiters, []
        if self._refused is not None:
            # INVARIANT: what follows lines that were refused is refused too, or `seq` would have a gap.
            reject(append, waiters, self._refused)
            return None
        append.heard = partial(self._heard, append)
        # As they are now: what changes while the commit is under way belongs to the next one.
        append.run = self.run.values()
        append.only_counts = append.run[COUNTS:] == self._rest
        self._rest = append.run[COUNTS:]
        append.steps = {key: row.values() for key, row in append.steps.items()}
        return append, waiters

    def _heard(self, append: Append, error: Exception | None) -> None:
        """What became of the append, also where nobody waits for it."""
        if error is None:
            if self.on_stored is not None and append.events:
                self.on_stored(append.events[-1][1])
        elif self._refused is None:
            self._refused = error
            if self.on_refused is not None:
                self.on_refused(error)
