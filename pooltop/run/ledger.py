"""What has come of the items so far: to the journal, and for the screens failures, counters, the rate."""

import time
from collections import deque
from collections.abc import Sequence

from pooltop.model import Failure, Number
from pooltop.rules.speedup import RateMeter
from pooltop.run.committer import Content
from pooltop.run.journal import Journal, JournalReader
from pooltop.wire.messages import Kept

TAIL = 100
"""Failures kept for the screens; the journal has all."""


class Ledger:
    """Each item is entered once: by the range that was accepted, by its failure, or as kept.

    past: what a resumed run's earlier sessions have left; it is read from the loop's thread, and briefly.
    """

    def __init__(self, journal: Journal, past: JournalReader | None = None) -> None:
        self._journal = journal
        self._past = past
        self.failures: deque[Failure] = deque(maxlen=TAIL)
        self.counters: dict[str, Number] = past.counters() if past else {}
        self.restart_clock()

    def restart_clock(self) -> None:
        """The baseline, or the pool, begins now."""
        self.meter = RateMeter(time.monotonic())
        self._baseline_done = 0

    def baseline_reached(self, done: int) -> None:
        """The plain loop has ended so many items."""
        self.meter.add(time.monotonic(), done - self._baseline_done)
        self._baseline_done = done

    def inputs(self, first: int, count: int, keys: bytes) -> None:
        """Items have come from the source."""
        self._journal.inputs(first, count, keys)

    def kept(self, kept: Kept) -> None:
        """Items have come that had ended before."""
        self._journal.kept(kept)
        if kept.failed and self._past is not None:
            self.failures.extend(self._past.kept_failures(kept))

    def results(
        self,
        first: int,
        count: int,
        body: Content,
        counters: dict[str, Number] | None = None,
        failures: Sequence[Failure] = (),
    ) -> None:
        """`count` items from input index `first` on have ended: `body` has the results, without the `failures`.

        One call, since all of it is kept or none: otherwise a kill could part results from failures.
        """
        self._journal.result(first, count, body, counters, failures)
        self.failures.extend(failures)
        self.meter.add(time.monotonic(), count)
        for name, amount in (counters or {}).items():
            self.counters[name] = self.counters.get(name, 0) + amount

    def failure(self, failure: Failure) -> None:
        """An item that has ended without a result, outside every range."""
        self.failures.append(failure)
        self._journal.failure(failure)
