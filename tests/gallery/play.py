"""Running an entry of the gallery for real, undisturbed or with workers killed meanwhile."""

import random
from contextlib import suppress

import psutil

from pooltop.model import Snapshot, StartMethod
from tests.engine.harness import Lab, Running

RETRIES = 1000
"""Deaths from outside are strikes; the storm shall not use an item's up."""


async def play(
    lab: Lab,
    entry: str,
    *options: str,
    items: str | None = None,
    workers: int | None = None,
    start_method: StartMethod = "forkserver",
    kills: int = 0,
    within: float = 60.0,
) -> Snapshot:
    """Run an entry to its end and return the final snapshot; SIGKILL so many of its workers on the way.

    A kill strikes at a random moment while the workload is at work. Asserts that the run finished with every item
    done, and that as many kills happened as were asked for.
    """
    run = await lab.start(
        entry, items, *options, gallery=True, workers=workers, start_method=start_method, retries=RETRIES
    )
    if kills:
        await _kill(run, kills)
    final = await run.end(within)
    assert final.state == "finished", (final.reason, run.stderr)
    assert final.progress.failed == 0, final.failures
    assert final.workers_killed >= kills
    return final


async def _kill(run: Running, kills: int) -> None:
    chance = random.Random(1)
    struck = set[int]()
    while len(struck) < kills:
        snapshot = await run.until(lambda s: any(w.item is not None and w.pid not in struck for w in s.workers))
        victims = [w.pid for w in snapshot.workers if w.item is not None and w.pid and w.pid not in struck]
        victim = chance.choice(victims)
        with suppress(psutil.NoSuchProcess):
            psutil.Process(victim).kill()
            struck.add(victim)


def verdict(final: Snapshot) -> tuple[object, object, bool]:
    """What the check said: expected, actual, and whether it held."""
    assert final.check is not None, final.reason
    return final.check.expected, final.check.actual, final.check.ok
