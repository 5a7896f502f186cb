"""The two lines on top: what runs and in which state, and how far it is."""

from pooltop.model import Snapshot
from tui.view.glyphs import bar
from tui.view.line import Line, Role, Span, fit, line, spread
from tui.view.state import ended, sign
from tui.view.words import clock, percent, printable, rate

CALM = Span(" · ", "dim")


def title(snapshot: Snapshot, own_cpu: float | None, width: int) -> Line:
    """Workload, state, elapsed, time left, items a second; `own_cpu` is what this screen costs, in percent."""
    cost = line(Span(f"screen {own_cpu or 0:4.1f} % cpu ", "dim"))
    name = printable(snapshot.workload)
    head = line(Span(" pooltop › ", "dim"), Span(name, "strong"), "   ")
    state = sign(snapshot)
    left, speed = _time_left(snapshot), Span(f"{rate(snapshot.progress.rate):>7} items/s")
    elapsed = Span(f"  {clock(snapshot.elapsed):>5}")
    richest = (*head.spans, state, elapsed, *left, CALM, speed)
    for spans in (richest, (*head.spans, state, elapsed, *left), (*head.spans, state, elapsed)):
        if Line(spans).cells + cost.cells < width:
            return spread(Line(spans), cost, width)
    eta = None if ended(snapshot) else snapshot.progress.eta
    brief = f" {clock(snapshot.elapsed)}" + (f" · {clock(eta)} left" if eta is not None else "")
    return fit(line(" ", state, brief, CALM, Span(name, "strong")), width)


def _time_left(snapshot: Snapshot) -> tuple[Span, ...]:
    if ended(snapshot):
        return ()
    if snapshot.progress.eta is None:
        return (CALM, Span("time left unknown", "dim"))
    return (CALM, Span(f"about {clock(snapshot.progress.eta):>5} left"))


def progress(snapshot: Snapshot, width: int) -> Line:
    """The bar, the items counted, the failures; all figures keep their width."""
    state = snapshot.progress
    failed = Span(f"   {state.failed:,} failed ", "bad" if state.failed else "dim")
    retried = Span(f"   {state.retried:,} retried" if state.retried and width >= 100 else "")
    kept = Span(_kept(state.kept, width), "dim")
    counted = Span(_counted(state.done, state.total))
    taken = Line((counted, kept, retried, failed)).cells + 1
    if width - taken < 4:
        return fit(line(" ", Span(counted.text.strip()), failed), width)
    return fit(Line((Span(" "), *_bar(snapshot, width - taken), counted, kept, retried, failed)), width)


def _bar(snapshot: Snapshot, width: int) -> tuple[Span, ...]:
    """What is done, what failed, what is open."""
    state = snapshot.progress
    total = state.total or max(state.done + state.failed, 1)
    ended, open_part = bar((state.done + state.failed) / total if state.total else 0.0, width)
    failed = min(-(-len(ended) * state.failed // max(state.done + state.failed, 1)), len(ended))
    role: Role = "good" if snapshot.state == "finished" else "accent"
    done = len(ended) - failed
    return Span(ended[:done], role), Span(ended[done:], "bad"), Span(open_part, "dim")


def _kept(count: int, width: int) -> str:
    """What a resumed run did not have to run again."""
    if not count or width < 60:
        return ""
    return f"   {count:,} kept" + (" from before" if width >= 100 else "")


def _counted(done: int, total: int | None) -> str:
    if total is None:
        return f"   {done:,} so far"
    of = f"{total:,}"
    share = percent(100 * done // total if total else 100)
    return f"   {done:>{len(of)},} of {of}  {share:>5}"
