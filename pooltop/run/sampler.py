"""What the machine and the worker processes cost: CPU, memory, stopped or not, read through psutil.

A worker costs 0.1 ms, so a `Sampler` belongs in a thread; one call at a time.
"""

import time
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
import psutil

from pooltop.run.descendants import ChildrenOf, children_now, descendants

AT_ONCE = 100
"""Processes read in one call. Where there are more they take turns: two calls a second stay below 3 % of a core."""
TICKS = 0.1
"""Seconds by which a tree's CPU time may seem to be off, either way: systems count it in ticks of 10 ms a process."""


class ProcessSample(msgspec.Struct, frozen=True):
    """One worker process at one instant."""

    cpu: float | None
    """Percent of one core since its last sample, its children included; None at first sight."""
    memory: int
    """Resident bytes, its children included."""
    stopped: bool
    """Whether a signal has stopped the process itself."""
    started: float
    """When it was made, seconds since the epoch."""
    children: int
    """How many processes are below it."""


class MachineSample(msgspec.Struct, frozen=True):
    """The cores, and the processes asked for without those that are gone."""

    cores: tuple[float, ...]
    """Percent busy since the last sample, one a core."""
    processes: dict[int, ProcessSample]


class Sampler:
    """Measures over the true time between one call and the next."""

    def __init__(self) -> None:
        self._core_times = _core_times()
        self._sightings: dict[int, _Sighting] = {}

    def sample(self, pids: Collection[int]) -> MachineSample:
        """Look at every core and at these processes; beyond `AT_ONCE`, the others are as they were last seen."""
        wanted = set(pids)
        self._sightings = {pid: seen for pid, seen in self._sightings.items() if pid in wanted}
        children_of = children_now()
        for pid in self._whose_turn(wanted):
            seen = _look(pid, self._sightings.pop(pid, None), children_of, cores=len(self._core_times))
            if seen is not None:
                self._sightings[pid] = seen
        return MachineSample(
            cores=self._cores(),
            processes={pid: seen.sample for pid, seen in self._sightings.items()},
        )

    def _whose_turn(self, pids: Collection[int]) -> Sequence[int]:
        """The new ones, then those not seen for longest."""

        def last_seen(pid: int) -> float:
            seen = self._sightings.get(pid)
            return seen.time if seen else 0.0

        return sorted(pids, key=last_seen)[:AT_ONCE]

    def _cores(self) -> tuple[float, ...]:
        """Like `psutil.cpu_percent(percpu=True)`, which measures from that thread's last call by anybody."""
        before, self._core_times = self._core_times, _core_times()
        return tuple(map(_busy_percent, before, self._core_times))


def stopped(pids: Collection[int]) -> frozenset[int]:
    """Those of the processes that a signal has stopped (not those under a debugger); a fifth of a sample's price."""
    return frozenset(pid for pid in pids if _is_stopped(pid))


def memory_in_use(pids: Collection[int]) -> dict[int, int]:
    """Resident bytes of each process and what is below it; a few hundredths of a millisecond each."""
    children_of = children_now()
    return {pid: sum(map(_resident, (pid, *descendants(pid, children_of)))) for pid in pids}


def _resident(pid: int) -> int:
    try:
        resident: int = _process(pid).memory_info().rss
    except psutil.Error:
        return 0
    return resident


class _Reading(NamedTuple):
    """One process at one instant."""

    process: psutil.Process
    cpu_seconds: float
    """Its own, and what those of its children took that have ended and been waited for."""
    memory: int
    stopped: bool


class _Sighting(NamedTuple):
    """What is kept of a worker between two samples."""

    process: psutil.Process
    time: float
    """On the monotonic clock."""
    cpu_seconds: float
    """Of the whole tree, from its beginning."""
    sample: ProcessSample


def _look(pid: int, before: _Sighting | None, children_of: ChildrenOf, cores: int) -> _Sighting | None:
    tree = _read_tree([pid, *descendants(pid, children_of)])
    now = time.monotonic()
    if pid not in tree:
        return None
    own = tree[pid]
    if before is not None and before.process != own.process:
        before = None  # another process has got its number
    cpu_seconds = sum(reading.cpu_seconds for reading in tree.values())
    try:
        started = before.sample.started if before else own.process.create_time()
    except psutil.Error:
        return None
    sample = ProcessSample(
        cpu=_percent(cpu_seconds, now, before, cores) if before else None,
        memory=sum(reading.memory for reading in tree.values()),
        stopped=own.stopped,
        started=started,
        children=len(tree) - 1,
    )
    return _Sighting(own.process, now, cpu_seconds, sample)


def _read_tree(pids: Sequence[int]) -> dict[int, _Reading]:
    """Parents first; all of it again without those that went away meanwhile, whose time is now their parents'.

    So what a child has used is seen exactly once: in itself, or in the parent that has waited for it.
    """
    while True:
        readings = {pid: reading for pid in pids if (reading := _read(pid)) is not None}
        if len(readings) == len(pids):
            return readings
        pids = list(readings)


def _read(pid: int) -> _Reading | None:
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            return _Reading(
                process,
                times.user + times.system + times.children_user + times.children_system,
                process.memory_info().rss,
                process.status() == psutil.STATUS_STOPPED,
            )
    except psutil.Error:
        return None


def _percent(cpu_seconds: float, now: float, before: _Sighting, cores: int) -> float | None:
    """What the tree used since it was last seen.

    Less than nothing, or more than the machine has, means that processes left or joined the tree otherwise than by
    being made and waited for (a daemon that slipped away): then the last figure stands, and measuring starts anew.
    """
    used = cpu_seconds - before.cpu_seconds
    elapsed = now - before.time
    if elapsed > 0 and -TICKS <= used <= elapsed * cores + TICKS:
        return 100 * max(0.0, used) / elapsed
    return before.sample.cpu


def _is_stopped(pid: int) -> bool:
    try:
        return _process(pid).status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return False


@lru_cache(maxsize=4096)
def _process(pid: int) -> psutil.Process:
    """To make one costs twice what it costs to ask it; and it answers for whatever process has the number now."""
    return psutil.Process(pid)


def _core_times() -> list[dict[str, float]]:
    return [times._asdict() for times in psutil.cpu_times(percpu=True)]


def _busy_percent(before: dict[str, float], after: dict[str, float]) -> float:
    spent = {kind: max(0.0, seconds - before[kind]) for kind, seconds in after.items()}
    idle = spent["idle"] + spent.get("iowait", 0.0)
    guests = spent.get("guest", 0.0) + spent.get("guest_nice", 0.0)  # counted in user and nice as well
    total = sum(spent.values()) - guests
    return 100 * (total - idle) / total if total else 0.0
