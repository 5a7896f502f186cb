"""A cell of the matrix of faults: one worker is brought to a moment of its life, and there comes to its end."""

import signal
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

import psutil

from pooltop.model import Restart, Snapshot, StartMethod, WorkerState
from tests.engine.harness import Lab, Running, done, until
from tests.engine.matrix_jobs import BATCHES, EXIT, SEGFAULT

JOBS = Path(__file__).with_name("matrix_jobs.py")
SETTLED_SECONDS = 5.0

Fault: TypeAlias = Literal["SIGKILL", "SIGTERM", "SIGSTOP, SIGKILL", "exit", "segfault"]
Moment: TypeAlias = Literal["idle", "importing", "receiving", "running", "sending", "holding a lock"]
ENDS: dict[Fault, str] = {
    "SIGKILL": "SIGKILL",
    "SIGTERM": "SIGTERM",
    "SIGSTOP, SIGKILL": "SIGKILL",
    "exit": "exit code 5",
    "segfault": "SIGSEGV",
}
"""What the run says of the end."""
STATES: dict[Moment, WorkerState] = {
    "idle": "waiting",
    "importing": "importing",
    "receiving": "waiting",  # for the rest
    "running": "running",
    "sending": "sending",
    "holding a lock": "running",
}
"""What the run says of a worker at that moment."""


class Cell(NamedTuple):
    """What happens, when, and how the worker had been started."""

    fault: Fault
    moment: Moment
    start_method: StartMethod

    @property
    def sampled(self) -> bool:
        """Whether it is one of the few that every test run has: each fault and each moment occurs in them."""
        row, column = get_args(Fault).index(self.fault), get_args(Moment).index(self.moment)
        if self.start_method == "spawn":
            return column % 2 == 0 and row == (column + 2) % len(ENDS)
        return row == column % len(ENDS)


def cells() -> Iterator[Cell]:
    """All of them."""
    for each in product(get_args(Fault), get_args(Moment), get_args(StartMethod)):
        cell = Cell(*each)
        if cell.start_method != "fork":  # that is the fork server's too
            yield cell


async def suffer(lab: Lab, cell: Cell) -> Snapshot:
    """Have a run of two workers suffer it, and assert that it is as if nothing had been; the run's last snapshot."""
    run = await _at_rest(lab, cell)
    before = _descriptors(run)
    victim = await _victim(lab, run, cell)
    await run.until(
        lambda snapshot: (victim.pid, STATES[cell.moment]) in ((each.pid, each.state) for each in snapshot.workers)
    )
    await _strike(run, victim, cell.fault)
    lab.signal("batch-1")
    await run.until(_rests_after(sum(BATCHES[:2]), without=victim.pid))
    await until(lambda: _descriptors(run) == before, "as many descriptors as before", SETTLED_SECONDS)
    lab.signal("batch-2")
    final = await run.ends_exactly(sum(BATCHES))
    assert final.counters == {"items": sum(BATCHES)}
    assert any(ENDS[cell.fault] in event for event in run.events()), run.events()
    return final


async def _at_rest(lab: Lab, cell: Cell) -> Running:
    """A run whose pool has done the first batch and has nothing to do."""
    job = "work_with_lock" if cell.moment == "holding a lock" else "work"
    items = "large_items" if cell.moment == "receiving" else "small_items"
    run = await lab.start(
        f"{JOBS}:{job}",
        f"{JOBS}:{items}",
        f"--moment={cell.moment}",
        chunksize=1,
        start_method=cell.start_method,
    )
    await run.until(_rests_after(BATCHES[0]))
    return run


async def _victim(lab: Lab, run: Running, cell: Cell) -> psutil.Process:
    """A worker that stands at the cell's moment."""
    if cell.moment == "idle":
        assert run.last is not None and run.last.workers[0].pid is not None
        return psutil.Process(run.last.workers[0].pid)
    lab.signal("armed")
    if cell.moment == "importing":
        await run.do(Restart(slot=1, now=True))
    else:
        lab.signal("batch-1")
    await until(lambda: list(lab.folder.glob("victim-*")), f"a worker at the moment {cell.moment}")
    (mark,) = lab.folder.glob("victim-*")
    return psutil.Process(int(mark.name.removeprefix("victim-")))


async def _strike(run: Running, victim: psutil.Process, fault: Fault) -> None:
    match fault:
        case "exit":
            victim.send_signal(EXIT)
        case "segfault":
            victim.send_signal(SEGFAULT)
        case "SIGTERM":
            victim.terminate()
        case "SIGKILL":
            victim.kill()
        case "SIGSTOP, SIGKILL":
            victim.send_signal(signal.SIGSTOP)
            await run.until(lambda snapshot: any(worker.state == "stopped" for worker in snapshot.workers))
            victim.kill()


def _rests_after(items: int, without: int | None = None) -> Callable[[Snapshot], bool]:
    """So many items are done, and every worker waits for the next; the one with that PID is gone."""

    def rests(snapshot: Snapshot) -> bool:
        at_rest = all(worker.state == "waiting" and worker.pid != without for worker in snapshot.workers)
        return done(items)(snapshot) and at_rest

    return rests


def _descriptors(run: Running) -> int:
    """Open in the supervisor."""
    return psutil.Process(run.process.pid).num_fds()
