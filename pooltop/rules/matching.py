"""Which items of a resumed run's input are which of its earlier sessions, by their keys. Pure.

The n-th item of a key is the n-th item that had this key before. Items without a key are recognised by their position.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple


class End(NamedTuple):
    """Where an item has ended, and how."""

    session: int
    position: int
    failed: bool


class Old(NamedTuple):
    """An item of an earlier session."""

    key: bytes
    position: int
    end: End | None = None


class Matching:
    """Finds the old items of an input that is gone through in order.

    As long as old and new items are the same one after another, nothing is held in memory; at the first difference the
    rest of the old ones is.
    """

    def __init__(self, old: Iterable[Old]) -> None:
        self._old = iter(old)
        self._next = next(self._old, None)
        self._elsewhere: dict[bytes | int, Old] | None = None
        self._repeated: defaultdict[bytes | int, deque[Old]] = defaultdict(deque)
        """The further ones of a key."""

    def find(self, position: int, key: bytes) -> Old | None:
        """The old item that the next new one is; each is found once."""
        if self._elsewhere is None:
            same = self._next
            if same is None:
                return None
            if same.key == key and (same.position == position or any(key)):
                self._next = next(self._old, None)
                return same
            self._elsewhere = self._by_identity()
        identity = _identity(position, key)
        found = self._elsewhere.pop(identity, None)
        if found and (repeated := self._repeated.get(identity)):
            self._elsewhere[identity] = repeated.popleft()
        return found

    def rest(self) -> Iterator[Old]:
        """The old items that no new one was, those of a key in their order."""
        if self._elsewhere is None:
            yield from self._unseen()
        else:
            yield from self._elsewhere.values()
            yield from chain.from_iterable(self._repeated.values())

    def _by_identity(self) -> dict[bytes | int, Old]:
        firsts: dict[bytes | int, Old] = {}
        for old in self._unseen():
            identity = _identity(old.position, old.key)
            if firsts.setdefault(identity, old) is not old:
                self._repeated[identity].append(old)
        return firsts

    def _unseen(self) -> Iterator[Old]:
        if self._next is not None:
            yield self._next
            yield from self._old


def known(sessions: Iterable[Iterable[Old]]) -> Iterator[Old]:
    """What all sessions together, oldest first, know: the items of the last, then those of earlier ones that it did
    not come to, or that were not in its input. An item that ended in several is what it was last."""
    items: Iterator[Old] = iter(())
    for session in sessions:
        items = _carried_on(items, session)
    return items


def _carried_on(before: Iterator[Old], session: Iterable[Old]) -> Iterator[Old]:
    matching = Matching(before)
    for item in session:
        earlier = matching.find(item.position, item.key)
        yield item if item.end or earlier is None else item._replace(end=earlier.end)
    yield from matching.rest()


def _identity(position: int, key: bytes) -> bytes | int:
    return key if any(key) else position
