"""The cores of the machine: a meter with its number and a short history each."""

from collections.abc import Sequence

from pooltop.model import Core
from tui.view.glyphs import heat, history, meter
from tui.view.line import Line, Lines, Span, fit, joined, line
from tui.view.words import percent

METERS_MOST = 128
LEAST_METER = 14
GAP = "  "


def columns(count: int) -> int:
    """How many meters stand side by side: one to 4 cores, 2 to 8, 4 to 32, 8 above."""
    return 1 if count <= 4 else 2 if count <= 8 else 4 if count <= 32 else 8


def rows(count: int) -> int:
    """The lines that `count` cores want."""
    return -(-count // columns(count)) if 0 < count <= METERS_MOST else 2


def lines(cores: Sequence[Core], width: int, height: int) -> Lines:
    """Meters where they fit; else the average and a strip with one character a core."""
    if not cores:
        return [fit(line(Span(" the first sample is on its way", "dim")), width)]
    beside = len(cores) if height == 1 else columns(len(cores))
    each = (width - 1 - len(GAP) * (beside - 1)) // beside
    if len(cores) > METERS_MOST or each < LEAST_METER or -(-len(cores) // beside) > height:
        return _strip(cores, width, height)
    digits = len(str(len(cores) - 1))
    meters = [_meter(number, digits, core, each) for number, core in enumerate(cores)]
    down = -(-len(meters) // beside)
    return [fit(joined(meters[row::down], GAP), width) for row in range(down)]


def _meter(number: int, digits: int, core: Core, width: int) -> Line:
    past = min(16, width // 3) if width >= 28 else 0
    label, figure = f" {number:>{digits}} [", f"{percent(core.percent):>6}]"
    filled, empty = meter(core.percent / 100, width - len(label) - len(figure) - past - (past > 0))
    tail = Span(" " + history(core.history, past), "dim") if past else Span("")
    return fit(line(Span(label, "dim"), Span(filled, "accent"), empty, Span(figure), tail), width)


def _strip(cores: Sequence[Core], width: int, height: int) -> Lines:
    average = sum(core.percent for core in cores) / len(cores)
    head = line(Span(f" {len(cores)} cores  average "), Span(f"{percent(average):>5}", "accent"), "  ")
    heats = "".join(heat(core.percent) for core in cores)
    room = width - head.cells - 1
    if height == 1 or len(heats) <= room:
        return [fit(Line((*head.spans, Span(heats, "accent"))), width)]
    wrap = max(width - 2, 1)
    strips = [heats[start : start + wrap] for start in range(0, len(heats), wrap)]
    return [fit(head, width), *(fit(line(" ", Span(strip, "accent")), width) for strip in strips)][:height]
