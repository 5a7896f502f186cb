"""What has become of a run: the object that `--json` writes, and the lines that a person reads at the end."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeAlias

import msgspec

from pooltop.errors import LONGEST_LINE, shortened
from pooltop.figures import amount, duration, plural
from pooltop.model import Baseline, Check, Failure, Number, Progress, RunState, SharedObject, Snapshot, Speedup
from pooltop.printable import cut, printable

_FAILURES_SHOWN = 5
_VALUE_CELLS = 60
_CELLS_SHOWN = 100

Content: TypeAlias = Number | bool | str | tuple[Number | bool, ...] | None


class Items(msgspec.Struct, frozen=True):
    """Items counted; `done` and `failed` are apart."""

    total: int | None
    done: int
    failed: int
    retried: int
    kept: int
    """How many of `done` and `failed` had ended before the run was resumed."""

    @classmethod
    def of(cls, progress: Progress) -> "Items":
        """As the run counts them."""
        return cls(progress.total, progress.done, progress.failed, progress.retried, progress.kept)


class Workers(msgspec.Struct, frozen=True):
    """Worker processes; `requested` are slots."""

    requested: int
    started: int
    killed: int
    pids: tuple[int, ...]


class FailedItem(msgspec.Struct, frozen=True):
    """An item that ended without a result."""

    item: str
    error: str
    attempts: int


class Summary(msgspec.Struct, frozen=True):
    """The object of `--json`, key for key; times are seconds."""

    run: str
    workload: str
    state: RunState
    """`finished`, `stopped` or `failed`."""
    reason: str
    """Why it failed or was stopped, one line; "" where it finished."""
    items: Items
    workers: Workers
    startup_seconds: float | None
    seconds: float | None
    baseline: Baseline | None
    speedup: float | None
    speedup_with_startup: float | None
    efficiency: float | None
    check: Check | None
    counters: dict[str, Number]
    shared: dict[str, Content]
    """What the workers left in Values, Arrays of up to a hundred cells, Semaphores and Events; messages left in Queues
    and Pipes."""
    failures: tuple[FailedItem, ...]
    notes: tuple[str, ...]
    """What a resumed run found changed, a line each."""


def summarise(snapshot: Snapshot, failures: Iterable[Failure]) -> Summary:
    """A run's last snapshot, with all its failures, as `--json` has it."""
    progress, speedup = snapshot.progress, snapshot.speedup
    return Summary(
        run=snapshot.run,
        workload=snapshot.workload,
        state=snapshot.state,
        reason=snapshot.reason,
        items=Items.of(progress),
        workers=Workers(snapshot.workers_requested, snapshot.workers_started, snapshot.workers_killed, snapshot.pids),
        startup_seconds=speedup.startup_seconds,
        seconds=speedup.seconds,
        baseline=speedup.baseline,
        speedup=speedup.speedup,
        speedup_with_startup=speedup.speedup_with_startup,
        efficiency=speedup.efficiency,
        check=snapshot.check,
        counters=snapshot.counters,
        shared=dict(_left(snapshot.shared)),
        failures=tuple(FailedItem(failure.item, failure.error, failure.attempts) for failure in failures),
        notes=snapshot.notes,
    )


def summary_lines(snapshot: Snapshot, failures: Iterable[Failure]) -> Iterator[str]:
    """The end of a run in a few printable lines; of the failures, the first ones."""
    return (shortened(line, LONGEST_LINE) for line in _lines(snapshot, failures))


def _lines(snapshot: Snapshot, failures: Iterable[Failure]) -> Iterator[str]:
    yield _outcome(snapshot)
    yield from _failed(snapshot, failures)
    if snapshot.speedup.speedup is not None:
        yield _speedup(snapshot.speedup, snapshot.workers_requested)
    for name, total in snapshot.counters.items():
        yield f"  {printable(name)}: {amount(total)}"
    for each in snapshot.shared:
        if each.kind == "Value" and each.value is not None:
            yield f"  {printable(each.name)}: {content(each.value)}"
    if snapshot.check is not None:
        yield from _check(snapshot.check)
    for path in snapshot.outputs:
        yield f"  written to {printable(path)}"
    for note in snapshot.notes:
        yield f"  note: {printable(note)}"
    if snapshot.state != "finished" and can_go_on(snapshot):
        yield f"  {going_on(snapshot.run)}"


