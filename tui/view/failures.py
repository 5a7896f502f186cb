"""The failed items, one line each, the newest last; and all that is known of one of them."""

from collections.abc import Iterator
from typing import NamedTuple

from pooltop.figures import amount
from pooltop.model import Failure, Snapshot
from tui.view.label import shortened
from tui.view.line import Line, Lines, Span, cell, fit, hinted, line
from tui.view.state import ended
from tui.view.words import duration, memory, printable

INDEX, ATTEMPTS = 7, 8
ATTEMPTS_FROM_WIDTH = 60
ROOMY = 8
"""The lines from which on some are given to the commands below."""
LABEL = 10


class Shape(NamedTuple):
    """The widths of the columns; `attempts` is 0 where the column is left out."""

    item: int
    attempts: int
    error: int


def shape(width: int) -> Shape:
    """The columns of a panel of `width` columns."""
    attempts = ATTEMPTS if width >= ATTEMPTS_FROM_WIDTH else 0
    room = max(width - INDEX - 3 - (attempts + 2 if attempts else 0) - 2, 0)
    item = min(room * 2 // 5, 40)
    return Shape(item, attempts, room - item)


def title(snapshot: Snapshot, top: int, shown: int) -> str:
    """How many there are, how many of them are known here, and which are in sight."""
    count, failed = len(snapshot.failures), snapshot.progress.failed
    text = f"Failed items {amount(failed)}"
    if count < failed:
        text += f" · the newest {count}"
    if shown < count:
        text += f" · {top + 1}–{min(top + shown, count)} shown"
    return text


def rows_in(snapshot: Snapshot, height: int) -> int:
    """The failures that a panel of `height` lines shows beside its heading and its last lines."""
    return max(height - 1 - len(_commands(snapshot, height)), 1)


def lines(snapshot: Snapshot, chosen: int | None, top: int, width: int, height: int) -> Lines:
    """The heading, the failures from row `top` on, and the commands that say and do more."""
    if not snapshot.failures:
        return [fit(line(Span(" No item has failed.", "dim")), width)]
    columns, shown = shape(width), rows_in(snapshot, height)
    rows = [_row(failure, columns, failure.index == chosen) for failure in snapshot.failures[top : top + shown]]
    rows += [line()] * (shown - len(rows))
    return [fit(part, width) for part in (_heading(columns), *rows, *_foot(snapshot, width, height))][:height]


def _heading(columns: Shape) -> Line:
    attempts = cell("attempts", columns.attempts, right=True) + "  " if columns.attempts else ""
    item = cell("item", columns.item)
    return line(Span(f" {cell('index', INDEX, right=True)}  {item}  {attempts}error", "dim"))


def _row(failure: Failure, columns: Shape, chosen: bool) -> Line:
    item = cell(shortened(printable(failure.item), columns.item), columns.item)
    attempts = cell(amount(failure.attempts), columns.attempts, right=True) + "  " if columns.attempts else ""
    spans = (
        Span("▌" if chosen else " ", "accent"),
        Span(cell(amount(failure.index), INDEX, right=True) + "  ", "dim"),
        Span(f"{item}  {attempts}"),
        Span(cell(printable(failure.error), columns.error), "bad"),
    )
    return Line(spans, chosen)


def _foot(snapshot: Snapshot, width: int, height: int) -> list[Line]:
    return [hinted(line(f" {command}"), meaning, width) for command, meaning in _commands(snapshot, height)]


def _commands(snapshot: Snapshot, height: int) -> list[tuple[str, str]]:
    if height < ROOMY:
        return []
    run = printable(snapshot.run)
    listing = (f"pooltop failures {run}", "lists them all")
    again = (f"pooltop resume {run} --retry-failed", "runs them again")
    return [listing, again] if ended(snapshot) else [listing]


def account(failure: Failure) -> str:
    """Everything about one failed item, as a text to scroll; what user code wrote stands in it as it is."""
    return "\n".join(_account(failure))


def _account(failure: Failure) -> Iterator[str]:
    yield _fact("item", failure.item)
    yield _fact("index", f"{failure.index:,} of the input, counted from 0")
    yield _fact("error", failure.error)
    yield _fact("attempts", amount(failure.attempts))
    if failure.seconds is not None:
        yield _fact("took", f"{duration(failure.seconds)}, its last attempt")
    if failure.memory is not None:
        yield _fact("memory", f"{memory(failure.memory)} in its worker and that one's children")
    if failure.last_lines:
        yield from ("", "The last lines that its worker printed:", *failure.last_lines)
    if failure.traceback:
        yield from ("", failure.traceback)


def _fact(label: str, text: str) -> str:
    return f"{label:<{LABEL}}{text}"
