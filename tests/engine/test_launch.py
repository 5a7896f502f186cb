"""Starting a run in the background: it is at work, or still starting, or it is said why not."""

import asyncio
import os

import psutil
import pytest

from pooltop import runs
from pooltop.launch import StartFailed, start_in_background
from pooltop.model import ENDED, RunSpec, Snapshot, Stop
from pooltop.runs import Run
from pooltop.wire.link import Link
from tests.engine.harness import JOBS, Lab, until


def spec(lab: Lab, workload: str = f"{JOBS}:held", items: str = "range:100") -> RunSpec:
    return RunSpec(workload=workload, items=items, workers=2, directory=str(lab.folder))


async def stop(run: Run) -> Snapshot:
    """End the run; its last snapshot."""
    link = await Link.open(run.socket)
    await link.watch()
    assert (await link.ask(Stop())).ok
    seen = [snapshot async for snapshot in link.snapshots()]
    await link.close()
    await until(lambda: not run.is_alive(), "the run ends")
    return seen[-1]


async def test_it_is_at_work_and_outlives_no_stop(lab: Lab) -> None:
    run = await start_in_background(spec(lab))
    link = await Link.open(run.socket)
    await link.watch()
    async for snapshot in link.snapshots():
        assert snapshot.state == "running"
        break
    await link.close()
    assert (await stop(run)).state == "stopped"


async def test_it_has_a_session_of_its_own_and_is_no_zombie_when_it_ends(lab: Lab) -> None:
    run = await start_in_background(spec(lab))
    living = (child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE)
    (supervisor,) = (child for child in living if str(run.directory) in child.cmdline())
    assert os.getsid(supervisor.pid) == supervisor.pid
    await stop(run)
    await until(lambda: not supervisor.is_running(), "the supervisor is reaped")


async def test_a_long_start_is_not_waited_for(lab: Lab) -> None:
    lab.write(
        "slow.py", "import os, time\nwhile not os.path.exists('imported'): time.sleep(0.01)\ndef f(x): return x\n"
    )
    run = await start_in_background(spec(lab, "slow:f"), patience=0.1)
    link = await Link.open(run.socket)
    await link.watch(20)
    states = []
    async for snapshot in link.snapshots():
        states.append(snapshot.state)
        lab.signal("imported")
    await link.close()
    assert states[0] == "starting" and states[-1] == "finished"
    await until(lambda: not run.is_alive(), "the run ends")


async def test_a_start_that_fails_late_is_seen_by_the_screens(lab: Lab) -> None:
    lab.write("slow.py", "import os, time\nwhile not os.path.exists('imported'): time.sleep(0.01)\n1 / 0\n")
    run = await start_in_background(spec(lab, "slow:f"), patience=0.1)
    link = await Link.open(run.socket)
    await link.watch(20)
    lab.signal("imported")
    last = [snapshot async for snapshot in link.snapshots()][-1]
    await link.close()
    assert last.state == "failed" and last.state in ENDED and "ZeroDivisionError" in last.reason
    assert run.directory.exists()
    await until(lambda: not run.is_alive(), "the run ends")


async def test_a_start_that_fails_leaves_no_run(lab: Lab) -> None:
    lab.write("broken.py", "1 / 0")
    with pytest.raises(StartFailed, match=r"broken.*ZeroDivisionError") as failed:
        await start_in_background(spec(lab, "broken:f"))
    assert "broken.py" in failed.value.details
    await until(lambda: not runs.all_runs(), "the run is removed")


async def test_a_supervisor_that_dies_at_once_is_said_to(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write("sitecustomize.py", "import os, sys\nif '--report' in sys.orig_argv:\n    os._exit(9)")
    monkeypatch.setenv("PYTHONPATH", str(lab.folder))
    with pytest.raises(StartFailed, match="ended before it began"):
        await start_in_background(spec(lab))


async def test_who_stops_waiting_stops_the_run(lab: Lab) -> None:
    lab.write("slow.py", f"import os, time\nopen({str(lab.folder / 'importing')!r}, 'w')\ntime.sleep(600)")
    waiting = asyncio.create_task(start_in_background(spec(lab, "slow:f"), patience=None))
    await lab.wait_for("importing")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await until(lambda: not runs.find("last").is_alive(), "the run ends")
