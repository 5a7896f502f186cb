"""A long run whose workers are killed at random moments, while screens come and go: python -m bench.soak [ITEMS KILLS]

Prints what became of the items, and how much memory the supervisor had in each quarter of the run. Exits with 1 where
an item or a count was lost or doubled, or where that memory grows.        (make chaos)
"""

import asyncio
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import psutil

from pooltop import launch
from pooltop.cpus import usable_cpus
from pooltop.model import RunSpec, Snapshot
from pooltop.runs import Run
from pooltop.wire.link import Link

ITEMS = 100_000
KILLS = 1_000
WORKERS = 4
ITEM_SECONDS = 0.003
GLANCES = 20
"""So many screens look in, one after another."""
GLANCE_SNAPSHOTS = 3
SNAPSHOTS_A_SECOND = 20
LARGEST_GROWTH = 1.05
"""From the second quarter of the run to the last; the first fills the buffers."""
SOAKED = Path(__file__).with_name("soaked.py")


class Soak:
    """One run and what is done to it."""

    def __init__(self, run: Run, items: int, kills: int) -> None:
        self.killed = 0
        self.glances = 0
        self.memory: list[int] = []
        """Resident bytes of the supervisor, a sample for each snapshot that came."""
        self._run = run
        self._items = items
        self._kills = kills
        self._chance = random.Random(1)
        self._supervisor: psutil.Process | None = None

    async def last(self) -> Snapshot:
        """Do it all, to the end; the run's last snapshot."""
        link = await Link.open(self._run.socket)
        await link.watch(SNAPSHOTS_A_SECOND)
        last: Snapshot | None = None
        async for last in link.snapshots():
            reached = last.progress.done / self._items
            self._measure(last)
            if self.killed < reached * self._kills:
                await self._kill_one(last)
            if self.glances < reached * GLANCES:
                await self._glance()
        await link.close()
        assert last is not None
        return last

    def quarters(self) -> list[float]:
        """The supervisor's mean memory in each quarter of the run, bytes."""
        size = len(self.memory) // 4
        return [statistics.mean(self.memory[start : start + size]) for start in range(0, 4 * size, size)]

    async def _kill_one(self, snapshot: Snapshot) -> None:
        await asyncio.sleep(self._chance.random() / SNAPSHOTS_A_SECOND)
        victims = [worker.pid for worker in snapshot.workers if worker.pid is not None]
        if victims:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(self._chance.choice(victims)).kill()
                self.killed += 1

    async def _glance(self) -> None:
        """Another screen comes, sees the run at work, and goes."""
        screen = await Link.open(self._run.socket)
        await screen.watch(SNAPSHOTS_A_SECOND)
        seen = 0
        async for snapshot in screen.snapshots():
            assert snapshot.run == self._run.id
            seen += 1
            if seen == GLANCE_SNAPSHOTS:
                break
        await screen.close()
        self.glances += 1

    def _measure(self, snapshot: Snapshot) -> None:
        with suppress(psutil.NoSuchProcess):
            if self._supervisor is None and snapshot.workers and snapshot.workers[0].pid:
                *_, self._supervisor = _ancestors(snapshot.workers[0].pid)
            if self._supervisor is not None:
                self.memory.append(self._supervisor.memory_info().rss)


def _ancestors(worker: int) -> list[psutil.Process]:
    """The fork server and the supervisor."""
    return psutil.Process(worker).parents()[:2]


async def soak(items: int, kills: int, folder: str) -> bool:
    """Print its figures; whether all is well."""
    spec = RunSpec(
        workload=f"{SOAKED}:nap",
        options=(f"--seconds={ITEM_SECONDS}",),
        items=f"range:{items}",
        workers=WORKERS,
        retries=kills,
        directory=folder,
    )
    began = time.monotonic()
    work = Soak(await launch.start_in_background(spec), items, kills)
    final = await work.last()
    first, second, third, last = (quarter / 1e6 for quarter in work.quarters())
    growth = last / second
    exact = (
        final.state == "finished"
        and final.check is not None
        and final.check.ok
        and (final.progress.done, final.progress.failed) == (items, 0)
        and final.counters == {"items": items}
    )
    print(f"  ended in {time.monotonic() - began:.0f} s: {final.state} {final.reason}".rstrip())
    print(f"  {final.progress.done:,} items done, {final.progress.failed} failed, {final.progress.retried:,} run again")
    print(f"  counted {final.counters.get('items', 0):,}; check {final.check}")
    print(f"  {work.killed:,} kills, {work.glances} screens came and went, {final.workers_started:,} workers started")
    print(f"  supervisor's memory by quarters: {first:.1f}, {second:.1f}, {third:.1f}, {last:.1f} MB: x {growth:.3f}")
    return exact and work.killed >= kills - 1 and growth <= LARGEST_GROWTH


async def main() -> int:
    """The exit code."""
    items, kills = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (ITEMS, KILLS)
    print(f"{items:,} items of {1000 * ITEM_SECONDS:g} ms, {kills:,} kills, {WORKERS} workers, {usable_cpus()} CPUs")
    print(f"  Python {platform.python_version()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="pooltop-soak-") as folder:
        os.environ["XDG_STATE_HOME"] = folder
        well = await soak(items, kills, folder)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
