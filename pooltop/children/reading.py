"""The items of a source, in parts: what is to be run, and what a resumed run need not run."""

from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any, NamedTuple, Protocol, TypeAlias

from pooltop.children import past
from pooltop.figures import amount, plural
from pooltop.model import Resumption
from pooltop.rules.matching import End, Matching
from pooltop.run import tables
from pooltop.run.journal import JournalReader
from pooltop.wire.messages import Kept, LeftOut
from pooltop.work.keys import NO_KEY, key_of, keys_of

_MOST_KEPT = 1 << 16
"""Items in one message."""
_INDEXES_NAMED = 10


class Portion(NamedTuple):
    """Items to be run that follow one another; `first` is the position of the first."""

    first: int
    items: list[Any]
    keys: bytes


Part: TypeAlias = Portion | Kept | LeftOut


class Reading(Protocol):
    """A source that is being read."""

    error: BaseException | None
    """What the source raised."""
    ended: bool
    left_out: int

    def parts(self, number: int) -> Iterator[Part]:
        """The next items in input order, until `number` are to be run or the source has ended."""

    def pass_over(self, number: int) -> tuple[list[Any], bytes]:
        """The next items that have come before, and their keys. Raises what the source raises."""

    def notes(self) -> tuple[str, ...]:
        """What has changed since the run was left, once the source has ended."""


class Everything:
    """Of a run that begins: every item is to be run."""

    def __init__(self, items: Iterator[Any]) -> None:
        self.error: BaseException | None = None
        self.ended = False
        self.left_out = 0
        self._items = items
        self._position = 0

    def parts(self, number: int) -> Iterator[Part]:
        items: list[Any] = []
        try:
            items.extend(islice(self._items, number))
        except BaseException as error:
            self.error = error
        self.ended = len(items) < number
        if items:
            yield Portion(self._position, items, keys_of(items))
            self._position += len(items)

    def pass_over(self, number: int) -> tuple[list[Any], bytes]:
        items = list(islice(self._items, number))
        self._position += len(items)
        return items, keys_of(items)

    def notes(self) -> tuple[str, ...]:
        return ()


class _Judged(NamedTuple):
    """An item, and what becomes of it: it is run (`item` is there), left out, or kept as the item that ended then."""

    position: int
    key: bytes
    fate: str
    item: Any = None
    end: End | None = None

    @property
    def stretch(self) -> tuple[str, int, int]:
        """Equal for those that may travel in one message."""
        if self.end is None:
            return self.fate, 0, 0
        return self.fate, self.end.session, self.end.position - self.position


class Unended:
    """Of a resumed run: what has ended is kept, and with `failures_only` what never ended is left out.

    reader: the run's journal. session: the present one.
    """

    def __init__(self, items: Iterator[Any], reader: JournalReader, session: int, resume: Resumption) -> None:
        self.error: BaseException | None = None
        self.ended = False
        self.left_out = 0
        self._items = items
        self._failures_only = resume == "failed"
        self._matching = Matching(past.before(reader, session))
        ((self._come_before,),) = reader.rows(tables.MOST_COME, session=session)
        self._position = 0
        self._furthest = -1
        self._new = self._moved = self._by_position = 0

    def parts(self, number: int) -> Iterator[Part]:
        for _, stretch in groupby(self._judged(number), key=lambda judged: judged.stretch):
            while some := list(islice(stretch, _MOST_KEPT)):
                yield _part(some)

    def _judged(self, number: int) -> Iterator[_Judged]:
        while number:
            try:
                item = next(self._items)
            except StopIteration:
                self.ended = True
                return
            except BaseException as error:
                self.error, self.ended = error, True
                return
            judged = self._judge(item)
            number -= judged.fate == "run"
            yield judged

    def _judge(self, item: Any) -> _Judged:
        key, position = key_of(item), self._position
        self._position += 1
        end = self._ended(position, key)
        if end is None and self._failures_only:
            self.left_out += 1
            return _Judged(position, key, "left out")
        if end is None or (end.failed and self._failures_only):
            return _Judged(position, key, "run", item)
        return _Judged(position, key, "kept", end=end)

    def _ended(self, position: int, key: bytes) -> End | None:
        """How the item ended before, if it did; counts what a person may want to know."""
        old = self._matching.find(position, key)
        if old is None:
            self._new += position < self._come_before
            return None
        self._moved += old.position < self._furthest
        self._furthest = max(self._furthest, old.position)
        self._by_position += old.end is not None and key == NO_KEY
        return old.end

    def pass_over(self, number: int) -> tuple[list[Any], bytes]:
        items = list(islice(self._items, number))
        return items, b"".join([self._judge(item).key for item in items])

    def notes(self) -> tuple[str, ...]:
        changes = []
        if self._new:
            changes.append(f"{amount(self._new)} new")
        if self._moved:
            changes.append(f"{amount(self._moved)} in another order")
        if gone := sorted(old.end.position for old in self._matching.rest() if old.end):
            changes.append(f"{amount(len(gone))} gone, whose results are left out (items {_some(gone)})")
        notes = [f"the items have changed: {', '.join(changes)}"] if changes else []
        if self._by_position:
            notes.append(f"matched by position, having no stable content: {plural(self._by_position, 'item')}")
        return tuple(notes)


def _part(stretch: list[_Judged]) -> Part:
    first, count = stretch[0], len(stretch)
    keys = b"".join([judged.key for judged in stretch])
    if first.fate == "run":
        return Portion(first.position, [judged.item for judged in stretch], keys)
    if first.end is None:
        return LeftOut(count, first.position, keys)
    failed = sum(judged.end.failed for judged in stretch if judged.end)
    return Kept(count, first.position, keys, first.end.session, first.end.position, failed)


def _some(indexes: list[int]) -> str:
    named = ", ".join(map(str, indexes[:_INDEXES_NAMED]))
    return named + (f" and {len(indexes) - _INDEXES_NAMED} more" if len(indexes) > _INDEXES_NAMED else "")
