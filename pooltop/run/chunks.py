"""The chunks in flight: their bodies, where their items stand in the input, and what is said to the feeder."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from pooltop.rules.actions import Range
from pooltop.wire.channel import Body
from pooltop.wire.messages import AskItems, Items, Release, SendAgain

ToFeeder: TypeAlias = AskItems | SendAgain | Release


class _Chunk(NamedTuple):
    body: Body
    first: int
    items: int


class Chunks:
    """Chunks are numbered as they come; the feeder counts along.

    A feeder that has died is *gone* when another one will come, which is then told what this one has not answered; it
    is *lost* when none will.
    """

    def __init__(self, tell_feeder: Callable[[ToFeeder], None]) -> None:
        self._tell: Callable[[ToFeeder], None] | None = tell_feeder
        self._chunks: dict[int, _Chunk] = {}
        self._unanswered: deque[AskItems] = deque()
        self._expected_again: set[Range] = set()
        self.next_number = 0
        """The next chunk's."""

    def ask(self, items: int) -> None:
        """Let the feeder send so many."""
        if self._tell:
            request = AskItems(items)
            self._unanswered.append(request)
            self._tell(request)

    def take_in(self, message: Items, body: Body) -> tuple[int, Range | None]:
        """A chunk has come: its number, and which items of which other chunk these are where it was sent again."""
        chunk, self.next_number = self.next_number, self.next_number + 1
        if message.again is None:
            self._chunks[chunk] = _Chunk(body, message.first, message.count)
            if message.answered:
                self._unanswered.popleft()
            return chunk, None
        old, lo = message.again
        again = Range(old, lo, lo + message.count)
        self._expected_again.remove(again)
        self._chunks[chunk] = _Chunk(body, self._chunks[old].first + lo, message.count)
        return chunk, again

    def body(self, chunk: int) -> Body:
        """The pickled items."""
        return self._chunks[chunk].body

    def first(self, chunk: int) -> int:
        """The place in the input of a chunk's first item; 0 for one that is forgotten."""
        return self._chunks[chunk].first if chunk in self._chunks else 0

    def count(self, chunk: int) -> int:
        """How many items a chunk has."""
        return self._chunks[chunk].items

    def in_flight(self) -> tuple[tuple[int, int, int], ...]:
        """Of each chunk its number, its first item's place in the input, and how many it has."""
        return tuple((number, chunk.first, chunk.items) for number, chunk in self._chunks.items())

    def forget(self, chunk: int) -> None:
        """All its items have ended."""
        del self._chunks[chunk]
        if self._tell:
            self._tell(Release(chunk))

    def have_sent_again(self, piece: Range) -> bool:
        """Have the feeder send these items as a chunk of their own; False where there is no feeder."""
        if self._tell is None:
            return False
        self._expected_again.add(piece)
        self._tell(SendAgain(piece.chunk, piece.lo, piece.hi))
        return True

    def feeder_gone(self) -> None:
        """Another one will come; until then what is to be said to it waits."""
        self._for_next: list[ToFeeder] = list(self._unanswered)
        self._for_next += (SendAgain(piece.chunk, piece.lo, piece.hi) for piece in self._expected_again)
        self._tell = self._for_next.append

    def feeder_back(self, tell: Callable[[ToFeeder], None]) -> None:
        """It is there, and knows what was in flight since `feeder_gone`."""
        self._tell = tell
        for message in self._for_next:
            tell(message)
        self._for_next.clear()

    def lose_feeder(self) -> set[Range]:
        """It is gone, and none will come; the items that it was to send again."""
        self._tell = None
        lost, self._expected_again = self._expected_again, set()
        return lost
