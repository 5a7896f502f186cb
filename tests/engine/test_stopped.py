"""A worker that is stopped from outside holds nobody up."""

import os
import signal

import psutil
import pytest

from pooltop.model import Resume
from tests.engine.harness import Lab, held_pair

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])


async def test_a_worker_stopped_from_outside_is_shown_and_goes_on_when_it_is_let(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    await run.worker(worker.slot, lambda w: w.state == "stopped")
    os.kill(worker.pid, signal.SIGCONT)
    await run.worker(worker.slot, lambda w: w.state == "running")
    lab.signal("go")
    final = await run.ends_exactly(6)
    assert (final.workers_killed, final.progress.retried) == (0, 0)


async def test_unstarted_items_of_a_stopped_worker_go_to_the_others_and_what_it_holds_up_is_taken_from_it(
    lab: Lab,
) -> None:
    run, worker = await held_pair(lab, items=200, chunksize=100)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    lab.signal("go")
    await run.until(lambda s: s.progress.done == 199)
    assert psutil.Process(worker.pid).status() == psutil.STATUS_STOPPED
    final = await run.ends_exactly(200)
    assert (final.workers_killed, final.progress.retried) == (1, 1)
    assert lab.begun() == [0, *range(200)], "item 0 twice"


async def test_a_stopped_worker_can_be_resumed_by_command(lab: Lab) -> None:
    run, worker = await held_pair(lab)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGSTOP)
    await run.worker(worker.slot, lambda w: w.state == "stopped")
    await run.do(Resume(worker.slot))
    await run.worker(worker.slot, lambda w: w.state == "running")
    lab.signal("go")
    await run.ends_exactly(6)
