"""Where workers meet, pure: what is common to shared queues, semaphores, events, barriers and conditions.

Each is a small state machine that outlives whoever dies at it. What an item did there is known by the item, until its
end is recorded: an item whose worker died is run again from its start, and takes up its own traces (`Broker` says how).
"""

import mmap
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

Body: TypeAlias = bytes | bytearray | mmap.mmap
Outcome: TypeAlias = Literal["done", "timeout", "closed", "broken", "refused"]
Execution: TypeAlias = tuple[int, int | None]
"""A party with the item that it runs, None outside one."""

Key = TypeVar("Key")


@dataclass(frozen=True, eq=False)
class Request:
    """What a process asks for, in the name of the item it runs."""

    party: int
    number: int
    """0 wants no answer."""
    verb: str
    item: int | None = None
    amount: int = 1
    body: Body = b""

    @property
    def execution(self) -> Execution:
        """In whose name."""
        return self.party, self.item


class Host(Protocol):
    """Whom a meeting point tells what has happened there."""

    def answer(
        self, request: Request, outcome: Outcome = "done", values: tuple[int, ...] = (), body: Body = b""
    ) -> None:
        """A request has been met, now or when the time has come."""

    def anchor(self, request: Request) -> None:
        """The item has done what others may have seen: what has led to it must lead to it again."""

    def strayed(self, request: Request) -> None:
        """The item does not repeat what it did before its worker died: this is another message than then."""


class MeetingPoint:
    """One shared object; this one does nothing."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._waiting: list[Request] = []

    def ask(self, request: Request) -> None:
        """Do it, and answer as soon as it is done."""

    def expire(self, request: Request) -> None:
        """The time of one that waits is up."""
        self._waiting.remove(request)
        self._host.answer(request, "timeout")

    def take_back(self, request: Request) -> None:
        """It has been met, but who asked has turned away and will never know."""

    def leave(self, party: int) -> None:
        """A party waits no more: it is dead."""
        self._waiting = [request for request in self._waiting if request.party != party]

    def anchor(self, execution: Execution) -> None:
        """What it has found here so far, the item is to find again when it is run again."""

    def undo(self, execution: Execution) -> None:
        """Nothing comes of an execution."""

    def forget(self, done: Callable[[int | None], bool]) -> None:
        """What these items did is final."""

    def give_up(self, item: int) -> None:
        """An item that was undone will never run again."""

    def _answer_all(self, waiting: list[Request], outcome: Outcome = "done") -> None:
        while waiting:
            self._host.answer(waiting.pop(0), outcome)


def drop(mapping: MutableMapping[Key, Any], gone: Callable[[Key], bool]) -> None:
    """Take the keys out for which `gone` holds."""
    for key in [key for key in mapping if gone(key)]:
        del mapping[key]
