"""Asking the supervisor's broker on behalf of the item in hand, and showing in the slot that the process waits."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pooltop.children.mailbox import Mailbox
from pooltop.wire.channel import Body, ChildEnd, ReceivedBody, Undisturbed
from pooltop.wire.messages import Abandoned, Answer, Call, Verb, Withdraw
from pooltop.wire.slots import Slot


class Asking:
    """How this process asks. `item_in_hand` gives the input index of the item whose code is running, or None."""

    def __init__(
        self, channel: ChildEnd, mailbox: Mailbox, slot: Slot, item_in_hand: Callable[[], int | None] = lambda: None
    ) -> None:
        self._channel = channel
        self._mailbox = mailbox
        self._slot = slot
        self._item_in_hand = item_in_hand
        self._requests = itertools.count(1)
        self._pid = os.getpid()

    def tell(self, place: int, verb: Verb, *, amount: int = 1, body: Body = b"") -> None:
        """Have it done; nobody waits for it."""
        self._channel.send(self._call(place, verb, 0, None, amount), body)

    def ask(
        self,
        place: int,
        verb: Verb,
        *,
        block: bool = True,
        timeout: float | None = None,
        amount: int = 1,
        body: Body = b"",
    ) -> tuple[Answer, ReceivedBody]:
        """Have it done and wait for the answer, at most `timeout` seconds; not at all unless `block`."""
        limit = 0.0 if not block else None if timeout is None else max(0.0, timeout)
        call = self._call(place, verb, next(self._requests), limit, amount)
        try:
            with Undisturbed():
                self._channel.send(call, body)
                with self.shown_waiting(place, endless=limit is None):
                    return self._mailbox.answer(call.request)
        except BaseException:  # the person's own time limit, by an alarm
            self._mailbox.discard(call.request)
            self._channel.send(Withdraw(call.request))
            raise

    def abandoned(self, place: int, pid: int) -> None:
        """Report that a lock was in the hand of that process when it died."""
        if os.getpid() == self._pid:
            self._channel.send(Abandoned(place, pid))

    @contextmanager
    def shown_waiting(self, place: int, *, endless: bool) -> Iterator[None]:
        """Everybody can see that this process waits for that; `endless`: there is no time limit."""
        if os.getpid() != self._pid:  # forked by the user's code: the slot is not its own
            yield
            return
        self._slot.begin_wait(place, time.monotonic_ns(), endless=endless and _nothing_else_goes_on())
        try:
            yield
        finally:
            self._slot.end_wait()

    def _call(self, place: int, verb: Verb, request: int, timeout: float | None, amount: int) -> Call:
        if os.getpid() != self._pid:
            raise RuntimeError("this process was forked by a worker, and only the worker can use a shared object here")
        return Call(place, verb, request, self._item_in_hand(), timeout, amount)


def _nothing_else_goes_on() -> bool:
    """Whether this process has no other thread, and no alarm set, that could end a wait."""
    return threading.active_count() == 1 and not signal.getitimer(signal.ITIMER_REAL)[0]
