"""usable_cpus: affinity and control groups, from files as the kernel writes them and, where allowed, from real ones."""

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooltop import cpus
from pooltop.cpus import cgroup_quota, usable_cpus

V1_CPU = Path("/sys/fs/cgroup/cpu")


class Machine:
    """A /proc/self and the control groups that it points at, as plain files."""

    def __init__(self, folder: Path) -> None:
        self.process = folder / "proc"
        self.mount = folder / "cgroup"
        self.process.mkdir()
        self.mount.mkdir()

    def describe(self, group: str, mount: str) -> None:
        (self.process / "cgroup").write_text(f"9:name=systemd:/\n{group}\n")
        (self.process / "mountinfo").write_text(f"22 27 0:21 / /proc rw,relatime - proc proc rw\n{mount}\n")

    def version_2(self, group: str, root: str = "/") -> None:
        self.describe(f"0::{group}", f"41 31 0:38 {root} {self.mount} rw shared:9 - cgroup2 cgroup2 rw,nsdelegate")

    def version_1(self, group: str, root: str = "/") -> None:
        self.describe(f"4:cpu,cpuacct:{group}", f"32 31 0:29 {root} {self.mount} rw - cgroup cgroup rw,cpu,cpuacct")

    def grant(self, group: str, cpus: float) -> None:
        """Limit a group, in the words of both versions."""
        directory = self.mount / group
        directory.mkdir(parents=True, exist_ok=True)
        quota = "max" if cpus == math.inf else round(cpus * 100_000)
        (directory / "cpu.max").write_text(f"{quota} 100000\n")
        (directory / "cpu.cfs_quota_us").write_text(f"{-1 if quota == 'max' else quota}\n")
        (directory / "cpu.cfs_period_us").write_text("100000\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture(params=["version_1", "version_2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_own_group_limits(machine: Machine, version: str) -> None:
    getattr(machine, version)("/user/job")
    machine.grant("user/job", 1.5)
    machine.grant("other", 0.5)
    assert cgroup_quota(machine.process) == 1.5


def test_the_smallest_quota_on_the_way_up_wins(machine: Machine, version: str) -> None:
    getattr(machine, version)("/slice/pod/job")
    machine.grant("slice", 2)
    machine.grant("slice/pod", 0.75)
    machine.grant("slice/pod/job", 4)
    assert cgroup_quota(machine.process) == 0.75


def test_no_limit_anywhere_is_none(machine: Machine, version: str) -> None:
    getattr(machine, version)("/slice/job")
    machine.grant("slice", math.inf)
    machine.grant("slice/job", math.inf)
    assert cgroup_quota(machine.process) is None


def test_a_container_that_is_told_the_hosts_path(machine: Machine, version: str) -> None:
    getattr(machine, version)("/docker/0123/init", root="/docker/0123")
    machine.grant("", 3)
    machine.grant("init", 2.5)
    assert cgroup_quota(machine.process) == 2.5


def test_a_container_whose_group_is_not_mounted(machine: Machine, version: str) -> None:
    getattr(machine, version)("/somewhere/else", root="/docker/0123")
    machine.grant("", 3)
    assert cgroup_quota(machine.process) == 3


def test_nothing_above_the_mount_is_asked(machine: Machine, version: str) -> None:
    getattr(machine, version)("/job")
    machine.grant("..", 0.25)
    machine.grant("job", 2)
    assert cgroup_quota(machine.process) == 2


def test_a_system_without_control_groups(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path) is None


def test_never_more_than_this_process_is_allowed() -> None:
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(("quota", "counted"), [(None, 4), (16.0, 4), (2.5, 3), (2.0, 2), (0.1, 1)])
def test_quotas_are_rounded_up_and_affinity_is_a_limit_too(
    quota: float | None, counted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpus, "cgroup_quota", lambda _: quota)
    monkeypatch.setattr(cpus, "_affinity", lambda: 4)
    assert usable_cpus() == counted


def counted_in(first: str) -> int:
    """What a new process counts after it has run the statement."""
    program = f"import os; {first}; from pooltop.cpus import usable_cpus; print(usable_cpus())"
    return int(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=30).stdout)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_affinity_counts() -> None:
    cpu = min(os.sched_getaffinity(0))
    assert counted_in(f"os.sched_setaffinity(0, [{cpu}])") == 1


@pytest.fixture
def real_group() -> Iterator[Path]:
    group = V1_CPU / f"pooltop-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("may not make a control group here")
    yield group
    group.rmdir()


def test_a_real_control_group_counts(real_group: Path) -> None:
    if usable_cpus() < 2:
        pytest.skip("needs two CPUs to see one taken away")
    (real_group / "cpu.cfs_quota_us").write_text("50000")
    (real_group / "cpu.cfs_period_us").write_text("100000")
    assert counted_in(f"open('{real_group}/cgroup.procs', 'w').write(str(os.getpid()))") == 1
