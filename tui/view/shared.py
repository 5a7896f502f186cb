"""What the workers share: the content of each value, who holds each lock, who waits for it, how full each queue is."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from pooltop.model import SharedObject, Worker
from pooltop.summary import content
from tui.view.glyphs import meter, picture
from tui.view.line import Line, Lines, Span, cell, fit, joined, line
from tui.view.words import UNKNOWN, duration, percent, plural, printable

KIND_SINCE = 64
LEAST_CONTENT = 11
HELD = 12
WAITING = 16
METER = 12
LEAST_METER = 4
PICTURE_LINES = 4
CELLS_A_LINE = 64
FEW_CELLS = 8
CELLS_BESIDE = 32
BRIEF = 14


class Columns(NamedTuple):
    """The widths of one panel's columns; they depend on what is declared, never on what it holds just now."""

    name: int
    kind: int
    content: int
    use: int


def lines(shared: Sequence[SharedObject], width: int, height: int) -> Lines:
    """A line each, in the order of their declaration; those for which no line is left share the last one.

    Lines to spare go to the pictures of long arrays.
    """
    if len(shared) > height:
        first, rest = shared[: height - 1], shared[height - 1 :]
        return [*lines(first, width, len(first)), fit(_on_one_line(rest, width), width)]
    columns, spare = _columns(shared, width), height - len(shared)
    body: list[Line] = []
    for each in shared:
        below = min(_picture_lines(each), spare)
        spare -= below
        body += [_row(each, columns, pictured=below > 0), *_picture(each, width, below)]
    return [fit(row, width) for row in body]


def wanted(shared: Iterable[SharedObject]) -> int:
    """The lines that all of it takes."""
    return sum(1 + _picture_lines(each) for each in shared)


def involvement(shared: Iterable[SharedObject], worker: Worker) -> str:
    """`waits for lock, held by worker 2, for 0.4 s` or `holds lock`; nothing where the worker does neither."""
    if worker.waits_for:
        awaited = [each for each in shared if each.name == worker.waits_for]
        holders = [f"held by worker {each.holder}" for each in awaited if each.holder is not None]
        since = [f"for {duration(wait.seconds)}" for each in awaited for wait in each.waits if wait.slot == worker.slot]
        return ", ".join([f"waits for {printable(worker.waits_for)}", *holders, *since])
    held = [printable(each.name) for each in shared if each.holder == worker.slot]
    return f"holds {', '.join(held)}" if held else ""


