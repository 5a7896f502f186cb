"""How fast the items end, and how much faster than in one process, pure.

With T(1) the seconds that one process takes for the items and T(n) those of n workers, speedup is S(n) = T(1) / T(n)
and efficiency E(n) = S(n) / n: D. L. Eager, J. Zahorjan and E. D. Lazowska, "Speedup versus efficiency in parallel
systems", IEEE Transactions on Computers 38(3), 1989, pages 408-423.
"""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from pooltop.model import Baseline, Speedup

WINDOW = 10.0
"""Seconds that a rate looks back."""
GAPS = 4
"""Where items end more seldom, it looks back as long as so many of the last gaps between them on average take."""
MARK_EVERY = 0.5
"""Seconds between the marks that a rate is counted from: fine enough for the window, and few."""
ENOUGH_SECONDS = 1.0
"""What is counted over less is chance."""


def speedup(
    *,
    baseline: Baseline | None,
    startup_seconds: float | None,
    seconds: float | None,
    workers: float,
    done: int,
    total: int | None,
    final: bool,
) -> Speedup:
    """Compare the `done` items of `total` that `workers` processes have ended in `seconds` with one process.

    While the run goes on, or where it was stopped, T(1) is that part of the baseline which `done` is of `total`, as
    if all items cost the same; at the end it is the whole baseline. `startup_seconds` is what the pool took before
    the first item could go out; the plain loop of the baseline has no such start. A figure that cannot be known yet
    is None.

    Raises ValueError for less than one worker.
    """
    if workers < 1:
        raise ValueError(f"a speedup needs at least 1 worker, not {workers}")
    sequential = baseline.seconds * done / total if baseline and total else None
    textbook = _ratio(sequential, seconds)
    with_startup = _ratio(sequential, seconds + startup_seconds if seconds and startup_seconds is not None else None)
    return Speedup(
        baseline=baseline,
        seconds=seconds,
        startup_seconds=startup_seconds,
        speedup=textbook,
        speedup_with_startup=with_startup,
        efficiency=None if textbook is None else textbook / workers,
        final=final,
    )


def _ratio(sequential: float | None, parallel: float | None) -> float | None:
    """Nothing done yet, or in no time, is no speedup of 0 or infinity but none."""
    return sequential / parallel if sequential and parallel else None


def mean_workers(sizes: Sequence[tuple[float, int]], until: float) -> float:
    """How many workers a pool had on average, from the times at which it was given each of its sizes."""
    ends = [time for time, _ in sizes[1:]] + [until]
    spans = [(max(0.0, end - time), size) for (time, size), end in zip(sizes, ends, strict=True)]
    whole = sum(span for span, _ in spans)
    return sum(span * size for span, size in spans) / whole if whole else float(sizes[-1][1])


class RateMeter:
    """Items per second over the last ten seconds, or the last few items where each takes longer.

    Times are seconds on any clock that does not go backwards; `start` is when work began.
    """

    def __init__(self, start: float) -> None:
        self._count = 0
        self._marks = deque([(start, 0)], maxlen=int(WINDOW / MARK_EVERY) + 2)
        """Times, with the items ended up to and at each: the start, then the last event of every half second."""

    def add(self, time: float, count: int) -> None:
        """At this time `count` more items have ended."""
        self._count += count
        if len(self._marks) > 1 and self._marks[-1][0] // MARK_EVERY == time // MARK_EVERY:
            self._marks.pop()
        self._marks.append((time, self._count))

    def rate(self, now: float) -> float | None:
        """Items per second; None before the first has ended or a second has passed."""
        if not self._count or now - self._marks[0][0] < ENOUGH_SECONDS:
            return None
        horizon = now - max(WINDOW, GAPS * self._mean_gap())
        time, count = next((mark for mark in reversed(self._marks) if mark[0] <= horizon), self._marks[0])
        return (self._count - count) / (now - time)

    def _mean_gap(self) -> float:
        latest = [time for time, _ in islice(reversed(self._marks), GAPS + 1)]
        return (latest[0] - latest[-1]) / (len(latest) - 1)


def eta(total: int | None, done: int, rate: float | None) -> float | None:
    """Seconds until the last of `total` items has ended at `rate` items per second; None where nobody can know."""
    if total is None:
        return None
    if done >= total:
        return 0.0
    return (total - done) / rate if rate else None
