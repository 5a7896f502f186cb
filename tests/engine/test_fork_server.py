"""The fork server may die like any other process, at any moment: that is no item's fault, nor the import's."""

import asyncio
import contextlib
import os
import signal
from functools import partial
from pathlib import Path

import psutil
import pytest

from pooltop.backends.fork_server import Patience
from pooltop.backends.local import Child, LocalProcesses, PreloadHangs
from pooltop.children.home import Assignment
from pooltop.children.worker import worker_main
from pooltop.model import RunSpec, Snapshot
from pooltop.wire.channel import SupervisorEnd
from pooltop.wire.messages import Message, Ready
from pooltop.work.imported import locate
from tests.engine.harness import Lab, Running, done, until

CAN_BE_HELD = """
import os, pathlib, time
lab = pathlib.Path(os.environ["POOLTOP_LAB"])
with (lab / "imports").open("a") as imports:
    imports.write(f"{os.getpid()}\\n")
while not (lab / "go").exists():
    time.sleep(0.005)
def square(item: int) -> int:
    return item * item
"""
HANGS_THERE = """
import multiprocessing, time
if multiprocessing.parent_process() is None:  # in the fork server
    {hang}
def square(item: int) -> int:
    return item * item
"""


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


async def test_a_fork_server_that_is_killed_while_it_imports_is_started_again(lab: Lab) -> None:
    file = lab.write("can_be_held.py", CAN_BE_HELD)
    run = await lab.start(f"{file}:square", "range:3")
    for deaths in range(3):
        await until(lambda: imports(lab) == deaths + 1, f"import {deaths + 1}")  # noqa: B023  # waited for at once
        if deaths < 2:
            run.fork_server().kill()
    lab.signal("go")
    await run.ends_exactly(3)


async def test_a_fork_server_that_dies_while_it_forks_is_started_again(lab: Lab) -> None:
    run = await lab.start("held", "range:12", workers=12, retries=0)
    await lab.wait_for(*(f"began-{item}" for item in range(12)))
    killed: set[psutil.Process] = set()
    while len(killed) < 5:
        await until(lambda: forking(run) not in {None, *killed}, "a new fork server that forks")
        server = run.fork_server()
        server.kill()
        killed.add(server)
    lab.signal("go")
    await run.ends_exactly(12)


def forking(run: Running) -> psutil.Process | None:
    """The fork server, once it has a child."""
    with contextlib.suppress(ValueError, psutil.NoSuchProcess):
        server = run.fork_server()
        return server if server.children() else None
    return None


def imports(lab: Lab) -> int:
    """How often a module has been imported that says so."""
    return len((lab.folder / "imports").read_text().split()) if lab.has("imports") else 0


@pytest.mark.parametrize(
    ("hang", "patience", "how"),
    [
        ("time.sleep(600)", Patience(idle=0.5), "neither computed nor read anything for 0.5 s"),
        ("while True: pass", Patience(longest=0.5), "was not done after 0.5 s"),
    ],
)
async def test_an_import_that_hangs_in_the_fork_server_is_left_to_each_child(
    tmp_path: Path, hang: str, patience: Patience, how: str
) -> None:
    file = tmp_path / "hangs.py"
    file.write_text(HANGS_THERE.format(hang=hang))
    spec = RunSpec(workload=f"{file}:square", items="range:3", directory=str(tmp_path))
    assignment = Assignment(
        spec=spec, target=locate(spec.workload, tmp_path), run_folder=str(tmp_path), runtime=str(tmp_path)
    )
    processes = LocalProcesses("forkserver", tmp_path, tmp_path / "import.log", patience=patience)
    processes.prepare(assignment)
    with contextlib.closing(processes):
        with pytest.raises(PreloadHangs, match=how):
            await processes.start(worker_main, 1, assignment)
        child = await processes.start(worker_main, 1, assignment)
        assert isinstance(await first_word(child), Ready)
    child.bury()


async def first_word(child: Child) -> Message:
    """What a child says first."""
    said: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    channel = SupervisorEnd(child.channel, lambda message, _: said.set_result(message))
    try:
        return await asyncio.wait_for(said, 20)
    finally:
        channel.close()


async def test_an_item_that_kills_the_fork_server_ends_the_run_and_is_named(lab: Lab) -> None:
    file = lab.write(
        "regicide.py",
        "import os, time\n"
        "def f(item: int) -> int:\n"
        "    if item == 3:\n"
        "        os.kill(os.getppid(), 9)\n"
        "        time.sleep(9)\n"
        "    return item\n",
    )
    run = await lab.start(f"{file}:f", "range:20", workers=1)
    final = await run.end(60)
    assert final.state == "failed" and final.reason.endswith("and no item ended in between; in hand was 3")
    assert run.values().keys() >= {0, 1, 2}


SLOW_SOURCE = """
import time
def items():
    for number in range(12):
        time.sleep(0.05)
        yield number
"""


@pytest.mark.parametrize("who", ["feeder", "fork server"])
@pytest.mark.chaos
async def test_one_that_is_stopped_from_outside_is_replaced(lab: Lab, who: str) -> None:
    file = lab.write("slow_source.py", SLOW_SOURCE)
    run = await lab.start("square", f"{file}:items")
    await run.until(done(2))
    fork_server = run.fork_server()
    feeder = min(fork_server.children(), key=lambda child: (child.create_time(), child.pid))
    victim = fork_server if who == "fork server" else feeder
    workers = run.worker_processes("forkserver")
    os.kill(victim.pid, signal.SIGSTOP)
    for worker in workers:
        worker.kill()
    await run.ends_exactly(12)
    assert any(f"the {who} ({victim.pid}) has been stopped" in event for event in run.events())
