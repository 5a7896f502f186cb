"""Meters, bars and histories drawn with characters. Shares are 0 to 1; whatever lies outside is clipped."""

from collections.abc import Sequence
from math import isfinite

HEAT = "▁▂▃▄▅▆▇█"
BRAILLE_BLANK = 0x2800
LEFT_DOTS = (0x00, 0x40, 0x44, 0x46, 0x47)
RIGHT_DOTS = (0x00, 0x80, 0xA0, 0xB0, 0xB8)


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
    """The newest samples in braille, two a column, on a fixed scale of 0 to 100; oldest on the left."""
    newest = list(percents[-2 * width :]) if width > 0 else []
    samples = [0] * (2 * width - len(newest)) + newest
    pairs = zip(samples[::2], samples[1::2], strict=True)
    return "".join(chr(BRAILLE_BLANK + LEFT_DOTS[_dots(a)] + RIGHT_DOTS[_dots(b)]) for a, b in pairs)


def heat(percent: float) -> str:
    """One character as high as the percentage."""
    return HEAT[min(int(clip(percent / 100) * len(HEAT)), len(HEAT) - 1)]


def _dots(percent: int) -> int:
    return round(clip(percent / 100) * 4)
