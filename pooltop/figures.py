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


def memory(size: float) -> str:
    """Bytes with a decimal unit: `61 MB`, `1.9 GB`."""
    for unit in ("B", "kB", "MB"):
        if abs(size) < 999.5:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def memory_limit(size: int) -> str:
    """Bytes as a person has set them, in powers of 1024: `2 GiB`, `1.5 GiB`, `512 MiB`."""
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 1 << power:
            return f"{size / (1 << power):.4g} {unit}"
    return plural(size, "byte")
