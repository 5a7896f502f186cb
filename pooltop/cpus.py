"""How many CPUs this process may really use: what the scheduler allows it, and no more than its quota pays for."""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def usable_cpus() -> int:
    """The CPUs in this process's affinity, or fewer where its control groups grant less time; at least 1.

    A quota of two and a half CPUs counts as three: two workers could not use it up.
    """
    quota = cgroup_quota(Path("/proc/self"))
    return _affinity() if quota is None else min(_affinity(), math.ceil(quota))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cgroup_quota(process: Path) -> float | None:
    """CPUs' worth of time that its control groups grant the process with this /proc directory; None is no limit.

    Both versions of control groups are asked, each from the process's own group up to the top of what is mounted,
    since a limit binds the whole tree below it (a systemd slice, a container, a pod); the smallest wins.
    """
    try:
        groups = (process / "cgroup").read_text().splitlines()
        mounts = (process / "mountinfo").read_text().splitlines()
    except OSError:
        return None
    quotas = [
        quota
        for directory in _cpu_groups(groups, mounts)
        for quota in (_quota_v2(directory), _quota_v1(directory))
        if quota is not None
    ]
    return min(quotas, default=None)


def _cpu_groups(groups: list[str], mounts: list[str]) -> Iterator[Path]:
    """Directories of the groups that can limit the CPU, the process's own first in each hierarchy."""
    for mount in mounts:
        # man 5 proc: id parent device ROOT MOUNT-POINT options... - TYPE source SUPER-OPTIONS
        place, _, kind = mount.partition(" - ")
        root, mount_point = place.split()[3:5]
        version, options = kind.split()[0], kind.split()[-1]
        if version == "cgroup2":
            controller = ""  # its groups stand in the only line that names no controller
        elif version == "cgroup" and "cpu" in options.split(","):
            controller = "cpu"
        else:
            continue
        for group in groups:
            _, controllers, path = group.split(":", 2)
            if controller in controllers.split(","):
                yield from _up_to_the_top(Path(mount_point), PurePosixPath(root), PurePosixPath(path))


def _up_to_the_top(mount_point: Path, root: PurePosixPath, group: PurePosixPath) -> Iterator[Path]:
    """The group's directory and all above it that are mounted.

    A container without a namespace for its groups is told the host's path of its group, of which only the part
    below the mount's root exists inside; where it is no part of the mount, the mount itself is the best guess.
    """
    inside = group.relative_to(root) if group.is_relative_to(root) else PurePosixPath()
    own = mount_point / inside
    yield own
    yield from (parent for parent in own.parents if parent.is_relative_to(mount_point))


def _quota_v2(group: Path) -> float | None:
    try:
        quota, period = (group / "cpu.max").read_text().split()
    except (OSError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


def _quota_v1(group: Path) -> float | None:
    try:
        quota = int((group / "cpu.cfs_quota_us").read_text())
        period = int((group / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 else None