def _columns(shared: Sequence[SharedObject], width: int) -> Columns:
    name = min(max((cell_len(printable(each.name)) for each in shared), default=0), width // 4)
    kind = max((len(each.kind) for each in shared), default=0) + 2 if width >= KIND_SINCE else 0
    room = max(width - name - kind - 5, 0)
    use = WAITING + (HELD if any(map(_tells_holder, shared)) else 0)
    use = min(use, max(room - LEAST_CONTENT, 0))
    return Columns(name, kind, room - use, use)


def _row(shared: SharedObject, columns: Columns, pictured: bool) -> Line:
    name = cell(printable(shared.name), columns.name)
    kind = cell(shared.kind, columns.kind)
    counted = Span(_not_zero(shared) if shared.cells else "", "dim")
    held, aside = (line(counted), Span("")) if pictured else (_content(shared, columns.content), counted)
    use = _use(shared, columns.use)
    if pictured and not use:
        return line(f" {name}  ", Span(kind, "dim"), counted)
    return line(f" {name}  ", Span(kind, "dim"), *fit(held, columns.content).spans, "  ", *(use or [aside]))


def _on_one_line(shared: Sequence[SharedObject], width: int) -> Line:
    """One after the other, as many as there is room for, and how many more there are."""
    pairs = [_brief(each) for each in shared]
    for shown in range(len(pairs), 0, -1):
        hidden = [line(Span(f"+ {len(pairs) - shown} more", "dim"))] if shown < len(pairs) else []
        whole = line(" ", *joined([*pairs[:shown], *hidden], " · ").spans)
        if whole.cells <= width:
            return whole
    return line(Span(f" {len(pairs)} shared: ", "dim"), *pairs[0].spans)


def _brief(shared: SharedObject) -> Line:
    name = Span(f"{printable(shared.name)} ", "dim")
    waits = [Span(", "), _waits(shared)] if shared.waits else []
    return line(name, *_content(shared, BRIEF).spans, *waits)


def _content(shared: SharedObject, width: int) -> Line:
    """What it holds, in at most about `width` columns."""
    match shared.kind:
        case "Value":
            return line(Span(_plainly(shared.value), "strong"))
        case "Array":
            return _array(shared, width)
        case "Lock" | "RLock" | "Condition":
            return line(_holder(shared) if shared.holder is not None else Span("free", "dim"))
        case "Semaphore":
            return line(Span(f"{_plainly(shared.value)} free", "strong"))
        case "Event":
            return line(Span("set", "strong") if shared.value else Span("clear", "dim"))
        case "Barrier" | "Queue" | "JoinableQueue" | "Pipe":
            return _filled(shared, width)


def _array(array: SharedObject, width: int) -> Line:
    if isinstance(array.value, str):
        return line(Span(_plainly(array.value), "strong"))
    written = "  ".join(map(_plainly, array.cells))
    if len(array.cells) <= FEW_CELLS and len(written) <= width:
        return line(Span(written, "strong"))
    drawn = picture(array.cells, max(width - 2, 1))
    return line(*_framed(drawn, len(drawn)))


def _picture_lines(shared: SharedObject) -> int:
    """How many lines below its own a long array can use; as many all through a run."""
    cells = len(shared.cells)
    return min(-(-cells // CELLS_A_LINE), PICTURE_LINES) if cells > CELLS_BESIDE else 0


def _picture(array: SharedObject, width: int, height: int) -> list[Line]:
    """The cells from left to right, line by line."""
    if height == 0:
        return []
    drawn = picture(array.cells, max(width - 4, 1) * height)
    across = -(-len(drawn) // height)
    return [line(" ", *_framed(drawn[start : start + across], across)) for start in range(0, len(drawn), across)]


def _framed(drawn: str, across: int) -> tuple[Span, ...]:
    return Span("[", "dim"), Span(f"{drawn:<{across}}", "accent"), Span("]", "dim")


def _not_zero(array: SharedObject) -> str:
    """Counted where every cell is known, else the share of those that are."""
    found, size = sum(map(bool, array.cells)), array.size or len(array.cells)
    if len(array.cells) == size:
        return f"{found:,} of {size:,} not 0"
    return f"about {percent(100 * found / len(array.cells))} of {size:,} not 0"


def _filled(shared: SharedObject, width: int) -> Line:
    """How many messages (at a Barrier: workers) are there; of how many, with a meter, where there is a bound."""
    if shared.depth is None:
        return line(Span(UNKNOWN, "dim"))
    if not shared.capacity:
        return line(Span(plural(shared.depth, "message"), "strong"))
    most = f"{shared.capacity:,}"
    counted = f"{shared.depth:>{len(most)},} of {most}"
    room = min(METER, shared.capacity, width - len(counted) - 3)
    if room < LEAST_METER:
        return line(Span(counted, "strong"))
    done, open_part = meter(shared.depth / shared.capacity, room)
    return line(Span("[", "dim"), Span(done, "accent"), open_part, Span("] ", "dim"), Span(counted, "strong"))


def _use(shared: SharedObject, width: int) -> tuple[Span, ...]:
    """Who holds it, where its content does not say so, and who waits; the waits alone where only they fit."""
    waits = [_waits(shared)] if shared.waits else []
    holder = [_holder(shared)] if _tells_holder(shared) and shared.holder is not None else []
    both = joined(map(line, [*holder, *waits]), " · ").spans
    return both if Line(both).cells <= width else tuple(waits)


def _tells_holder(shared: SharedObject) -> bool:
    """Whether its holder stands beside the content, because the lock is its own; a Lock's holder is the content."""
    return shared.kind in ("Value", "Array")


def _holder(shared: SharedObject) -> Span:
    return Span(f"held by {shared.holder}", "strong")


def _waits(shared: SharedObject) -> Span:
    """How many wait, and how long the first of them has."""
    longest = max(wait.seconds for wait in shared.waits)
    return Span(f"{len(shared.waits)} waiting {duration(longest)}", "wait")


def _plainly(value: int | float | str | None) -> str:
    return UNKNOWN if value is None else printable(content(value))
