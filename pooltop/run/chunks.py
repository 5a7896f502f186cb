"""The chunks in flight: their bodies, where their items stand in the input, and what is said to the feeder."""

from collections.abc import Callable
from typing import TypeAlias

from pooltop.rules.actions import Range
from pooltop.wire.channel import Body
from pooltop.wire.messages import AskItems, Items, Release, SendAgain

ToFeeder: TypeAlias = AskItems | SendAgain | Release


class Chunks:
    """Chunks are numbered as they come; the feeder counts along."""

    def __init__(self, tell_feeder: Callable[[ToFeeder], None]) -> None:
        self._tell: Callable[[ToFeeder], None] | None = tell_feeder
        self._bodies: dict[int, Body] = {}
        self._firsts: dict[int, int] = {}
        self._expected_again: set[Range] = set()
        self._count = 0
        self._items = 0

    def ask(self, items: int) -> None:
        """Let the feeder send so many."""
        if self._tell:
            self._tell(AskItems(items))

    def take_in(self, message: Items, body: Body) -> tuple[int, Range | None]:
        """A chunk has come: its number, and which items of which other chunk these are where it was sent again."""
        chunk, self._count = self._count, self._count + 1
        self._bodies[chunk] = body
        if message.again is None:
            self._firsts[chunk] = self._items
            self._items += message.count
            return chunk, None
        old, lo = message.again
        again = Range(old, lo, lo + message.count)
        self._expected_again.remove(again)
        self._firsts[chunk] = self._firsts[old] + lo
        return chunk, again

    def body(self, chunk: int) -> Body:
        """The pickled items."""
        return self._bodies[chunk]

    def first(self, chunk: int) -> int:
        """The place in the input of a chunk's first item; 0 for one that is forgotten."""
        return self._firsts.get(chunk, 0)

    def forget(self, chunk: int) -> None:
        """All its items have ended."""
        del self._bodies[chunk]
        del self._firsts[chunk]
        if self._tell:
            self._tell(Release(chunk))

    def have_sent_again(self, piece: Range) -> bool:
        """Have the feeder send these items as a chunk of their own; False where there is no feeder."""
        if self._tell is None:
            return False
        self._expected_again.add(piece)
        self._tell(SendAgain(piece.chunk, piece.lo, piece.hi))
        return True

    def lose_feeder(self) -> set[Range]:
        """It is gone; the items that it was to send again."""
        self._tell = None
        lost, self._expected_again = self._expected_again, set()
        return lost
