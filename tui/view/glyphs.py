"""Meters, bars and histories drawn with characters. Shares are 0 to 1; whatever lies outside is clipped."""

from collections.abc import Sequence
from math import isfinite

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


def heat(percent: float) -> str:
    """One character as high as the percentage."""
    return HEAT[min(int(clip(percent / 100) * len(HEAT)), len(HEAT) - 1)]
