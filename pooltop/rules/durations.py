"""How long items usually take, pure: the running median, and what follows from it."""

from collections import deque
from itertools import accumulate

ENOUGH = 10
"""Items that must be done before the median says anything."""
NEWEST = 1000
"""Blocks of items that it looks back."""
LEAST_SHARE = 0.5
"""Seconds: a share of the median is not less, since any process may have to wait so long for a CPU."""
SLOW = 5
"""An item that takes so many times the median is slow."""


class Durations:
    """Of the items that ended well; those of one block count as equally long."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[float, int]] = deque(maxlen=NEWEST)
        self._items = 0
        self._median: float | None = None

    def saw(self, items: int, seconds: float) -> None:
        """So many items have taken so long together."""
        self._blocks.append((seconds / items, items))
        self._items += items
        self._median = None

    @property
    def median(self) -> float | None:
        """Seconds an item; None before enough are done."""
        if self._items < ENOUGH:
            return None
        if self._median is None:
            self._median = self._weighted_median()
        return self._median

    def _weighted_median(self) -> float:
        ordered = sorted(self._blocks)
        upto = list(accumulate(items for _, items in ordered))
        return next(seconds for (seconds, _), items in zip(ordered, upto, strict=True) if items >= upto[-1] / 2)

    def are_slow(self, items: int, seconds: float) -> bool:
        """Whether so many items that have been in hand for so long are slow."""
        return self.median is not None and seconds > SLOW * self.median * items


def time_limit(seconds: float | None, percent: float | None, median: float | None) -> float | None:
    """What an item may take, in seconds: the stricter of a fixed limit and a share of the median. None is any time."""
    share = max(LEAST_SHARE, percent / 100 * median) if percent is not None and median is not None else None
    return min((limit for limit in (seconds, share) if limit is not None), default=None)
