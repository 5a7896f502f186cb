"""Workers that do not get as far as a first result: how often that may happen, and how long to wait in between."""

from collections.abc import Callable

from pooltop.run.bench import Bench
from pooltop.run.contact import SIGNALS_FROM_OUTSIDE

FAILURES = 3
"""Processes in a row that may fail to start in one slot, before the run is given up: once may be chance."""
KILLS = 10
"""Likewise, where signals from outside ended them, of which the process is not to blame, or so it seems."""
PAUSE = 0.1
"""Seconds before the next attempt; twice as many before each one after that."""
LONGEST_PAUSE = 0.5


class Starts:
    """`give_up` is called with one line and the user's traceback, once it has happened too often."""

    def __init__(self, give_up: Callable[[str, str], None]) -> None:
        self._give_up = give_up
        self._lost: set[int | None] = set()

    def pause(self, bench: Bench) -> float:
        """Seconds to wait before the next process of this slot is started."""
        tries = bench.failed_starts + bench.killed_starts
        return min(LONGEST_PAUSE, PAUSE * 2 ** (tries - 1)) if tries else 0.0

    def succeeded(self, bench: Bench) -> None:
        """Its process has handed back something."""
        bench.failed_starts = bench.killed_starts = 0
        self._lost.clear()

    def lost(self, fork_server: int | None, item: str) -> None:
        """A worker is gone with its fork server, and this item may be what killed that."""
        self._lost.add(fork_server)
        if len(self._lost) >= KILLS:
            self._give_up(f"the fork server died {KILLS} times, and no item ended in between; in hand was {item}", "")

    def died(self, bench: Bench, how: str) -> None:
        """Its process has ended before it was ready, and nobody had asked for that."""
        if bench.sentence is None and bench.cannot_start is None and how in SIGNALS_FROM_OUTSIDE:
            self._was_killed(bench, how)
            return
        end = bench.sentence.reason if bench.sentence else how
        self.failed(bench, *(bench.cannot_start or (f"worker {bench.number} ends while it starts: {end}", "")))

    def failed(self, bench: Bench, error: str, details: str = "") -> None:
        """There was no process, or it could not begin."""
        bench.failed_starts += 1
        if bench.failed_starts >= FAILURES:
            self._give_up(error, details)

    def _was_killed(self, bench: Bench, how: str) -> None:
        bench.killed_starts += 1
        if bench.killed_starts >= KILLS:
            self._give_up(f"worker {bench.number} has been killed {KILLS} times while it starts: {how}", "")
