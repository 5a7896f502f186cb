"""Nothing outlives the supervisor, however it dies and whatever its processes are doing."""

import os
import signal

import pytest

from pooltop.model import BaselineMethod, Snapshot, StartMethod
from tests.engine.harness import Lab

SECONDS = 2.0
"""After the supervisor's death nothing may live longer than this."""

both_methods = pytest.mark.parametrize("start_method", ["forkserver", "spawn"])


@both_methods
async def test_a_stopped_a_busy_and_an_idle_worker_die_with_the_supervisor(lab: Lab, start_method: StartMethod) -> None:
    run = await lab.start("held_in_c", "range:2", workers=3, start_method=start_method)
    stopped, busy = await run.holder(0), await run.holder(1)
    (idle,) = {1, 2, 3} - {stopped.slot, busy.slot}
    await run.worker(idle, lambda worker: worker.state == "waiting")
    os.kill(stopped.pid or 0, signal.SIGSTOP)
    await run.worker(stopped.slot, lambda worker: worker.state == "stopped")
    run.kill()
    await lab.assert_no_processes(SECONDS)


@both_methods
async def test_a_paused_pool_dies_with_the_supervisor(lab: Lab, start_method: StartMethod) -> None:
    run = await lab.start("held", "range:2", start_method=start_method)
    await lab.wait_for("began-0", "began-1")
    for process in run.worker_processes(start_method):
        process.suspend()
    run.kill()
    await lab.assert_no_processes(SECONDS)


@both_methods
@pytest.mark.parametrize("import_body", ["time.sleep(600)", "re.match(r'(a+)+$', 'a' * 40 + 'b')"])
async def test_an_import_dies_with_the_supervisor(lab: Lab, start_method: StartMethod, import_body: str) -> None:
    file = lab.write(
        "slow.py",
        f"import os, pathlib, re, time\npathlib.Path(os.environ['POOLTOP_LAB'], 'importing').touch()\n{import_body}\n",
    )
    run = await lab.start(f"{file}:function", "range:2", start_method=start_method)
    await lab.wait_for("importing")
    run.kill()
    await lab.assert_no_processes(SECONDS)


@both_methods
async def test_the_baseline_dies_with_the_supervisor(lab: Lab, start_method: StartMethod) -> None:
    run = await lab.start("held_in_c", "range:1:2", start_method=start_method, baseline="full")
    await lab.wait_for("began-1")
    await run.until(lambda snapshot: snapshot.state == "baseline")
    run.kill()
    await lab.assert_no_processes(SECONDS)


@both_methods
@pytest.mark.parametrize("baseline", ["none", "full"])
async def test_what_an_item_has_started_dies_with_the_supervisor(
    lab: Lab, start_method: StartMethod, baseline: BaselineMethod
) -> None:
    run = await lab.start("held_with_a_child", "range:1", workers=1, start_method=start_method, baseline=baseline)
    await lab.wait_for("began-0")
    run.kill()
    await lab.assert_no_processes(SECONDS)
    assert not run.run.runtime.exists()


async def test_a_worker_with_a_child_leaves_none_after_a_normal_end(lab: Lab) -> None:
    run = await lab.start("leaves_a_child", "range:4")
    await run.ends_exactly(4)


async def test_an_ended_run_leaves_no_process_that_was_stopped(lab: Lab) -> None:
    run = await lab.start("held", "range:2")
    await lab.wait_for("began-0", "began-1")
    for process in run.worker_processes("forkserver"):
        process.suspend()
    run.process.terminate()
    assert await run.exit() == 128 + signal.SIGTERM


@both_methods
async def test_the_fork_server_dies_while_it_forks(lab: Lab, start_method: StartMethod) -> None:
    """The supervisor is killed at some moment while workers are being started."""
    run = await lab.start("held", "range:20", workers=20, start_method=start_method)

    def half_started(snapshot: Snapshot) -> bool:
        return snapshot.workers_started >= 5

    await run.until(half_started)
    run.kill()
    # Twenty interpreters that are just starting, on however few cores, must come to their first lines to see it.
    await lab.assert_no_processes(5 * SECONDS)
