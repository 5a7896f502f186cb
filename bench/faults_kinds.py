"""What goes wrong in `bench.faults`: with the items themselves, or by what is done to the processes."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from bench.faults_trial import Trial
from bench.pools import CULPRIT, WORKERS

FIRST_KILL = 20
BETWEEN_KILLS = 15
"""Items that begin from one kill to the next."""
HALF_WAY = 50
"""So many items have begun when a worker is stopped, or the parent killed."""
STILL_SECONDS = 0.5
PARENT_KILLED = "the parent SIGKILLed"
"""Of this only what is left alive is of interest."""


def nothing(_trial: Trial) -> None:
    """The items do it themselves."""


def kill_workers(times: int, trial: Trial) -> None:
    """SIGKILL, each time the worker that was the last to begin an item."""
    for number in range(times):
        if not trial.until_begun(FIRST_KILL + BETWEEN_KILLS * number):
            return
        send(signal.SIGKILL, trial.workers()[-1])


def kill_an_idle_worker(which: int, trial: Trial) -> None:
    """SIGKILL to one that has had an item, has ended it, and is given the next only after that.

    They are tried in the order in which they became idle: where the idle queue for a lock, the first of them holds it.
    """
    if trial.until(lambda: trial.has("idle")):
        time.sleep(STILL_SECONDS)
        workers = trial.workers()
        send(signal.SIGKILL, workers[which % len(workers)])
        time.sleep(STILL_SECONDS)
        trial.tell("go")


def stop_a_worker(trial: Trial) -> None:
    """SIGSTOP, and never SIGCONT."""
    if trial.until_begun(HALF_WAY):
        send(signal.SIGSTOP, trial.workers()[-1])


def kill_the_parent(trial: Trial) -> None:
    """SIGKILL to the program that has the pool."""
    if trial.until_begun(HALF_WAY):
        send(signal.SIGKILL, trial.pid)


def send(number: signal.Signals, pid: int) -> None:
    """A signal to what may just have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


class Fault(NamedTuple):
    """A function of the items, one of which it may find bad, and what is done meanwhile, each a trial of its own."""

    name: str
    function: str = "nap"
    doings: tuple[Callable[[Trial], None], ...] = (nothing,)
    rest: bool = False
    """The pool is left idle before the 200."""

    @property
    def culprit(self) -> int | None:
        """The item that is bad."""
        return None if self.function == "nap" else CULPRIT


FAULTS = (
    Fault("nothing"),
    Fault("one worker SIGKILLed", doings=(partial(kill_workers, 1),)),
    Fault("ten workers SIGKILLed, one after another", doings=(partial(kill_workers, 10),)),
    Fault(
        "an idle worker SIGKILLed, then a call",
        doings=tuple(partial(kill_an_idle_worker, which) for which in range(WORKERS)),
        rest=True,
    ),
    Fault("a worker SIGSTOPped for ever", doings=(stop_a_worker,)),
    Fault("an item calls os._exit", "exits"),
    Fault("an item segfaults", "segfaults"),
    Fault("an item raises", "raises"),
    Fault("a result that cannot be pickled", "returns_a_lock"),
    Fault("an item that never returns", "never_returns"),
    Fault(PARENT_KILLED, doings=(kill_the_parent,)),
)
