"""The workers, one line each, in the order of their slots; the selection follows a slot."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from pooltop.model import Snapshot, Worker
from tui.view.label import shortened
from tui.view.line import Line, Lines, Role, Span, cell, fit, line
from tui.view.state import WORKER_ROLES
from tui.view.words import duration, memory, percent, printable, rate

LEAST_ITEM = 8
LEAST_NAME = 7
"""Columns that an item's name keeps beside what is said of it."""
ABNORMAL = ("stopped", "paused", "dead")
AT_WORK = ("unpickling", "running", "sending")


class Column(NamedTuple):
    """One column: `since` is the panel width from which on it is shown."""

    heading: str
    width: int
    since: int
    value: Callable[[Worker], str]
    role: Callable[[Worker], Role] = lambda _: "plain"
    right: bool = True


def slot_name(worker: Worker) -> str:
    """Its number; the sequential baseline's process is the loop, not a slot of the pool."""
    return "loop" if worker.slot == 0 else str(worker.slot)


def _end_role(worker: Worker) -> Role:
    return "dim" if worker.note == "exit code 0" else "warning"


def _slow_role(worker: Worker) -> Role:
    return "warning" if worker.slow else "plain"


def _or_dash(count: int) -> str:
    return f"{count:,}" if count else "–"


BEFORE_ITEM = (
    Column("slot", 4, 0, slot_name),
    Column("pid", 7, 60, lambda w: str(w.pid or "–")),
    Column("state", 10, 30, lambda w: w.state, lambda w: WORKER_ROLES[w.state], right=False),
    Column("cpu", 7, 24, lambda w: percent(w.cpu)),
    Column("memory", 8, 100, lambda w: memory(w.memory)),
    Column("done", 8, 60, lambda w: f"{w.done:,}"),
    Column("/s", 6, 128, lambda w: rate(w.rate)),
)
AFTER_ITEM = (
    Column("for", 8, 46, lambda w: duration(w.seconds) if w.item is not None else "–", lambda w: _slow_role(w)),
    Column("restarts", 8, 90, lambda w: _or_dash(w.restarts)),
    Column("last end", 22, 116, lambda w: printable(w.note), lambda w: _end_role(w), right=False),
)


class Table(NamedTuple):
    """The columns of one panel width; the item takes what the others leave."""

    before: tuple[Column, ...]
    item: int
    after: tuple[Column, ...]


def table(width: int) -> Table:
    """Which columns a panel of `width` columns shows."""
    before = tuple(column for column in BEFORE_ITEM if width >= column.since)
    after = tuple(column for column in AFTER_ITEM if width >= column.since)
    taken = sum(column.width + 2 for column in (*before, *after))
    return Table(before, max(width - taken - 1, LEAST_ITEM), after)


def title(snapshot: Snapshot, top: int, shown: int) -> str:
    """The panel's title: how many, which of them are in sight, how many are not well."""
    if snapshot.state == "baseline":
        return "One process, no pool yet"
    count = len(snapshot.workers)
    text = f"Workers {count}"
    if shown < count:
        text += f" · {top + 1}–{min(top + shown, count)} shown"
    for state in ABNORMAL:
        if number := sum(worker.state == state for worker in snapshot.workers):
            text += f" · {number} {state}"
    if slow := sum(bool(worker.slow) for worker in snapshot.workers):
        text += f" · {slow} slow"
    return text


def rows_in(height: int, total: bool) -> int:
    """The workers that a panel of `height` lines shows beside its heading and total."""
    return max(height - 1 - total, 1)


def lines(snapshot: Snapshot, chosen: int | None, top: int, width: int, height: int, total: bool) -> Lines:
    """The heading, the workers from row `top` on, and the pool's total where `total` asks for it."""
    shape = table(width)
    if not snapshot.workers:
        return [fit(line(Span(f" {_why_empty(snapshot)}", "dim")), width)]
    visible = snapshot.workers[top : top + rows_in(height, total)]
    body = [fit(_row(worker, shape, worker.slot == chosen), width) for worker in visible]
    foot = [fit(_total(snapshot, shape), width)] if total and snapshot.state != "baseline" else []
    return [fit(_heading(shape), width), *body, *foot][:height]


def _why_empty(snapshot: Snapshot) -> str:
    waiting = {"starting": "no worker yet: they start once your module is imported"}
    return waiting.get(snapshot.state, "no worker")


def _heading(shape: Table) -> Line:
    before = "".join(cell(column.heading, column.width, column.right) + "  " for column in shape.before)
    after = "".join("  " + cell(column.heading, column.width, column.right) for column in shape.after)
    return line(Span(" " + before + cell("item", shape.item) + after, "dim"))


def _row(worker: Worker, shape: Table, chosen: bool) -> Line:
    spans = [Span("▌" if chosen else " ", "accent")]
    spans += [Span(_cell(column, worker) + "  ", column.role(worker)) for column in shape.before]
    spans += _item(worker, shape.item)
    spans += [Span("  " + _cell(column, worker), column.role(worker)) for column in shape.after]
    return Line(tuple(spans), chosen)


def _cell(column: Column, worker: Worker) -> str:
    return cell(column.value(worker), column.width, column.right)


def _item(worker: Worker, width: int) -> list[Span]:
    if worker.item is None:
        return [Span(cell("–", width), "dim")]
    name = printable(worker.item)
    beside = _beside_item(worker, width - min(cell_len(name), LEAST_NAME))
    room = width - cell_len(beside.text)
    return [Span(cell(shortened(name, room), room)), beside]


def _beside_item(worker: Worker, room: int) -> Span:
    """The most that can be said of the item in `room` columns: that it is slow, what it waits for, how far it is."""
    inside = "" if worker.progress is None else f"{percent(100 * worker.progress):>6}"
    awaited = f"  waits for {printable(worker.waits_for)}" if worker.waits_for else ""
    slow = f"  slow, {worker.slow}"
    if worker.slow:
        longest_first = [f"  slow,{awaited[1:]}" if awaited else slow + inside, slow, " slow"]
    else:
        longest_first = [awaited or inside]
    said = next((text for text in longest_first if cell_len(text) <= room), "")
    return Span(said, _slow_role(worker))


def _total(snapshot: Snapshot, shape: Table) -> Line:
    values = {
        "slot": "pool",
        "state": f"{sum(worker.state in AT_WORK for worker in snapshot.workers)} at work",
        "cpu": percent(_sum([worker.cpu for worker in snapshot.workers])),
        "memory": memory(_sum([worker.memory for worker in snapshot.workers])),
        "done": f"{snapshot.progress.done:,}",
        "/s": rate(snapshot.progress.rate),
        "restarts": _or_dash(sum(worker.restarts for worker in snapshot.workers)),
    }
    before = [cell(values.get(c.heading, ""), c.width, c.right) + "  " for c in shape.before]
    after = ["  " + cell(values.get(c.heading, ""), c.width, c.right) for c in shape.after]
    made = f"{snapshot.workers_started:,} processes so far, {snapshot.workers_killed:,} killed"
    made = made if len(made) <= shape.item else ""
    return line(Span(" " + "".join(before) + cell(made, shape.item) + "".join(after), "dim"))


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
