"""Meters, bars and histories drawn with characters. Shares are 0 to 1; whatever lies outside is clipped."""

from collections.abc import Sequence
from math import isfinite
from typing import NamedTuple

HEAT = "▁▂▃▄▅▆▇█"
"""Blocks, which every font has; braille would show twice as much where the font has it."""


def clip(share: float) -> float:
    """`share` within 0 to 1; what is no number is 0."""
    return min(max(share, 0.0), 1.0) if isfinite(share) else 0.0


def bar(share: float, width: int) -> tuple[str, str]:
    """The done and the open part of a progress bar, `width` columns together, to half a column."""
    halves = int(clip(share) * width * 2)
    done = "━" * (halves // 2) + "╸" * (halves % 2)
    return done, "━" * (width - len(done))


def meter(share: float, width: int) -> tuple[str, str]:
    """The filled and the empty part of a meter of `width` columns."""
    filled = round(clip(share) * width)
    return "|" * filled, " " * (width - filled)


def history(percents: Sequence[int], width: int) -> str:
    """The newest samples, one a column, on a fixed scale of 0 to 100; oldest on the left."""
    newest = "".join(map(heat, percents[-width:])) if width > 0 else ""
    return newest.rjust(max(0, width))


def picture(values: Sequence[float], width: int) -> str:
    """An array in at most `width` columns, each as high as the mean of its values stands between least and most.

    Where there is nothing but zeros it is blank, so that one sees the array fill up; what is no number is a `?`.
    """
    columns = [_Column(any(part), sum(part) / len(part)) for part in _parts(values, width)]
    means = [column.mean for column in columns if column.used and isfinite(column.mean)]
    least, most = min(means, default=0.0), max(means, default=0.0)
    return "".join(_block(column, least, most) for column in columns)


def heat(percent: float) -> str:
    """One character as high as the percentage."""
    return HEAT[min(int(clip(percent / 100) * len(HEAT)), len(HEAT) - 1)]


class _Column(NamedTuple):
    """Neighbouring values: whether any of them is not 0, and their mean."""

    used: bool
    mean: float


def _parts(values: Sequence[float], width: int) -> list[Sequence[float]]:
    count = min(width, len(values))
    return [values[len(values) * n // count : len(values) * (n + 1) // count] for n in range(count)]


def _block(column: _Column, least: float, most: float) -> str:
    if not column.used:
        return " "
    if not isfinite(column.mean):
        return "?"
    return heat(100 * (column.mean - least) / (most - least)) if most > least else HEAT[-1]
