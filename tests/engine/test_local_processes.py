"""Processes as a run's supervisor has them: what they cost it, and that a signal reaches these and nobody else."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from pooltop.backends.descriptors import descriptors_for
from pooltop.backends.group import Group, look_at
from pooltop.backends.local import Child, LocalProcesses
from pooltop.children.home import Assignment
from pooltop.children.worker import worker_main
from pooltop.model import RunSpec, StartMethod
from pooltop.work.imported import locate
from tests.engine.running import until


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_a_worker_takes_the_descriptors_that_are_counted_and_gives_them_back(
    tmp_path: Path, start_method: StartMethod
) -> None:
    spec = RunSpec(workload="math:factorial", items="range:3", directory=str(tmp_path))
    assignment = Assignment(
        spec=spec, target=locate(spec.workload, tmp_path), run_folder=str(tmp_path), runtime=str(tmp_path)
    )
    processes = LocalProcesses(start_method, tmp_path, tmp_path / "import.log")
    processes.prepare(assignment)
    with contextlib.closing(processes):
        for slot in (1, 2):  # with the first there come the fork server and the guardian
            bury(await processes.start(worker_main, slot, assignment))
        before = open_files()
        children = [await processes.start(worker_main, slot, assignment) for slot in (1, 2, 3)]
        assert open_files() - before == descriptors_for(3) - descriptors_for(0)
        for child in children:
            bury(child)
        assert open_files() == before


def open_files() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def bury(child: Child) -> None:
    """Kill it, and clear up as the supervisor does."""
    child.kill()
    assert child.bury() == "SIGKILL"
    child.channel.close()
    os.close(child.log)


# Groups


class Family(NamedTuple):
    """A shell that leads a group, and a child of its own in it."""

    leader: "subprocess.Popen[bytes]"
    member: psutil.Process
    birth: float

    def end_leader(self) -> None:
        """Nothing has its number afterwards but the group."""
        assert self.leader.stdin is not None
        self.leader.stdin.close()
        self.leader.wait(20)

    def is_whole(self) -> bool:
        """Whether no signal has reached any of it."""
        return self.leader.poll() is None and is_living(self.member)


@pytest.fixture
def family() -> Iterator[Family]:
    leader = subprocess.Popen(
        ["sh", "-c", "sleep 600 & echo $!; read gone"], process_group=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert leader.stdout is not None
    member = psutil.Process(int(leader.stdout.readline()))
    seen = look_at(leader.pid)
    assert seen is not None and seen.parent == os.getpid()
    yield Family(leader, member, seen.birth)
    for process in (leader, member):
        process.kill()
    leader.wait(20)


def is_living(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("by_descriptor", [True, False])
async def test_what_a_process_leaves_in_its_group_is_reached(family: Family, by_descriptor: bool) -> None:
    group = Group(family.leader.pid, family.birth, os.getsid(0))
    if not by_descriptor:
        group.close()
    family.end_leader()
    assert not group.signal_leader(signal.SIGKILL)
    assert is_living(family.member)
    assert group.signal(signal.SIGKILL)
    await until(lambda: not is_living(family.member), "the member is gone")
    group.close()


@pytest.mark.parametrize("by_descriptor", [True, False])
async def test_a_living_leader_is_reached_with_its_group(family: Family, by_descriptor: bool) -> None:
    group = Group(family.leader.pid, family.birth, os.getsid(0))
    if not by_descriptor:
        group.close()
    assert group.signal(signal.SIGKILL)
    assert family.leader.wait(20) == -signal.SIGKILL
    await until(lambda: not is_living(family.member), "the member is gone")
    group.close()


@pytest.mark.parametrize("later", [-1, 1])
def test_a_process_with_a_dead_ones_number_is_spared_with_its_group(family: Family, later: int) -> None:
    group = Group(family.leader.pid, family.birth + later, os.getsid(0))
    assert not group.signal(signal.SIGKILL)
    assert not group.signal_leader(signal.SIGKILL)
    assert family.is_whole()


def test_members_that_are_older_than_the_leader_are_spared(family: Family) -> None:
    member = look_at(family.member.pid)
    assert member is not None
    family.end_leader()
    assert not Group(family.leader.pid, member.birth + 1, os.getsid(0)).signal(signal.SIGKILL)
    assert is_living(family.member)


def test_members_of_another_session_are_spared(family: Family) -> None:
    group = Group(family.leader.pid, family.birth, os.getsid(0) + 1)
    group.close()
    assert not group.signal(signal.SIGKILL)
    assert family.is_whole()
