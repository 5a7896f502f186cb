"""Sequential against parallel, while it runs: an estimate, said to be one."""

from pooltop.model import Snapshot
from tui.view.line import Line, Lines, Span, fit, line
from tui.view.words import clock, duration, percent, plural, times


def not_measured(snapshot: Snapshot) -> str:
    """Why there is no speedup, and what would give one."""
    if snapshot.together > 1:
        return f"not measured: its {snapshot.together} parts need each other, so no process can do them in turn"
    return "not measured: --baseline full runs the same items in one process first"


def title(snapshot: Snapshot) -> str:
    """The panel's title; figures that may still change say so."""
    return "Speedup so far" if is_estimate(snapshot) else "Speedup"


def is_estimate(snapshot: Snapshot) -> bool:
    """Whether there is a figure that may still change."""
    return snapshot.speedup.speedup is not None and not snapshot.speedup.final


def is_compared(snapshot: Snapshot) -> bool:
    """Whether the sequential run that the pool is compared with has been, or is under way."""
    return snapshot.speedup.baseline is not None or snapshot.state == "baseline"


def lines(snapshot: Snapshot, width: int, height: int) -> Lines:
    """Up to four lines, the most important first; on a single line the figures alone."""
    if height == 1:
        return [fit(_on_one_line(snapshot), width)]
    found = _measured(snapshot) if snapshot.speedup.baseline is not None else _unmeasured(snapshot)
    return [fit(part, width) for part in found[:height]]


def _measured(snapshot: Snapshot) -> list[Line]:
    speedup = snapshot.speedup
    assert speedup.baseline is not None
    found = [
        headline(snapshot),
        line(Span("   one process  ", "dim"), f"{duration(speedup.baseline.seconds):>8}", Span("  measured", "dim")),
        line(Span("   pool         ", "dim"), f"{duration(speedup.seconds):>8}", Span(_so_far(snapshot), "dim")),
    ]
    if speedup.startup_seconds is not None:
        found.append(_start(snapshot))
    return found


def headline(snapshot: Snapshot) -> Line:
    """`3.61 ×  with 4 workers · 90 % efficient`, marked as an estimate until it is final."""
    speedup = snapshot.speedup
    if speedup.speedup is None:
        return line(Span("   no figure yet", "dim"))
    parts = [Span(f"  {times(speedup.speedup):>7}", "accent"), Span("  with " + workers(snapshot))]
    if speedup.efficiency is not None:
        parts.append(Span(f" · {percent(100 * speedup.efficiency)} efficient"))
    if is_estimate(snapshot):
        parts.append(Span(" · estimate", "dim"))
    return line(*parts)


def workers(snapshot: Snapshot) -> str:
    """How many workers the figures are for."""
    return plural(snapshot.workers_requested, "worker")


def _start(snapshot: Snapshot) -> Line:
    speedup = snapshot.speedup
    start = f"{duration(speedup.startup_seconds):>8}"
    if speedup.speedup_with_startup is None:
        return line(Span("   start        ", "dim"), start)
    with_start = f"  {times(speedup.speedup_with_startup)} with it counted in"
    return line(Span("   start        ", "dim"), start, Span(with_start, "dim"))


def _so_far(snapshot: Snapshot) -> str:
    return "" if snapshot.speedup.final else "  so far"


def _unmeasured(snapshot: Snapshot) -> list[Line]:
    match snapshot.state:
        case "baseline":
            return [
                line("   measuring: the same items in a plain loop"),
                line(Span("   in one process; the pool starts after it", "dim")),
                line(Span("   so far  ", "dim"), f"{_looped(snapshot)} in {clock(snapshot.elapsed)}"),
            ]
        case "starting":
            return [line(Span("   no figure yet", "dim"))]
        case _:
            pool = duration(snapshot.speedup.seconds)
            return [
                *_why_unmeasured(snapshot),
                line(Span("   pool  ", "dim"), f"{pool:>8}", Span(_so_far(snapshot), "dim")),
            ]


def _why_unmeasured(snapshot: Snapshot) -> list[Line]:
    if snapshot.together > 1:
        return [
            line(Span(f"   not measured: its {snapshot.together} parts need each other")),
            line(Span("   so no process can do them in turn", "dim")),
        ]
    return [
        line(Span("   not measured: --baseline full")),
        line(Span("   runs the same items in one process first", "dim")),
    ]


def _looped(snapshot: Snapshot) -> str:
    done = sum(worker.done for worker in snapshot.workers)
    total = snapshot.progress.total
    return plural(done, "item") if total is None else f"{done:,} of {total:,}"


def _on_one_line(snapshot: Snapshot) -> Line:
    speedup = snapshot.speedup
    if speedup.baseline is None:
        first = _unmeasured(snapshot)[0].text.strip()
        return line(Span(" speedup  ", "dim"), Span(first, "dim"))
    compared = f" · {duration(speedup.baseline.seconds)} against {duration(speedup.seconds)}"
    return Line((*headline(snapshot).spans, Span(compared, "dim")))
