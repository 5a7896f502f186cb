"""A worker may be killed at any moment, whatever it is doing, and nothing comes of it but a little time."""

import random

import pytest

from pooltop.model import StartMethod
from tests.engine.harness import Lab, done

ITEMS = 1000
KILLS = 30


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
@pytest.mark.chaos
async def test_a_storm_of_kills_loses_nothing_and_counts_nothing_twice(lab: Lab, start_method: StartMethod) -> None:
    dice = random.Random(1)
    run = await lab.start(
        "nap", f"range:{ITEMS}", "--seconds", "0.01", workers=4, start_method=start_method, retries=KILLS
    )
    killed = set[int]()
    while len(killed) < KILLS:
        reached = len(killed) * ITEMS // (2 * KILLS)
        await run.until(done(reached))
        alive = [worker for worker in run.worker_processes(start_method) if worker.pid not in killed]
        if alive:
            victim = dice.choice(alive)
            victim.kill()
            killed.add(victim.pid)
    final = await run.ends_exactly(ITEMS)
    assert final.counters == {"items": ITEMS}
    assert final.workers_killed == KILLS
    assert not killed - set(final.pids)


@pytest.mark.parametrize("start_method", ["forkserver", pytest.param("spawn", marks=pytest.mark.chaos)])
async def test_all_workers_may_be_killed_at_once_again_and_again(lab: Lab, start_method: StartMethod) -> None:
    """Deaths are dealt with while replacements are being started."""
    run = await lab.start("nap", "range:200", "--seconds", "0.01", workers=4, start_method=start_method, retries=99)
    for reached in range(0, 100, 10):
        await run.until(done(reached))
        for worker in run.worker_processes(start_method):
            worker.kill()
    await run.ends_exactly(200)
