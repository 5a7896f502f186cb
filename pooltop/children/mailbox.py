"""What arrives at a child: orders for it, and answers to what the code that runs in it has asked."""

import threading
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from pooltop.wire.channel import ChildEnd, ReceivedBody
from pooltop.wire.messages import Answer, Message

Found = TypeVar("Found")


class Mailbox:
    """Sorts a channel's messages for several threads: whoever waits reads for all, one at a time."""

    def __init__(self, channel: ChildEnd) -> None:
        self._channel = channel
        self._change = threading.Condition()
        self._reading = False
        self._orders: deque[tuple[Message, ReceivedBody]] = deque()
        self._answers: dict[int, tuple[Answer, ReceivedBody]] = {}
        self._unwanted: set[int] = set()

    def order(self) -> tuple[Message, ReceivedBody]:
        """The next message that is not an answer. Raises EOFError when the supervisor is gone."""
        return self._wait_for(lambda: self._orders.popleft() if self._orders else None)

    def answer(self, request: int) -> tuple[Answer, ReceivedBody]:
        """The answer to that request. Raises EOFError when the supervisor is gone."""
        return self._wait_for(lambda: self._answers.pop(request, None))

    def discard(self, request: int) -> None:
        """Nobody waits for that answer any more."""
        with self._change:
            if self._answers.pop(request, None) is None:
                self._unwanted.add(request)

    def _wait_for(self, take: Callable[[], Found | None]) -> Found:
        with self._change:
            while (found := take()) is None:
                if self._reading:
                    self._change.wait()
                else:
                    self._read_one()
            return found

    def _read_one(self) -> None:
        self._reading = True
        self._change.release()
        try:
            message, body = self._channel.receive()
        finally:
            self._change.acquire()
            self._reading = False
            self._change.notify_all()
        if isinstance(message, Answer) and message.request in self._unwanted:
            self._unwanted.remove(message.request)
        elif isinstance(message, Answer):
            self._answers[message.request] = message, body
        else:
            self._orders.append((message, body))
