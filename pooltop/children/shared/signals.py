"""Semaphore, Event, Barrier and Condition, as `multiprocessing` has them, brokered by the supervisor."""

import time
from collections.abc import Callable
from threading import BrokenBarrierError

from pooltop.children.shared.asking import Asking
from pooltop.children.shared.locks import Acquirable, RLock


class Semaphore(Acquirable):
    """A `multiprocessing.Semaphore`. What an item whose worker dies did to it is undone."""

    def __init__(self, asking: Asking, number: int) -> None:
        self._asking = asking
        self._number = number

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take a permit; whether there was one in time."""
        answer, _ = self._asking.ask(self._number, "acquire", block=block, timeout=timeout)
        return answer.outcome == "done"

    def release(self) -> None:
        """Give a permit."""
        self._asking.tell(self._number, "release")

    def get_value(self) -> int:
        """How many permits there are now."""
        answer, _ = self._asking.ask(self._number, "value")
        return answer.values[0]


class Event:
    """A `multiprocessing.Event`."""

    def __init__(self, asking: Asking, number: int) -> None:
        self._asking = asking
        self._number = number

    def is_set(self) -> bool:
        """Whether it is set."""
        answer, _ = self._asking.ask(self._number, "is_set")
        return bool(answer.values[0])

    def set(self) -> None:
        """Let everybody go on that waits for it."""
        self._asking.tell(self._number, "set")

    def clear(self) -> None:
        """From now on who waits for it waits."""
        self._asking.tell(self._number, "clear")

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set; whether it was in time."""
        answer, _ = self._asking.ask(self._number, "wait", timeout=timeout)
        return answer.outcome == "done"


class Barrier:
    """A `multiprocessing.Barrier` without an action. An item that is run again passes at once where it has passed."""

    def __init__(self, asking: Asking, number: int, parties: int) -> None:
        self._asking = asking
        self._number = number
        self.parties = parties

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the others; the order of arrival. Raises BrokenBarrierError."""
        answer, _ = self._asking.ask(self._number, "wait", timeout=timeout)
        if answer.outcome != "done":
            raise BrokenBarrierError
        return answer.values[0]

    def abort(self) -> None:
        """Break it: everybody who waits, or comes to wait, gets BrokenBarrierError."""
        self._asking.tell(self._number, "abort")

    def reset(self) -> None:
        """Whoever waits gets BrokenBarrierError, and it is as new."""
        self._asking.tell(self._number, "reset")

    @property
    def n_waiting(self) -> int:
        """How many wait."""
        return self._state()[0]

    @property
    def broken(self) -> bool:
        """Whether it is broken."""
        return bool(self._state()[1])

    def _state(self) -> tuple[int, ...]:
        answer, _ = self._asking.ask(self._number, "state")
        return answer.values


class Condition(Acquirable):
    """A `multiprocessing.Condition` with an RLock of its own. A wait may end without a cause, as everywhere."""

    def __init__(self, asking: Asking, number: int, lock: RLock) -> None:
        self._asking = asking
        self._number = number
        self._lock = lock

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Lock it."""
        return self._lock.acquire(block, timeout)

    def release(self) -> None:
        """Unlock it."""
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        """Unlock, wait to be notified, lock again; whether one was in time. Raises AssertionError unless locked."""
        assert self._lock.is_mine, "must acquire() condition before using wait()"
        enlisted = self._asking.ask(self._number, "enlist")[0].request
        depth = self._lock.release_all()
        try:
            answer, _ = self._asking.ask(self._number, "wait", timeout=timeout, amount=enlisted)
        except BaseException:
            self._asking.tell(self._number, "unlist", amount=enlisted)
            raise
        finally:
            self._lock.acquire_again(depth)
        return answer.outcome == "done"

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until `predicate()` holds; its last result."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not (result := predicate()):
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                break
            self.wait(left)
        return result

    def notify(self, n: int = 1) -> None:
        """Let so many go on that wait. Raises AssertionError unless locked."""
        assert self._lock.is_mine, "lock is not owned"
        self._asking.tell(self._number, "notify", amount=n)

    def notify_all(self) -> None:
        """Let all go on that wait. Raises AssertionError unless locked."""
        self.notify(1 << 31)
