"""The standard library's fork server, seen from the supervisor: whether it lives, how it ended, whether it hangs."""

import asyncio
import contextlib
import os
import select
import signal
from multiprocessing import forkserver
from typing import NamedTuple

import psutil

DYING_SECONDS = 0.002
"""How often a dying process is looked at."""
LOOK_SECONDS = 0.5
"""How often one that is importing is looked at."""


class Patience(NamedTuple):
    """Seconds that an import in the fork server is given."""

    idle: float = 10.0
    """In which neither it nor a process that it has started uses CPU or reads anything."""
    longest: float = 120.0
    """For all of it."""


class ForkServer:
    """The one of this process (multiprocessing keeps one), or its latest where there have been several."""

    @property
    def pid(self) -> int | None:
        """Its PID, None before the first start."""
        return getattr(forkserver._forkserver, "_forkserver_pid", None)

    def exit_code(self) -> int | None:
        """How it has ended (negative: minus the signal's number), None while it lives; it is left to be reaped by its
        owner."""
        pid = self.pid
        if pid is None:
            return None
        with contextlib.suppress(ChildProcessError):
            gone = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if gone is not None:
                return gone.si_status if gone.si_code == os.CLD_EXITED else -gone.si_status
        return None

    def is_gone(self) -> bool:
        """Whether it has closed its end of the pipe by which it sees us live: a dying process does that before it can
        be waited for, and before its children are seen to end."""
        pipe = getattr(forkserver._forkserver, "_forkserver_alive_fd", None)
        if pipe is None:
            return False
        poll = select.poll()
        poll.register(pipe, 0)
        return bool(poll.poll(0))

    def kill(self) -> None:
        """Kill it. Its owner reaps it under this lock only, so the number is its own while we hold that."""
        with forkserver._forkserver._lock:  # type: ignore[attr-defined]  # there is no public way
            pid = self.pid
            if pid is not None and self.exit_code() is None:
                os.kill(pid, signal.SIGKILL)

    async def ended(self) -> int | None:
        """How it has ended, once that can be seen; None where it is not dying."""
        while self.is_gone() and self.exit_code() is None:
            await asyncio.sleep(DYING_SECONDS)
        return self.exit_code()

    async def end(self) -> None:
        """Kill it, and wait until that can be seen: the next start makes a new one."""
        self.kill()
        while self.pid is not None and self.exit_code() is None:
            await asyncio.sleep(DYING_SECONDS)

    async def hangs(self, patience: Patience) -> str:
        """Watch it import until it has been at that for too long; how it hangs."""
        before: object = None
        idle = total = 0.0
        while True:
            # Not by the clock: while we are stopped ourselves, so may it be.
            await asyncio.sleep(LOOK_SECONDS)
            total += LOOK_SECONDS
            now = await asyncio.to_thread(_activity, self.pid)
            idle = idle + LOOK_SECONDS if now == before else 0.0
            before = now
            if idle >= patience.idle:
                return f"neither computed nor read anything for {patience.idle:g} s"
            if total >= patience.longest:
                return f"was not done after {patience.longest:g} s"


def _activity(pid: int | None) -> object:
    """What changes whenever the process or one below it does something."""
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        return [_doings(each) for each in (process, *process.children(recursive=True))]
    except psutil.Error:
        return object()  # unlike any other


def _doings(process: psutil.Process) -> tuple[object, ...]:
    times = process.cpu_times()
    # Nowhere else does psutil count what a process reads.
    read = process.io_counters() if hasattr(process, "io_counters") else None
    return process.pid, times.user, times.system, read