def is_clean(snapshot: Snapshot) -> bool:
    """Whether a run has ended as it should: every item done, and the check content."""
    check_failed = snapshot.check is not None and not snapshot.check.ok
    return snapshot.state == "finished" and not snapshot.progress.failed and not check_failed


def can_go_on(snapshot: Snapshot) -> bool:
    """Whether the run can be resumed: what workers share has ended with them."""
    return not snapshot.shared


def going_on(run: str) -> str:
    """What to type to finish a run that has ended before its time."""
    return f"go on with: pooltop resume {run}"


def content(value: Number | bool | str) -> str:
    """What a shared value holds: `1,000`, `0.25`, `True`, `'text'`; of floats eight digits. It is printable."""
    if isinstance(value, bool | str):
        return repr(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.8g}"


def items_done(progress: Progress) -> str:
    """`12 of 48 items done`, without the total while that is not known."""
    if progress.total is None:
        return f"{plural(progress.done, 'item')} done"
    return f"{amount(progress.done)} of {plural(progress.total, 'item')} done"


def _left(shared: Iterable[SharedObject]) -> Iterator[tuple[str, Content]]:
    for each in shared:
        match each.kind:
            case "Value" | "Semaphore" | "Event":
                yield each.name, each.value
            case "Array" if each.value is not None:
                yield each.name, each.value
            case "Array" if each.size == len(each.cells) <= _CELLS_SHOWN:
                yield each.name, each.cells
            case "Queue" | "JoinableQueue" | "Pipe":
                yield each.name, each.depth


def _outcome(snapshot: Snapshot) -> str:
    reason = f": {printable(snapshot.reason)}" if snapshot.state == "failed" else ""
    done = items_done(snapshot.progress)
    kept = f"; {amount(snapshot.progress.kept)} had ended before" if snapshot.progress.kept else ""
    took = "" if snapshot.speedup.seconds is None else f" in {duration(snapshot.speedup.seconds)}"
    return f"{printable(snapshot.workload)} {snapshot.state}{reason}; {done}{took}{kept} (run {snapshot.run})"


def _failed(snapshot: Snapshot, failures: Iterable[Failure]) -> Iterator[str]:
    count = snapshot.progress.failed
    if not count:
        return
    yield f"  {amount(count)} failed:"
    for failure in islice(failures, _FAILURES_SHOWN):
        attempts = f" ({failure.attempts} attempts)" if failure.attempts > 1 else ""
        yield f"    {printable(failure.item)}: {printable(failure.error)}{attempts}"
    if count > _FAILURES_SHOWN:
        yield f"    and {amount(count - _FAILURES_SHOWN)} more"
    yield f"  failures: pooltop failures {snapshot.run}"


def _speedup(speedup: Speedup, workers: int) -> str:
    figures = [f"{speedup.speedup:.2f} x on {plural(workers, 'worker')}"]
    if speedup.efficiency is not None:
        figures.append(f"{speedup.efficiency:.0%} efficient")
    if speedup.baseline is not None:
        figures.append(f"one process took {duration(speedup.baseline.seconds)}")
    if speedup.speedup_with_startup is not None and speedup.startup_seconds is not None:
        started = duration(speedup.startup_seconds)
        figures.append(f"with the pool's start ({started}) counted in {speedup.speedup_with_startup:.2f} x")
    return "  speedup " + ", ".join(figures)


def _check(check: Check) -> Iterator[str]:
    verdict = "ok" if check.ok else "WRONG"
    yield f"  check {verdict}: expected {_shown(check.expected)}, got {_shown(check.actual)}"
    yield from (f"    {printable(line)}" for line in check.printed)
    for note in check.notes:
        yield f"    {printable(note)}"


def _shown(value: object) -> str:
    text = printable(value if isinstance(value, str) else repr(value))
    return cut(text, _VALUE_CELLS)
