"""How much to send at once, pure: an estimate of what an item costs, and the sizes that follow from it.

A chunk shall last about two slices, and never hold more than a few megabytes. As long as nothing is known, chunks are
of one item; from there they grow at most sixteenfold, so that a wrong first estimate costs little.
"""

SLICE_SECONDS = 0.020
"""What a worker does of a range before it hands results and rest back."""
CHUNK_SECONDS = 2 * SLICE_SECONDS
CHUNK_BYTES = 4 << 20
GROWTH = 16
PREFETCH_BELOW = 0.050
"""Items dearer than this many seconds travel alone; for cheaper ones the next range is sent ahead."""


class Pace:
    """What is known of the items' cost.

    chunksize: fixes the size of chunks and ranges, in items. alone: nothing is ever sent ahead.
    """

    def __init__(self, chunksize: int | None = None, *, alone: bool = False) -> None:
        self.chunksize = chunksize
        self._alone = alone
        self.seconds_per_item: float | None = None
        self._bytes_per_item = 0.0
        self._largest = 1

    def saw_chunk(self, count: int, size: int) -> None:
        """A chunk of `count` items took `size` bytes."""
        self._bytes_per_item = max(size / count, (self._bytes_per_item + size / count) / 2)
        self._largest = max(self._largest, count)

    def saw_work(self, count: int, seconds: float) -> None:
        """`count` items took a worker `seconds`."""
        latest = seconds / count
        known = self.seconds_per_item
        self.seconds_per_item = latest if known is None else (known + latest) / 2

    @property
    def prefetch(self) -> int:
        """How many ranges a worker gets beyond the one in its hand."""
        if self.seconds_per_item is None or self._alone:
            return 0
        return int(self.seconds_per_item * (self.chunksize or 1) < PREFETCH_BELOW)

    def next_chunk(self) -> int:
        """How many items to ask the feeder for."""
        if self.chunksize:
            return self.chunksize
        if self.seconds_per_item is None:
            return 1
        by_time = CHUNK_SECONDS / max(self.seconds_per_item, 1e-9)
        by_size = CHUNK_BYTES / max(self._bytes_per_item, 1e-9)
        return max(1, int(min(by_time, by_size, GROWTH * self._largest)))
