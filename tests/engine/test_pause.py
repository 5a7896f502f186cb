"""A paused worker or pool stands still, children and all, and goes on as if nothing had been."""

import asyncio

import psutil
import pytest

from pooltop.model import Kill, Pause, Resume, Snapshot, StartMethod
from tests.engine.harness import Lab, held_pair, until

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])


def paused(snapshot: Snapshot) -> bool:
    return snapshot.state == "paused"


@both_methods
async def test_a_paused_worker_stands_still_and_keeps_its_item(lab: Lab, start_method: StartMethod) -> None:
    run, worker = await held_pair(lab, start_method=start_method)
    await run.do(Pause(worker.slot))
    assert psutil.Process(worker.pid).status() == psutil.STATUS_STOPPED
    assert "already" in await run.refused(Pause(worker.slot))
    lab.signal("go")
    snapshot = await run.until(lambda s: s.progress.done == 5)
    (still,) = [w for w in snapshot.workers if w.slot == worker.slot]
    assert (still.state, still.pid, still.item) == ("paused", worker.pid, "0")
    await run.do(Resume(worker.slot))
    final = await run.ends_exactly(6)
    assert (final.workers_killed, final.progress.retried) == (0, 0)


async def test_kill_with_stop_and_cont_is_pause_and_resume(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    await run.do(Kill(worker.slot, "STOP"))
    await run.worker(worker.slot, lambda w: w.state == "paused")
    await run.do(Kill(worker.slot, "CONT"))
    await run.worker(worker.slot, lambda w: w.state == "running")
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert final.workers_killed == 0


async def test_children_of_a_paused_worker_stand_still_too(lab: Lab) -> None:
    run = await lab.start("held_with_a_child", "range:2", retries=0)
    await lab.wait_for("began-0", "began-1")
    children = [psutil.Process(int((lab.folder / f"child-{item}").read_text())) for item in (0, 1)]
    worker = await run.holder(0)
    await run.do(Pause(worker.slot))
    await until(lambda: children[0].status() == psutil.STATUS_STOPPED, "the child stands still")
    assert children[1].status() != psutil.STATUS_STOPPED
    await run.do(Resume(worker.slot))
    await until(lambda: children[0].status() != psutil.STATUS_STOPPED, "the child goes on")
    lab.signal("go")
    await run.ends_exactly(2)


@both_methods
async def test_a_paused_pool_stands_still_until_it_is_resumed(lab: Lab, start_method: StartMethod) -> None:
    run, worker = await held_pair(lab, start_method=start_method)
    await run.do(Pause())
    await run.until(paused)
    assert all(process.status() == psutil.STATUS_STOPPED for process in run.worker_processes(start_method))
    assert "already" in await run.refused(Pause())
    assert "the pool is paused" in await run.refused(Resume(worker.slot))
    lab.signal("go")
    await run.do(Resume())
    final = await run.ends_exactly(6)
    assert (final.workers_killed, final.progress.retried) == (0, 0)


async def test_a_worker_killed_in_a_paused_pool_comes_back_standing_still(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    await run.do(Pause())
    await run.do(Kill(worker.slot, "KILL"))
    after = await run.worker(worker.slot, lambda w: w.pid not in (None, worker.pid) and w.state == "paused")
    assert psutil.Process(after.pid).status() == psutil.STATUS_STOPPED
    lab.signal("go")
    await run.do(Resume())
    await run.ends_exactly(6)


async def test_pause_with_wait_lets_the_items_end_first(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    await run.do(Pause(worker.slot, wait=True))
    lab.signal("go-0")
    await run.worker(worker.slot, lambda w: w.state == "paused" and w.item is None)
    lab.signal("go")
    await run.until(lambda s: s.state == "finished" or s.progress.done == 6)
    await run.ends_exactly(6)


async def test_a_pool_paused_with_wait_ends_its_items_and_begins_none(lab: Lab) -> None:
    run, _ = await held_pair(lab)
    await run.do(Pause(wait=True))
    lab.signal("go")
    snapshot = await run.until(lambda s: all(w.state in ("waiting", "paused") for w in s.workers))
    assert (snapshot.state, snapshot.progress.done) == ("paused", 2)
    assert not lab.has("began-2")
    await run.do(Resume())
    await run.ends_exactly(6)


async def test_unstarted_items_of_a_paused_worker_go_to_the_others(lab: Lab) -> None:
    run, worker = await held_pair(lab, items=40, chunksize=20)
    await run.do(Pause(worker.slot))
    lab.signal("go")
    await run.until(lambda s: s.progress.done == 39)
    await run.do(Resume(worker.slot))
    final = await run.ends_exactly(40)
    assert (final.progress.retried, lab.begun()) == (0, list(range(40)))


async def test_who_resumes_before_the_pause_is_through_has_the_last_word(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    for _ in range(10):
        await asyncio.gather(run.ask(Pause()), run.ask(Resume()))
        await asyncio.gather(run.ask(Pause(worker.slot)), run.ask(Resume(worker.slot)))
    await run.until(lambda s: {w.state for w in s.workers} == {"running"})
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert final.workers_killed == 0
    assert not any("stopped from outside" in event for event in run.events())
