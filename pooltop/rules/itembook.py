"""Which items have come, how often each has been tried, and how each has ended. Pure.

What follows from an end (record it, forget the chunk) is written to a list of actions.
"""

from dataclasses import dataclass

from pooltop.rules.actions import Accept, Action, Fail, Forget, Range


@dataclass
class _Chunk:
    count: int
    owed: int


class ItemBook:
    """Counts each end once; `retries` is how often more an item is tried after a strike."""

    def __init__(self, retries: int, actions: list[Action]) -> None:
        self.retries = retries
        self.come = 0
        self.done = 0
        self.failed = 0
        self.retried = 0
        """Executions beyond the first."""
        self.kept = 0
        """How many of those that are done or have failed had ended before the run was resumed,"""
        self.kept_failed = 0
        """and how many of these are failures."""
        self._actions = actions
        self._chunks: dict[int, _Chunk] = {}
        self._strikes: dict[tuple[int, int], int] = {}

    @property
    def clear(self) -> bool:
        """Every item that has come has ended."""
        return not self._chunks

    def count(self, chunk: int) -> int:
        """How many items a chunk has."""
        return self._chunks[chunk].count

    def add(self, chunk: int, count: int) -> None:
        """New items."""
        self._chunks[chunk] = _Chunk(count, count)
        self.come += count

    def keep(self, count: int, failed: int) -> None:
        """Items that had ended before, `failed` of them as failures."""
        self.come += count
        self.done += count - failed
        self.failed += failed
        self.kept += count
        self.kept_failed += failed

    def move(self, again: Range, chunk: int) -> None:
        """These items have come again, as a chunk of their own."""
        count = again.hi - again.lo
        self._chunks[chunk] = _Chunk(count, count)
        for position in range(count if self._strikes else 0):
            strikes = self._strikes.pop((again.chunk, again.lo + position), None)
            if strikes is not None:
                self._strikes[chunk, position] = strikes
        self._settle(again.chunk, count)

    def accept(self, done: Range, failed: int) -> None:
        """The first results for these items; `failed` of them are failures."""
        self._actions.append(Accept(done))
        self.done += done.hi - done.lo - failed
        self.failed += failed
        if self._strikes:
            for position in range(done.lo, done.hi):
                self._strikes.pop((done.chunk, position), None)
        self._settle(done.chunk, done.hi - done.lo)

    def attempts(self, chunk: int, position: int) -> int:
        """How often this item has been tried, with the attempt under way."""
        return self._strikes.get((chunk, position), 0) + 1

    def may_try_again(self, hand: Range) -> bool:
        """The one item in hand gets a strike: whether it has attempts left."""
        place = (hand.chunk, hand.lo)
        if self._strikes.get(place, 0) >= self.retries:
            return False
        self._strikes[place] = self._strikes.get(place, 0) + 1
        return True

    def fail(self, hand: Range, reason: str, item: str) -> None:
        """The one item in hand has used up its attempts, or a person has had enough of it."""
        self._end((hand.chunk, hand.lo), reason, item, self.attempts(hand.chunk, hand.lo))

    def lose(self, piece: Range, error: str) -> None:
        """These items cannot be had any more."""
        for position in range(piece.lo, piece.hi):
            place = (piece.chunk, position)
            self._end(place, error, "", max(1, self._strikes.get(place, 0)))

    def _end(self, place: tuple[int, int], error: str, item: str, attempts: int) -> None:
        self._strikes.pop(place, None)
        chunk, position = place
        self._actions.append(Fail(chunk, position, error, attempts, item))
        self.failed += 1
        self._settle(chunk, 1)

    def _settle(self, chunk: int, count: int) -> None:
        state = self._chunks[chunk]
        state.owed -= count
        if not state.owed:
            del self._chunks[chunk]
            self._actions.append(Forget(chunk))
