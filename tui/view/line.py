"""A line of the screen as plain data: spans of text, each with a role that the theme gives its colour."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

from rich.cells import cell_len, set_cell_size

Role: TypeAlias = Literal["plain", "dim", "strong", "accent", "good", "wait", "warning", "bad"]
ROLES: tuple[Role, ...] = ("plain", "dim", "strong", "accent", "good", "wait", "warning", "bad")


class Span(NamedTuple):
    """Some text, and what it means."""

    text: str
    role: Role = "plain"


class Line(NamedTuple):
    """One row of a panel; `chosen` rows are where the selection stands."""

    spans: tuple[Span, ...] = ()
    chosen: bool = False

    @property
    def text(self) -> str:
        """The characters alone, as a terminal without any colour shows them."""
        return "".join(span.text for span in self.spans)

    @property
    def cells(self) -> int:
        """The columns of the terminal that it takes."""
        return sum(cell_len(span.text) for span in self.spans)


Lines: TypeAlias = Sequence[Line]


def line(*parts: str | Span) -> Line:
    """A line of its parts, bare strings being plain."""
    return Line(tuple(part if isinstance(part, Span) else Span(part) for part in parts))


def joined(lines: Iterable[Line], between: str = "") -> Line:
    """The lines one after the other, on one."""
    spans: list[Span] = []
    for number, part in enumerate(lines):
        if number and between:
            spans.append(Span(between, "dim"))
        spans.extend(part.spans)
    return Line(tuple(spans))


def cell(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` columns: padded, or cut with an ellipsis."""
    taken = cell_len(text)
    if taken > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    padding = " " * (width - taken)
    return padding + text if right else text + padding


def fit(whole: Line, width: int) -> Line:
    """The line in exactly `width` columns, cut with an ellipsis where it is longer."""
    left = width
    spans: list[Span] = []
    for number, span in enumerate(whole.spans):
        taken = cell_len(span.text)
        rest_fits = taken < left or (taken == left and not any(s.text for s in whole.spans[number + 1 :]))
        if not rest_fits:
            more = taken <= left
            spans.append(Span(cell(span.text + " " * (left + 1) if more else span.text, left), span.role))
            return Line(tuple(spans), whole.chosen)
        spans.append(span)
        left -= taken
    if left > 0:
        spans.append(Span(" " * left))
    return Line(tuple(spans), whole.chosen)


def hinted(said: Line, hint: str, width: int) -> Line:
    """`said` with a `hint` behind it, which is left out where it does not fit whole."""
    both = Line((*said.spans, Span(f"  {hint}", "dim")), said.chosen)
    return fit(both if both.cells <= width else said, width)


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of a line; what is on the right gives way."""
    gap = width - left.cells - right.cells
    if gap < 1:
        return fit(left, width)
    return Line((*left.spans, Span(" " * gap), *right.spans), left.chosen)
