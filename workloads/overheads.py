"""The gallery's overheads: what processes cost on this machine before they have done anything for anybody."""

import multiprocessing
import os
import pickle
import time
from array import array
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, ForkServerContext, SpawnContext
from multiprocessing.synchronize import Lock
from statistics import median
from typing import Annotated, TypeAlias, TypedDict, TypeVar

import psutil
from msgspec import Meta

import pooltop
from pooltop import shared

Table: TypeAlias = dict[str, str]
"""What was measured, and the figure with its unit."""
Result = TypeVar("Result")

FORK = multiprocessing.get_context("fork")
FORKSERVER = multiprocessing.get_context("forkserver")
SPAWN = multiprocessing.get_context("spawn")
NUMBERS = (10, 1_000, 100_000, 1_000_000)
ADDITIONS = 5_000_000
PATIENCE = 5.0
"""Seconds that a process may take to vanish."""


class Measured(TypedDict):
    """What came of one measurement."""

    table: Table
    left_behind: list[str]
    """The status of each process that it has started and that is still there."""


def starting(repeats: int) -> Table:
    """The time from start() to the first word of a function of this file, and the new process's memory then."""
    return in_a_fresh_interpreter(start_processes, repeats)


def start_processes(repeats: int) -> Table:
    """By each start method; fork is safe here, since nobody has started a thread in this interpreter."""
    table = {}
    for context in (FORK, FORKSERVER, SPAWN):
        method = context.get_start_method()
        seconds, sizes = zip(*(first_word(context) for _ in range(repeats + 1)), strict=True)
        table[f"{method}, the first process"] = duration(seconds[0])
        table[f"{method}, the others"] = duration(median(seconds[1:]))
        table[f"{method}, memory of its own"] = f"{median(sizes) / 1e6:.1f} MB"
    for fork_server in psutil.Process().children():  # it would outlive us for a moment
        fork_server.kill()
        fork_server.wait()
    return table


def first_word(context: ForkContext | ForkServerContext | SpawnContext) -> tuple[float, int]:
    """Seconds until a new process speaks, and the bytes that it shares with nobody."""
    ours, theirs = context.Pipe()
    process = context.Process(target=greet, args=(theirs,))
    begin = time.perf_counter()
    process.start()
    ours.recv()
    seconds = time.perf_counter() - begin
    memory = psutil.Process(process.pid).memory_full_info().uss
    ours.send("goodbye")
    process.join()
    return seconds, memory


def greet(connection: Connection) -> None:
    """Say a word and wait for the answer."""
    connection.send("hello")
    connection.recv()


def pickling(repeats: int) -> Table:
    """There and back, as for every argument and result that crosses to another process."""
    values: dict[str, Sequence[int]] = {f"a list of {count:,} numbers": list(range(count)) for count in NUMBERS}
    values[f"an array of {NUMBERS[-1]:,} numbers"] = array("q", range(NUMBERS[-1]))
    table = {}
    for name, value in values.items():
        seconds, size = zip(*(there_and_back(value) for _ in range(repeats)), strict=True)
        table[f"{name}: {size[0]:,} bytes"] = duration(median(seconds))
    return table


def there_and_back(value: object) -> tuple[float, int]:
    """Seconds to pickle and unpickle, and the bytes in between."""
    begin = time.perf_counter()
    pickled = pickle.dumps(value)
    pickle.loads(pickled)
    return time.perf_counter() - begin, len(pickled)


def number_of_workers(repeats: int) -> Table:
    """The same work shared out among one process, two, ... as many as there are cores, and one more."""
    spent = in_a_fresh_interpreter(share_out, repeats)
    table = {f"with {workers} at work": duration(seconds) for workers, seconds in spent.items()}
    return {**table, "is the best number": str(min(spent, key=lambda workers: spent[workers]))}


