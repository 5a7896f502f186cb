"""Figures and names as a person reads them; each takes any value at all and never breaks a line."""

import re
import time
from math import isfinite

import pooltop.printable
from pooltop import figures
from pooltop.figures import amount, plural

__all__ = [
    "UNKNOWN",
    "amount",
    "clock",
    "duration",
    "memory",
    "percent",
    "plural",
    "printable",
    "rate",
    "time_of_day",
    "times",
]

UNKNOWN = "–"
LONGEST = 1000
WIDTHLESS = re.compile("[\u00ad\u200b-\u200d\u2060-\u2064\ufe00-\ufe0f\ufeff]")


def printable(text: str) -> str:
    """`text` on one line, safe for a terminal, and not longer than any screen.

    Joiners and variation selectors are left out besides, because terminals disagree on their width.
    """
    return WIDTHLESS.sub("", pooltop.printable.printable(text[:LONGEST]))


def clock(seconds: float | None) -> str:
    """A span of time as `1:42` (minutes and seconds) or `1:02:03`."""
    if seconds is None or not isfinite(seconds):
        return UNKNOWN
    minutes, second = divmod(round(max(seconds, 0)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def duration(seconds: float | None) -> str:
    """A span of time with its unit, `9 ms` or `12.4 s`; from a minute on as a clock shows it."""
    if seconds is None or not isfinite(seconds):
        return UNKNOWN
    seconds = max(seconds, 0)
    return f"{seconds * 1000:.0f} ms" if seconds < 0.0995 else figures.duration(seconds)


def time_of_day(seconds: float) -> str:
    """A moment, in seconds since the epoch, as the local `14:02:11`."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return "--:--:--"


def memory(size: float | None) -> str:
    """Bytes with a decimal unit: `61 MB`, `1.9 GB`."""
    if size is None or not isfinite(size):
        return UNKNOWN
    for unit in ("B", "kB", "MB"):
        if abs(size) < 999.5:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def rate(value: float | None) -> str:
    """Items a second, to three figures: `24.1`, `0.05`, `5,812`."""
    if value is None or not isfinite(value):
        return UNKNOWN
    if value >= 99.95:
        return f"{value:,.0f}" if value < 1e9 else f"{value:.1e}"
    return f"{value:.1f}" if value >= 0.95 or value == 0 else f"{value:.2f}"


def percent(value: float | None) -> str:
    """A percentage as `98 %`."""
    return UNKNOWN if value is None or not isfinite(value) else f"{value:.0f} %"


def times(value: float | None) -> str:
    """A speedup as `3.61 ×`."""
    return UNKNOWN if value is None or not isfinite(value) else f"{value:.2f} ×"
