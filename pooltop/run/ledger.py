"""What has come of the items so far: results to the journal, failures, counters, the rate."""

import time
from collections import deque

from pooltop.model import Failure, Number
from pooltop.rules.speedup import RateMeter
from pooltop.run.journal import Journal
from pooltop.wire.channel import Body

TAIL = 100
"""Failures kept for the screens; the journal has all."""


class Ledger:
    """Each item is entered once, by the range that was accepted or by its failure."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.failures: deque[Failure] = deque(maxlen=TAIL)
        self.counters: dict[str, Number] = {}
        self.restart_clock()

    def restart_clock(self) -> None:
        """The baseline, or the pool, begins now."""
        self.meter = RateMeter(time.monotonic())
        self._baseline_done = 0

    def baseline_reached(self, done: int) -> None:
        """The plain loop has ended so many items."""
        self.meter.add(time.monotonic(), done - self._baseline_done)
        self._baseline_done = done

    def results(self, first: int, count: int, body: Body) -> None:
        """The results of `count` items from input index `first` on."""
        self._journal.result(first, count, bytes(body))
        self.meter.add(time.monotonic(), count)

    def failure(self, index: int, item: str, error: str, attempts: int = 1, traceback: str = "") -> None:
        """An item that has ended without a result."""
        failure = Failure(index=index, item=item, error=error, attempts=attempts, traceback=traceback)
        self.failures.append(failure)
        self._journal.failure(failure)

    def add_counters(self, deltas: dict[str, Number]) -> None:
        """What accepted items have added."""
        for name, amount in deltas.items():
            self.counters[name] = self.counters.get(name, 0) + amount
