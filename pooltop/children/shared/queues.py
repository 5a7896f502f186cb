"""Queue and JoinableQueue, as `multiprocessing` has them, brokered by the supervisor."""

import pickle
import queue
from typing import Any

from pooltop.children.shared.asking import Asking


class Queue:
    """A `multiprocessing.Queue`. What an item whose worker dies has taken from it is taken by another."""

    def __init__(self, asking: Asking, number: int, maxsize: int) -> None:
        self._asking = asking
        self._number = number
        self._maxsize = maxsize
        self._closed = False

    def put(self, obj: Any, block: bool = True, timeout: float | None = None) -> None:
        """Raises queue.Full, and ValueError where this process has closed it."""
        self._refuse_closed()
        body = pickle.dumps(obj, pickle.HIGHEST_PROTOCOL)
        if self._maxsize <= 0:
            self._asking.tell(self._number, "put", body=body)
            return
        answer, _ = self._asking.ask(self._number, "put", block=block, timeout=timeout, body=body)
        if answer.outcome == "timeout":
            raise queue.Full

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Raises queue.Empty, and ValueError where this process has closed it."""
        self._refuse_closed()
        answer, body = self._asking.ask(self._number, "get", block=block, timeout=timeout)
        if answer.outcome == "timeout":
            raise queue.Empty
        return pickle.loads(body)

    def put_nowait(self, obj: Any) -> None:
        """Raises queue.Full."""
        self.put(obj, block=False)

    def get_nowait(self) -> Any:
        """Raises queue.Empty."""
        return self.get(block=False)

    def qsize(self) -> int:
        """How many messages are in it now."""
        answer, _ = self._asking.ask(self._number, "size")
        return answer.values[0]

    def empty(self) -> bool:
        """Whether it is empty now."""
        return not self.qsize()

    def full(self) -> bool:
        """Whether it is full now."""
        return 0 < self._maxsize <= self.qsize()

    def close(self) -> None:
        """This process will use it no more."""
        self._closed = True

    def join_thread(self) -> None:
        """There is no thread to be joined: what was put is on its way."""

    def cancel_join_thread(self) -> None:
        """There is no thread to be joined."""

    def _refuse_closed(self) -> None:
        if self._closed:
            raise ValueError("the queue is closed")


class JoinableQueue(Queue):
    """A `multiprocessing.JoinableQueue`."""

    def task_done(self) -> None:
        """Raises ValueError where it is called more often than there were messages."""
        answer, _ = self._asking.ask(self._number, "task_done")
        if answer.outcome == "refused":
            raise ValueError("task_done() called too many times")

    def join(self) -> None:
        """Wait until every message that was put has been reported done."""
        self._asking.ask(self._number, "join")
