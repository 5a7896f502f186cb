"""The fork server may die like any other process: what it takes along is no item's fault."""

from functools import partial

from pooltop.model import Snapshot
from tests.engine.harness import Lab


def all_replaced(pids: set[int], snapshot: Snapshot) -> bool:
    """Every item is in the hand of a new process."""
    return {worker.slot for worker in snapshot.workers if worker.item and worker.pid not in pids} == {1, 2, 3}


async def test_the_death_of_the_fork_server_is_no_strike(lab: Lab) -> None:
    run = await lab.start("held", "range:3", workers=3, retries=0)
    await lab.wait_for("began-0", "began-1", "began-2")
    for _ in range(5):
        pids = {process.pid for process in run.worker_processes("forkserver")}
        run.fork_server().kill()
        await run.until(partial(all_replaced, pids))
    lab.signal("go")
    await run.ends_exactly(3)
