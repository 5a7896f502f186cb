"""The pool grows and shrinks while it runs, and no item is lost by it."""

from collections.abc import Iterable
from functools import partial

import pytest

from pooltop.model import Pause, Resize, Resume, Snapshot, StartMethod
from tests.engine.harness import Lab, done, held_pair


def has_slots(slots: Iterable[int], snapshot: Snapshot) -> bool:
    return [worker.slot for worker in snapshot.workers] == list(slots)


@pytest.mark.parametrize("start_method", ["forkserver", pytest.param("spawn", marks=pytest.mark.chaos)])
async def test_the_pool_grows_and_shrinks_while_it_runs(lab: Lab, start_method: StartMethod) -> None:
    run = await lab.start("nap", "range:600", "--seconds", "0.01", start_method=start_method, retries=0)
    for size, items in ((5, 20), (1, 100), (3, 150), (2, 300)):
        await run.until(done(items))
        await run.do(Resize(size))
        await run.until(partial(has_slots, range(1, size + 1)))
    final = await run.ends_exactly(600)
    assert final.counters == {"items": 600}
    assert (final.workers_requested, final.workers_killed, final.progress.retried) == (2, 0, 0)


async def test_shrinking_lets_a_worker_end_its_item(lab: Lab) -> None:
    run, _ = await held_pair(lab)
    await run.do(Resize(1))
    leaving = await run.worker(2, lambda w: w.state == "ending")
    assert leaving.item in ("0", "1")
    lab.signal(f"go-{leaving.item}")
    await run.until(lambda s: [w.slot for w in s.workers] == [1])
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert (final.progress.retried, final.workers_killed) == (0, 0)


async def test_a_paused_pool_can_be_resized(lab: Lab) -> None:
    run, _ = await held_pair(lab)
    await run.do(Pause())
    await run.do(Resize(4))
    await run.until(lambda s: [w.state for w in s.workers] == ["paused"] * 4)
    await run.do(Resize(1))
    await run.until(partial(has_slots, [1]))
    lab.signal("go")
    await run.do(Resume())
    final = await run.ends_exactly(6)
    assert (final.workers_killed, final.progress.retried) == (3, 1)


async def test_a_paused_worker_too_many_gives_its_item_back(lab: Lab) -> None:
    run, _ = await held_pair(lab)
    await run.do(Pause(2))
    await run.do(Resize(1))
    await run.until(partial(has_slots, [1]))
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert (final.workers_killed, final.progress.retried) == (1, 1)
