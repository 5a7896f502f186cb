"""Lock and RLock, as `multiprocessing` has them, but freed by the kernel when their holder dies.

Each is one byte of a file that is locked by `fcntl.lockf` (POSIX record locks: owned by the process, not inherited by
its children, released at its death); a threading lock around it serves the threads of one process. The kernel drops
all of a process's record locks on a file when *any* of its descriptors of that file is closed, so a process has one for
all its locks and never closes it.
"""

import errno
import fcntl
import math
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType

from pooltop.wire.channel import Disturbed, Undisturbed

FIRST_PAUSE, LONGEST_PAUSE = 0.0002, 0.002
"""Seconds between two tries where there is a time limit: the kernel's own wait has none."""


class LockFile:
    """Locks by number, for one process; `owners` is shared memory, the PID of each lock's holder or 0."""

    def __init__(
        self,
        descriptor: int,
        owners: memoryview,
        waiting: Callable[[int, bool], AbstractContextManager[None]],
        abandoned: Callable[[int, int], None],
    ) -> None:
        """`waiting(number, endless)` surrounds each wait; `abandoned(number, pid)` hears of holders that have died."""
        self._descriptor = descriptor
        self._owners = owners
        self.waiting = waiting
        self._abandoned = abandoned

    def acquire(self, number: int, timeout: float | None) -> bool:
        """Lock it, within `timeout` seconds (None: for ever). Raises RuntimeError where that is a deadlock."""
        if not self._try(number):
            if timeout is not None and timeout <= 0:
                return False
            try:
                with self.waiting(number, timeout is None), Disturbed():
                    if timeout is None:
                        self._wait(number)
                    elif not self._try_until(number, time.monotonic() + timeout):
                        return False
            except BaseException:  # an alarm, perhaps just when it was locked
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, number)
                raise
        former, self._owners[number] = self._owners[number], os.getpid()
        if former:
            self._abandoned(number, former)
        return True

    def release(self, number: int) -> None:
        """Unlock it."""
        self._owners[number] = 0
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, number)

    def _try(self, number: int) -> bool:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _wait(self, number: int) -> None:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, number)
        except OSError as error:
            if error.errno != errno.EDEADLK:
                raise
            if threading.active_count() == 1:
                raise RuntimeError("deadlock: its holder waits for a lock that this worker holds") from None
            self._try_until(number, math.inf)  # the kernel sees processes, and another thread may well go on

    def _try_until(self, number: int, deadline: float) -> bool:
        pause = FIRST_PAUSE
        while not self._try(number):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
        return True


class Acquirable(ABC):
    """What a `with` acquires and releases."""

    @abstractmethod
    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Whether it has been acquired, within `timeout` seconds (None: for ever)."""

    @abstractmethod
    def release(self) -> None:
        """Give it back."""

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class Lock(Acquirable):
    """A `multiprocessing.Lock`; only the process that holds it can release it."""

    def __init__(self, locks: LockFile, number: int) -> None:
        self._locks = locks
        self._number = number
        self._thread = threading.Lock()
        os.register_at_fork(after_in_child=self._begin_unlocked)

    def _begin_unlocked(self) -> None:
        """A process that is forked holds none of its parent's locks."""
        self._thread = threading.Lock()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """As `multiprocessing.Lock.acquire`. Raises RuntimeError for a deadlock between processes.

        An alarm of the person's own may end the wait; then it is not locked.
        """
        locked = False
        try:
            with Undisturbed():
                locked = self._acquire(0.0 if not block else timeout)
        except BaseException:
            if locked:
                self._unlock()
            raise
        return locked

    def _unlock(self) -> None:
        self._locks.release(self._number)
        self._thread.release()

    def _acquire(self, timeout: float | None) -> bool:
        began = time.monotonic()
        if not (self._thread.acquire(blocking=False) or self._wait_for_thread(timeout)):
            return False
        left = None if timeout is None else timeout - (time.monotonic() - began)
        locked = False
        try:
            locked = self._locks.acquire(self._number, left)
        finally:
            if not locked:
                self._thread.release()
        return locked

    def _wait_for_thread(self, timeout: float | None) -> bool:
        """Another thread of this process holds it, or this very one."""
        with self._locks.waiting(self._number, timeout is None), Disturbed():
            return self._thread.acquire(timeout=-1 if timeout is None else max(0.0, timeout))

    def release(self) -> None:
        """Raises ValueError where this process does not hold it."""
        if not self._thread.locked():
            raise ValueError("semaphore or lock released too many times")
        with Undisturbed():
            self._unlock()


class RLock(Lock):
    """A `multiprocessing.RLock`: its holder, one thread of one process, may lock it again."""

    def __init__(self, locks: LockFile, number: int) -> None:
        super().__init__(locks, number)
        self._owner: int | None = None
        self._depth = 0

    def _begin_unlocked(self) -> None:
        super()._begin_unlocked()
        self._owner = None
        self._depth = 0

    @property
    def is_mine(self) -> bool:
        """Whether this thread holds it."""
        return self._owner == threading.get_ident()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """As `multiprocessing.RLock.acquire`. Raises RuntimeError for a deadlock between processes."""
        if self.is_mine:
            self._depth += 1
            return True
        return super().acquire(block, timeout)

    def _acquire(self, timeout: float | None) -> bool:
        locked = super()._acquire(timeout)
        if locked:
            self._owner = threading.get_ident()
            self._depth = 1
        return locked

    def _unlock(self) -> None:
        self._owner = None
        self._depth = 0
        super()._unlock()

    def release(self) -> None:
        """Raises AssertionError where this thread does not hold it."""
        if not self.is_mine:
            raise AssertionError("attempt to release recursive lock not owned by thread")
        if self._depth > 1:
            self._depth -= 1
        else:
            super().release()

    def release_all(self) -> int:
        """Let go of it however often it is locked; how often that was."""
        depth, self._depth = self._depth, 1
        self.release()
        return depth

    def acquire_again(self, depth: int) -> None:
        """Lock it as often as it was."""
        self.acquire()
        self._depth = depth
