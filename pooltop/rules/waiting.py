"""The ranges that no worker has, in the order in which they are to be given out. Pure."""

from collections import deque
from collections.abc import Iterable, Iterator

from pooltop.rules.actions import Range


def cut(whole: Range, lo: int, hi: int) -> tuple[Range, Range, Range]:
    """What lies before, in, and after lo..hi; each may be empty."""
    return whole._replace(hi=lo), whole._replace(lo=lo, hi=hi), whole._replace(lo=hi)


def split(whole: Range, parts: int) -> Iterator[Range]:
    """At most so many parts of about the same size, none of them empty."""
    step = -(-(whole.hi - whole.lo) // parts)
    for lo in range(whole.lo, whole.hi, step):
        yield whole._replace(lo=lo, hi=min(lo + step, whole.hi))


class WaitingRoom:
    """A queue of ranges that can be cut into; empty ranges are left out."""

    def __init__(self) -> None:
        self._ranges: deque[Range] = deque()

    def __len__(self) -> int:
        return len(self._ranges)

    def __iter__(self) -> Iterator[Range]:
        return iter(self._ranges)

    def next(self) -> Range:
        """Take out the range that comes first."""
        return self._ranges.popleft()

    def last(self, piece: Range) -> None:
        """Something new, behind everything else."""
        self._ranges.append(piece)

    def first(self, pieces: Iterable[Range]) -> None:
        """What has been given out before comes first, in this order."""
        self._ranges.extendleft(piece for piece in reversed(list(pieces)) if piece.lo < piece.hi)

    def take_back(self, wanted: Range) -> bool:
        """Remove these items; False, and nothing is removed, unless all of them wait."""
        kept: list[Range] = []
        found = 0
        for piece in self._ranges:
            lo, hi = max(piece.lo, wanted.lo), min(piece.hi, wanted.hi)
            if piece.chunk != wanted.chunk or lo >= hi:
                kept.append(piece)
                continue
            found += hi - lo
            before, _, after = cut(piece, lo, hi)
            kept += [part for part in (before, after) if part.lo < part.hi]
        if found != wanted.hi - wanted.lo:
            return False
        self._ranges = deque(kept)
        return True
