"""One pool under one fault, in a process of its own, watched from outside by what it writes down."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil

from bench.pools import FOLDER, ITEMS
from pooltop.summary import Summary

ROOT = Path(__file__).parents[1]
QUIET_SECONDS = 15.0
"""A pool in which nothing happens for so long hangs; billiard takes ten to notice a death."""
ORPHAN_SECONDS = 5.0
POLL_SECONDS = 0.005


class Begun(NamedTuple):
    """An execution of an item."""

    item: int
    pid: int
    at: float


class Report(NamedTuple):
    """What became of the 200 items."""

    completed: int
    """Items with a result."""
    lost: int
    """Items without one, though nothing was wrong with them."""
    again: int
    """Executions beyond the first, but for those of the item that was bad."""
    hung: bool
    raised: str
    """What the call as a whole raised."""
    orphans: int | None
    """Processes left five seconds after the program had ended; None where it never did."""
    seconds: float | None
    """From the first item's begin to the last outcome."""


class Trial:
    """Runs a command; `folder` is where its items write (see `bench/pools/items.py`), `culprit` one that is bad."""

    def __init__(self, command: list[str], folder: Path, culprit: int | None) -> None:
        self._folder = folder
        self._culprit = culprit
        environment = {FOLDER: str(folder), "XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(ROOT)}
        with (folder / "output").open("wb") as output:
            self._program = subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._hung = False

    @property
    def pid(self) -> int:
        """Of the program that has the pool."""
        return self._program.pid

    def has(self, name: str) -> bool:
        """Whether the program has left this file."""
        return (self._folder / name).exists()

    def tell(self, name: str) -> None:
        """Leave a file for the program."""
        (self._folder / name).touch()

    def begun(self) -> list[Begun]:
        """Every execution so far, of the 200."""
        lines = (line.split() for line in self._lines("begun"))
        begun = [Begun(int(item), int(pid), float(at)) for item, pid, at in lines]
        return [each for each in begun if each.item >= 0]

    def workers(self) -> list[int]:
        """The PIDs of those that have ever begun an item and are alive, in the order of the last time they did."""
        pids = dict.fromkeys(int(line.split()[1]) for line in reversed(self._lines("begun")))
        return [pid for pid in reversed(pids) if psutil.pid_exists(pid)]

    def until(self, condition: Callable[[], object]) -> bool:
        """Wait for something; False where the program ends, or hangs, before that."""
        last, changed = self._written(), time.monotonic()
        while not (self._hung or condition()):
            if self._program.poll() is not None:
                return False
            if (written := self._written()) != last:
                last, changed = written, time.monotonic()
            self._hung = time.monotonic() - changed > QUIET_SECONDS
            time.sleep(POLL_SECONDS)
        return not self._hung

    def until_begun(self, items: int) -> bool:
        """Wait for so many executions; False as above."""
        return self.until(lambda: len(self.begun()) >= items)

    def report(self) -> Report:
        """Wait for the end, or until nothing happens any more, and see what is left. Leaves nothing alive."""
        self.until(lambda: self._program.poll() is not None)
        try:
            orphans = None if self._hung else self._left()
            return self._summary(orphans) if self.has("summary") else self._heard(orphans)
        finally:
            for process in self._alive():
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._program.wait()

    def _heard(self, orphans: int | None) -> Report:
        """By the outcomes that the program heard of."""
        ended = [line.split() for line in self._lines("ended")]
        own = [(int(words[0]), float(words[1]), words[2:]) for words in ended if int(words[0]) >= 0]
        results = {item for item, _, error in own if not error}
        begun = self.begun()
        seconds = own[-1][1] - begun[0].at if own and begun else None
        return self._reported(len(results), " ".join(self._lines("raised")), orphans, seconds)

    def _summary(self, orphans: int | None) -> Report:
        """By the summary that pooltop writes."""
        summary = msgspec.json.decode((self._folder / "summary").read_bytes(), type=Summary)
        warm_up = (summary.items.total or 0) - ITEMS
        seconds = None if warm_up else summary.seconds
        return self._reported(summary.items.done - warm_up, summary.reason, orphans, seconds)

    def _reported(self, completed: int, raised: str, orphans: int | None, seconds: float | None) -> Report:
        executions = Counter(each.item for each in self.begun())
        again = sum(count - 1 for item, count in executions.items() if item != self._culprit)
        lost = ITEMS - completed - (self._culprit is not None)
        return Report(completed, lost, again, self._hung, raised, orphans, seconds)

    def _left(self) -> int:
        deadline = time.monotonic() + ORPHAN_SECONDS
        while (alive := len(self._alive())) and time.monotonic() < deadline:
            time.sleep(0.1)
        return alive

    def _alive(self) -> list[psutil.Process]:
        return [process for process in psutil.process_iter() if self._is_mine(process)]

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            mine = process.environ().get(FOLDER) == str(self._folder)
            return mine and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def _written(self) -> int:
        files = [self._folder / name for name in ("begun", "ended", "raised")]
        return sum(file.stat().st_size for file in files if file.exists())

    def _lines(self, name: str) -> list[str]:
        file = self._folder / name
        return file.read_text().splitlines() if file.exists() else []
