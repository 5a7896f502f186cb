"""Kills workers that contend for a lock, a queue or a semaphore, and measures how long others wait for the dead.

python -m bench.kills [KILLS]        (make chaos)

A wait counts from the SIGKILL of a worker that had the thing in hand to the moment when another one has it. Exits with
1 where that took longer than 50 ms, where anything was lost or doubled, or where a run did not end.
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
from typing import NamedTuple, get_args

import psutil

from pooltop import launch
from pooltop.cpus import usable_cpus
from pooltop.model import RunSpec, Snapshot, StartMethod
from pooltop.wire.link import Link

LONGEST = 0.050
WORKERS = 4
CONTENDERS = 3
"""So many are at work before one is killed, so that somebody is there to wait for it."""
ITEMS_A_KILL = {"lock": 120, "queue": 250, "semaphore": 250}
BETWEEN_KILLS = 0.02
CONTENDED = Path(__file__).with_name("contended.py")
METHODS = [method for method in get_args(StartMethod) if method != "fork"]
LINE = "{:<12}{:<12}{:>6}{:>11}{:>12}{:>12}   {}"


class Kill(NamedTuple):
    """A SIGKILL: when (monotonic nanoseconds), and to whom."""

    at: int
    pid: int


async def storm(link: Link, kills: int) -> tuple[list[Kill], Snapshot]:
    """Kill one worker after another that has an item in hand; what was killed, and the run's last snapshot."""
    chance = random.Random(1)
    killed: list[Kill] = []
    struck: set[int] = set()
    last: Snapshot | None = None
    due = 0.0
    async for last in link.snapshots():
        while len(killed) < kills and time.monotonic() >= due:
            victims = [worker.pid for worker in last.workers if worker.pid and worker.item and worker.pid not in struck]
            if len(victims) < CONTENDERS:
                break
            victim = chance.choice(victims)
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(victim)
                killed.append(Kill(time.monotonic_ns(), victim))
                process.kill()
            struck.add(victim)
            due = time.monotonic() + chance.expovariate(1 / BETWEEN_KILLS)
    assert last is not None
    return killed, last


def waits_for_the_dead(killed: list[Kill], log: Path) -> list[float]:
    """Seconds from each death of a holder until another one had what it held."""
    events = sorted((int(at), int(pid), what) for at, pid, what in map(str.split, log.read_text().splitlines()))
    waits = []
    for at, pid in killed:
        own = [what for moment, owner, what in events if owner == pid]
        following = next(
            (moment for moment, owner, what in events if moment > at and owner != pid and what == "has"), None
        )
        if own and own[-1] == "has" and following is not None:
            waits.append((following - at) / 1e9)
    return waits


async def measure(thing: str, method: StartMethod, kills: int, folder: Path) -> tuple[str, bool]:
    """A line of the table, and whether all is well."""
    log = folder / f"{thing}-{method}"
    log.touch()
    items = kills * ITEMS_A_KILL[thing]
    spec = RunSpec(
        workload=f"{CONTENDED}:{thing}",
        options=(f"--log={log}", f"--items={items}"),
        items=f"range:{items}",
        workers=WORKERS,
        start_method=method,
        retries=kills,
        directory=str(folder),
    )
    run = await launch.start_in_background(spec)
    link = await Link.open(run.socket)
    await link.watch(20)
    killed, final = await storm(link, kills)
    await link.close()
    waits = waits_for_the_dead(killed, log)
    exact = final.state == "finished" and final.check is not None and final.check.ok
    quick = bool(waits) and max(waits) <= LONGEST
    story = "exact" if exact else f"{final.state} {final.reason} {final.check}"
    enough = len(killed) == kills
    figures = [f"{1000 * figure:.1f} ms" for figure in (statistics.median(waits), max(waits))] if waits else ["–", "–"]
    return LINE.format(thing, method, len(killed), len(waits), *figures, story), exact and quick and enough


async def main() -> int:
    """Everything, under each start method; the exit code."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    print(f"{kills} kills each, {WORKERS} workers, {usable_cpus()} CPUs, Python {platform.python_version()}")
    print(LINE.format("", "start", "kills", "held then", "median wait", "longest", "").rstrip())
    well = True
    with tempfile.TemporaryDirectory(prefix="pooltop-kills-") as folder:
        os.environ["XDG_STATE_HOME"] = folder
        for thing in ITEMS_A_KILL:
            for method in METHODS:
                line, ok = await measure(thing, method, kills, Path(folder))
                print(line, flush=True)
                well &= ok
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
