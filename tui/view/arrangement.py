"""Which panels a screen of some size shows, and where: it degrades, it never refuses.

The body of the screen is a stack of bands, each with one panel or several side by side. A band says how few and
how many lines it can use, and how long it is kept: where the lines do not suffice, the bands go in the order of
their `keep`, lowest first.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from pooltop.model import Snapshot
from tui.view import cores, result, shared, speedup
from tui.view.state import ended

WIDE = 120
NORMAL = 80
FRAMED_FROM_HEIGHT = 20
FRAME = 2
HEADING = 1
TOTAL = 1
LEAST_WORKERS = 3
LEAST_WORKERS_UNFRAMED = 5
LOG_LINES = 3
SPEEDUP_LINES = 4
LEAST_SHARED = 2
TAIL_LINES = 8
RESULT_LINES = 10


class Box(NamedTuple):
    """The place of one panel, its frame included."""

    x: int
    y: int
    width: int
    height: int


class Arrangement(NamedTuple):
    """The panels that are shown, by name; `framed` says whether they have borders and titles."""

    boxes: dict[str, Box]
    framed: bool


class Band(NamedTuple):
    """Panels side by side with their shares of the width, and the lines they can use."""

    panels: dict[str, int]
    least: int
    most: int
    keep: int


def arrange(snapshot: Snapshot, width: int, height: int) -> Arrangement:
    """Where every panel goes in a body of this many columns and lines."""
    framed = width >= NORMAL and height >= FRAMED_FROM_HEIGHT
    bands = _bands(snapshot, width, FRAME if framed else 0)
    kept = _that_fit(bands, height)
    boxes: dict[str, Box] = {}
    y = 0
    for band, lines in zip(kept, _heights(kept, height), strict=True):
        for panel, (x, columns) in zip(band.panels, _beside(band.panels.values(), width), strict=True):
            boxes[panel] = Box(x, y, columns, lines)
        y += lines
    return Arrangement(boxes, framed)


def _bands(snapshot: Snapshot, width: int, frame: int) -> list[Band]:
    around = HEADING + (TOTAL + frame if frame else 0)
    count = max(len(snapshot.workers), 1)
    least = LEAST_WORKERS if frame else LEAST_WORKERS_UNFRAMED
    table = Band({"workers": 1}, around + min(count, least), around + count, keep=1 if ended(snapshot) else 5)
    return [*_top(snapshot, width, frame), table, *_tail(snapshot, width, frame)]


def _top(snapshot: Snapshot, width: int, frame: int) -> list[Band]:
    if ended(snapshot):
        wanted = result.wanted(snapshot, width - frame) + frame
        return [Band({"result": 1}, min(wanted, RESULT_LINES + frame), wanted, keep=6)]
    on_top = _shared_is_on_top(snapshot)
    if width >= WIDE and frame:
        second, wanted = ("shared", shared.wanted(snapshot.shared)) if on_top else ("speedup", SPEEDUP_LINES)
        most = max(cores.rows(len(snapshot.cores)), SPEEDUP_LINES, wanted)
        return [Band({"cores": 1, second: 1}, SPEEDUP_LINES + frame, most + frame, keep=4)]
    meters = Band({"cores": 1}, 1 + frame, 1 + frame, keep=4)
    return [meters, _shared(snapshot, frame) if on_top else Band({"speedup": 1}, 1 + frame, 1 + frame, keep=4)]


def _tail(snapshot: Snapshot, width: int, frame: int) -> list[Band]:
    below = bool(snapshot.shared) and not _shared_is_on_top(snapshot)
    if width >= WIDE:
        counters = {"counters": 1} if snapshot.counters or not snapshot.shared else {}
        most = max(len(snapshot.counters), shared.wanted(snapshot.shared) if below else 0, TAIL_LINES)
        panels = counters | ({"shared": 2} if below else {}) | {"log": 2}
        return [Band(panels, LOG_LINES + frame, most + frame, keep=4 if below else 2)]
    shares = [_shared(snapshot, frame)] if below else []
    counted = [Band({"counters": 1}, 1 + frame, 1 + frame, keep=2)] if snapshot.counters else []
    return [*shares, *counted, Band({"log": 1}, 1 + frame, 6 + frame, keep=3)]


def _shared_is_on_top(snapshot: Snapshot) -> bool:
    """Where something is shared and nothing compared, the shared values have the place of the speedup."""
    return bool(snapshot.shared) and not ended(snapshot) and not speedup.is_compared(snapshot)


def _shared(snapshot: Snapshot, frame: int) -> Band:
    least = min(len(snapshot.shared), LEAST_SHARED)
    return Band({"shared": 1}, least + frame, shared.wanted(snapshot.shared) + frame, keep=4)


def _that_fit(bands: Sequence[Band], height: int) -> list[Band]:
    kept = list(bands)
    while len(kept) > 1 and sum(band.least for band in kept) > height:
        kept.remove(min(kept, key=lambda band: band.keep))
    return kept


def _heights(bands: Sequence[Band], height: int) -> list[int]:
    """Each band's least, then what more it can use, the longest kept first; the last band takes the rest."""
    heights = [band.least for band in bands]
    spare = height - sum(heights)
    for number in sorted(range(len(bands)), key=lambda n: -bands[n].keep):
        more = min(spare, bands[number].most - heights[number])
        if more > 0:
            heights[number] += more
            spare -= more
    heights[-1] += spare
    return heights


def _beside(shares: Iterable[int], width: int) -> list[tuple[int, int]]:
    """Where each panel of a band begins, and how wide it is."""
    ends = list(accumulate(shares))
    edges = [0, *(width * end // ends[-1] for end in ends)]
    return [(left, right - left) for left, right in pairwise(edges)]
