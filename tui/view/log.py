"""What the functions printed and what befell the run, newest last."""

from collections.abc import Sequence

from pooltop.model import LogLine
from tui.view.line import Line, Lines, Span, fit, line
from tui.view.words import printable, time_of_day

EMPTY = "nothing yet: what your function prints appears here"


def lines(log: Sequence[LogLine], back: int, width: int, height: int) -> Lines:
    """The newest lines, or those `back` lines before them."""
    if not log:
        return [fit(line(Span(f" {EMPTY}", "dim")), width)]
    last = len(log) - furthest(back, len(log), height)
    return [fit(row(entry, width), width) for entry in log[max(last - height, 0) : last]]


def furthest(back: int, count: int, height: int) -> int:
    """`back` kept within what there is to scroll back."""
    return max(min(back, count - height), 0)


def row(entry: LogLine, width: int) -> Line:
    """One entry: when, who (for what a function printed), what."""
    when = Span(f" {time_of_day(entry.time)}  ", "dim")
    text = printable(entry.text)
    if entry.kind == "event":
        return line(when, Span(text))
    return line(when, Span(_who(entry, width), "dim"), Span(text, "warning" if entry.kind == "err" else "plain"))


def _who(entry: LogLine, width: int) -> str:
    """The worker and its item; nobody where it was no item's doing: an import, the check."""
    if entry.slot is None and entry.item is None:
        return "│ "
    worker = f"{entry.slot}" if entry.slot else "loop"
    item = f" · {printable(entry.item).rpartition('/')[2]}" if entry.item and width >= 80 else ""
    return f"{worker}{item} │ "
