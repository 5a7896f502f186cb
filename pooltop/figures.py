"""Figures as a person reads them in a line of text."""

from pooltop.model import Number


def duration(seconds: float) -> str:
    """`0.31 s`, `12.3 s`, `3:46`, `1:02:03`."""
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def amount(value: Number) -> str:
    """`12,345`; of what is no whole number, three digits: `0.312`, `24.1`."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plural(count: int, noun: str) -> str:
    """`1 item`, `2 items`."""
    return f"{amount(count)} {noun}" + ("" if count == 1 else "s")
