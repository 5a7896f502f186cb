"""All that is known of one worker."""

from pooltop.model import LogLine, Snapshot, Worker
from tui.view.glyphs import bar
from tui.view.label import shortened
from tui.view.line import Line, Lines, Span, fit, line
from tui.view.log import row
from tui.view.shared import involvement
from tui.view.state import WORKER_ROLES
from tui.view.words import duration, memory, percent, printable, rate, time_of_day

LABEL = 12
BAR = 20
SLOW = {
    "computing": "CPU busy, for over 5 times the median",
    "waiting": "CPU idle, for over 5 times the median",
}


def worker_in(snapshot: Snapshot, slot: int) -> Worker | None:
    """The worker of that slot, if it still has one."""
    return next((worker for worker in snapshot.workers if worker.slot == slot), None)


def title(slot: int) -> str:
    """Who it is about; the sequential baseline is no slot of the pool."""
    return f"Worker {slot}" if slot else "The plain loop"


def lines(snapshot: Snapshot, slot: int, width: int, height: int) -> Lines:
    """What it is, what it does, and the newest log lines of its slot."""
    worker = worker_in(snapshot, slot)
    if worker is None:
        gone = f"Slot {slot} is no longer part of the pool." if slot else "The plain loop is over."
        return [fit(line(Span(f" {gone}", "warning")), width)]
    facts = [*_process(worker, involvement(snapshot.shared, worker)), *_work(worker, width - LABEL)]
    logged = [entry for entry in snapshot.log if entry.slot == slot]
    room = max(height - len(facts) - 2, 0)
    return [fit(part, width) for part in (*facts, *_log(logged, room, width))][:height]


def _process(worker: Worker, involved: str) -> list[Line]:
    started = "–" if worker.started is None else time_of_day(worker.started)
    return [
        _fact("process", Span(str(worker.pid or "–"), "strong"), Span(f"  since {started}", "dim")),
        _fact("state", Span(worker.state, WORKER_ROLES[worker.state]), Span(f"  {involved}")),
        _fact("cpu", Span(percent(worker.cpu)), Span("  of one core, its children included", "dim")),
        _fact("memory", Span(memory(worker.memory)), Span("  resident, its children included", "dim")),
        _fact("restarts", Span(str(worker.restarts)), Span(f"  {printable(worker.note)}", "warning")),
    ]


def _work(worker: Worker, room: int) -> list[Line]:
    number = "" if worker.item_index is None else f"  number {worker.item_index:,} of the input, from 0"
    item = shortened(printable(worker.item), room) if worker.item is not None else "none in hand"
    found = [
        _fact("done", Span(f"{worker.done:,}"), Span(f"  {rate(worker.rate)} items/s", "dim")),
        _fact("item", Span(item, "strong")),
        _fact("in hand", Span(duration(worker.seconds)), Span(number, "dim")),
    ]
    if worker.slow:
        found.append(_fact("slow", Span(worker.slow, "warning"), Span(f"  {SLOW[worker.slow]}", "dim")))
    if worker.progress is not None:
        share = f" {percent(100 * worker.progress)}"
        done, open_part = bar(worker.progress, min(BAR, max(room - len(share), 0)))
        found.append(_fact("inside it", Span(done, "accent"), Span(open_part, "dim"), Span(share)))
    return found


def _log(logged: list[LogLine], room: int, width: int) -> list[Line]:
    if not room:
        return []
    if not logged:
        return [line(), line(Span(" It has printed nothing yet.", "dim"))]
    return [line(), *(row(entry, width) for entry in logged[-room:])]


def _fact(label: str, *spans: Span) -> Line:
    return line(Span(f" {label:<{LABEL - 1}}", "dim"), *spans)
