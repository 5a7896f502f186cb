"""What the earlier sessions of a run know of its items, read from the journal bit by bit.

Bit by bit, and never in one long query: that would keep SQLite from reusing its log while the run goes on.
"""

from collections.abc import Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any

from pooltop.rules.matching import End, Old, known
from pooltop.run import tables
from pooltop.run.journal import JournalReader
from pooltop.work.keys import split

_PAGE_ROWS = 200


def before(reader: JournalReader, session: int) -> Iterator[Old]:
    """All items of the sessions before this one."""
    return known(_of_session(reader, earlier) for earlier in range(1, session))


def inputs(reader: JournalReader, session: int) -> Iterator[tuple[int, bytes]]:
    """The items that have come in a session, in input order: the first one's position, and the keys of several."""
    return ((first, keys) for first, keys in _paged(reader, tables.INPUTS, session))


def _of_session(reader: JournalReader, session: int) -> Iterator[Old]:
    ends = _ends(reader, session)
    end = next(ends, None)
    for first, keys in inputs(reader, session):
        for position, key in enumerate(split(keys), first):
            ended = end is not None and end.position == position
            yield Old(key, position, end if ended else None)
            if ended:
                end = next(ends, None)


def _ends(reader: JournalReader, session: int) -> Iterator[End]:
    """In input order; a failure is also within the range of the results beside it."""
    in_ranges = (
        (index, False)
        for first, count in _paged(reader, tables.RANGES, session)
        for index in range(first, first + count)
    )
    failures = ((index, True) for (index,) in _paged(reader, tables.FAILED_FROM, session))
    for index, found in groupby(merge(in_ranges, failures), key=itemgetter(0)):
        yield End(session, index, any(failed for _, failed in found))


def _paged(reader: JournalReader, sql: str, session: int) -> Iterator[Any]:
    """The rows of a query whose first column rises."""
    after = -1
    while page := list(reader.rows(sql, session=session, after=after, most=_PAGE_ROWS)):
        yield from page
        after = page[-1][0]
