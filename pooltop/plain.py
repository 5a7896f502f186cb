"""A run's progress where there is no dashboard: one updating line on a terminal, else a line now and then."""

import contextlib
import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from pooltop.figures import amount, duration, plural
from pooltop.model import Progress, RunState, SharedObject, Snapshot
from pooltop.printable import cut, printable

_ERASE_REST_OF_LINE = "\x1b[K"
_SECONDS_BETWEEN_LINES = 5.0
_LONG_WAIT = 1.0
_DOING: dict[RunState, str] = {
    "starting": "starting",
    "baseline": "in one process, for comparison",
    "running": "running",
    "paused": "paused",
    "checking": "checking",
}


class ProgressLines:
    """Shows a run's snapshots on `stream`; None (closed) or a broken one shows nothing.

    It never waits: a terminal that has been stopped, or a pipe that is full, misses lines and holds up nothing.
    """

    def __init__(self, stream: TextIO | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._updates = stream is not None and stream.isatty()
        self._shown = ""
        self._next = clock() + _SECONDS_BETWEEN_LINES
        self._state: RunState = "starting"

    def show(self, snapshot: Snapshot) -> None:
        """The run as it is now: at once on a terminal, else when it is time or its state has changed."""
        if snapshot.state not in _DOING:
            return
        line = progress_line(snapshot)
        if self._updates:
            self._update(line)
        elif snapshot.state != self._state or self._clock() >= self._next:
            self._state = snapshot.state
            self._next = self._clock() + _SECONDS_BETWEEN_LINES
            self._write(f"{line}\n")

    def clear(self) -> None:
        """Make room for what is printed after the last progress line."""
        if self._shown:
            self._write(f"\r{_ERASE_REST_OF_LINE}")
            self._shown = ""

    def _update(self, line: str) -> None:
        fitting = cut(line, self._columns() - 1)
        if fitting != self._shown:
            self._shown = fitting
            self._write(f"\r{fitting}{_ERASE_REST_OF_LINE}")

    def _columns(self) -> int:
        with contextlib.suppress(OSError, ValueError):
            if self._stream is not None:
                return os.get_terminal_size(self._stream.fileno()).columns or 80
        return 80

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            if select.select([], [self._stream], [], 0)[1]:
                self._stream.write(text)
                self._stream.flush()
        except (OSError, ValueError):
            self._stream = None


def progress_line(snapshot: Snapshot) -> str:
    """The run in one printable line."""
    parts = [printable(snapshot.workload), _DOING.get(snapshot.state, snapshot.state)]
    if snapshot.state != "starting":
        parts += _counted(snapshot.progress)
    parts += _long_waits(snapshot.shared)
    if snapshot.reason:
        parts.append(printable(snapshot.reason))
    return "  ".join(parts)


def _long_waits(shared: Sequence[SharedObject]) -> list[str]:
    """Why little may be going on: who waits long for what."""
    awaited = [each for each in shared if any(wait.seconds >= _LONG_WAIT for wait in each.waits)]
    return [f"{plural(len(each.waits), 'worker')} waiting for {printable(each.name)}" for each in awaited]


def say(text: str) -> None:
    """Print `text` on standard error, if anybody is there to read it."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(text, file=sys.stderr, flush=True)


def _counted(progress: Progress) -> list[str]:
    ended = progress.done + progress.failed
    if progress.total is None:
        parts = [plural(ended, "item")]
    else:
        share = ended / progress.total if progress.total else 1.0
        parts = [f"{amount(ended)} of {amount(progress.total)}", f"{int(share * 100)} %"]
    if progress.kept:
        parts.append(f"{amount(progress.kept)} kept")
    if progress.failed:
        parts.append(f"{amount(progress.failed)} failed")
    if progress.rate is not None:
        parts.append(f"{amount(progress.rate)} items/s")
    if progress.eta:
        parts.append(f"about {duration(progress.eta)} left")
    return parts