def share_out(repeats: int) -> dict[int, float]:
    """Median seconds by the number of processes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    doubled = {2**n for n in range(cores.bit_length())}
    return {
        workers: median(seconds_with(workers) for _ in range(repeats))
        for workers in sorted(doubled | {cores, cores + 1})
    }


def seconds_with(workers: int) -> float:
    """How long `ADDITIONS` take with so many processes, their start included."""
    part = range(ADDITIONS // workers)
    processes = [FORK.Process(target=sum, args=(part,)) for _ in range(workers)]
    begin = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return time.perf_counter() - begin


def endings(_repeats: int) -> Table:
    """A child that has ended is a zombie until it is joined; a daemon ends with its parent."""
    child = SPAWN.Process(target=int)
    child.start()
    assert child.pid
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    before_join = status(child.pid)
    child.join()
    daemon, at_work = in_a_fresh_interpreter(start_daemon, 1)
    return {
        "a child that has ended": before_join,
        "the same, joined": status(child.pid),
        "a daemon, its parent at work": at_work,
        "the same, its parent ended": status(daemon),
    }


def start_daemon(_repeats: int) -> tuple[int, str]:
    """The PID of a daemon that would sleep for an hour, and its status now."""
    daemon = SPAWN.Process(target=time.sleep, args=(3600,), daemon=True)
    daemon.start()
    assert daemon.pid
    return daemon.pid, status(daemon.pid)


def in_a_fresh_interpreter(function: Callable[[int], Result], repeats: int) -> Result:
    """What `function` returns in a Python that has no threads and nothing of this process's memory."""
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=send_result, args=(theirs, function, repeats))
    process.start()
    theirs.close()
    result: Result = ours.recv()
    process.join()
    return result


def send_result(connection: Connection, function: Callable[[int], Result], repeats: int) -> None:
    """The other end of `in_a_fresh_interpreter`."""
    connection.send(function(repeats))


def duration(seconds: float) -> str:
    """Such as `83.1 ms`."""
    return f"{seconds * 1e3:,.1f} ms" if seconds > 1e-3 else f"{seconds * 1e6:,.1f} µs"


def status(pid: int) -> str:
    """As psutil calls it: `sleeping`, `zombie`; or `gone`."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status()
    return "gone"


def members(groups: Collection[int]) -> dict[psutil.Process, str]:
    """The processes in these groups, and their status. Pooltop gives each worker a group; its children stay in it."""
    found: dict[psutil.Process, str] = {}
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) in groups:
                found[process] = process.status()
    return found


MEASUREMENTS: dict[str, Callable[[int], Table]] = {
    "starting a process": starting,
    "pickling": pickling,
    "the best number of workers": number_of_workers,
    "zombies and daemons": endings,
}


def nothing_is_left(outcome: pooltop.Outcome) -> tuple[str, str]:
    """No zombie and no orphan: neither when a measurement had ended, nor now in the groups of all the workers."""
    groups = {worker.pid for worker in outcome.workers}
    psutil.wait_procs(members(groups), PATIENCE)
    left = [word for measured in outcome.results for word in measured["left_behind"]]
    left += members(groups).values()
    zombies = left.count(psutil.STATUS_ZOMBIE)
    return "0 zombies, 0 orphans", f"{zombies} zombies, {len(left) - zombies} orphans"


@pooltop.workload(
    title="What processes cost",
    section="Measuring",
    items=list(MEASUREMENTS),
    shared={"machine": shared.Lock()},
    baseline="none",
    check=nothing_is_left,
    takes_items=False,
)
def overheads(measurement: str, repeats: Annotated[int, Meta(ge=1, le=100)] = 3, *, machine: Lock) -> Measured:
    """The best practices of multiprocessing, measured on this machine.

    What it shows, in the log: why one starts few processes and keeps them, sends little, and joins what one starts.

    - start: under fork a process is a copy, there in milliseconds; under spawn it is a new Python that imports your
      module; under forkserver it is a copy of a small server, which the first one starts, and imports it too.
    - memory: a fork shares its parent's pages until one of them writes; a new Python has its own.
    - pickling: arguments and results cost by size and by number; an array is one thing, a list of numbers is many.
    - number of workers: for work that keeps a core busy as many as there are cores; one more gains nothing.
    - zombies and daemons: a child that has ended stays in the table of processes until somebody joins it. A daemon
      is ended by its parent's last act; a parent that is killed has no last act, and leaves it behind.

    Watch the lock `machine` in the shared values: measurements side by side would spoil each other's figures, so all
    but one wait for it. This pool cannot be faster than one process, which is why there is no baseline.

    Try more --repeats for steadier figures. Kill the worker that measures: pooltop ends its children with it,
    another worker measures anew, and the check still finds nothing left.
    """
    with machine:
        before = members({os.getpgrp()})
        table = MEASUREMENTS[measurement](repeats)
        left = [word for process, word in members({os.getpgrp()}).items() if process not in before]
    for what, figure in table.items():
        print(f"{figure:>10}  {what}")
    return {"table": table, "left_behind": left}
