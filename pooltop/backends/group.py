"""A process that we have started, and the group that it leads: a signal reaches these and nobody else, ever.

A number is no identity: once nobody has it any more, the system gives it to whoever comes next. On Linux a descriptor
(pidfd) stands for the one process and, since Linux 6.9, for the one group that it leads or has led. Where there is no
such thing, a process is known by its number and the moment of its birth, and the members of its group are looked for:
that they are in our session, not older than their leader, and not led by a later process with the same number.
"""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

_WHOLE_GROUP = 1 << 2
"""PIDFD_SIGNAL_PROCESS_GROUP in linux/pidfd.h; Python has no name for it."""
_ROUNDS = 10
"""Members may be born while the others are signalled; a group that grows faster than this is left to itself."""


class Sighting(NamedTuple):
    """What tells a process from every other that has, had or will have its number."""

    parent: int
    birth: float
    """In the system's own unit, and on a clock that nobody sets where there is one: to be compared only."""


def look_at(pid: int) -> Sighting | None:
    """The process that has this number now, a dead one that nobody has waited for included; None where none has."""
    try:
        if sys.platform == "linux":  # psutil's time follows the wall clock, so two processes may disagree on it
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            return Sighting(int(fields[1]), int(fields[19]))
        process = psutil.Process(pid)
        return Sighting(process.ppid(), process.create_time())
    except (OSError, psutil.Error):
        return None


class Group:
    """The process `pid` that was born at `birth` (as `look_at` gives it) in `session`, and the group that it leads.

    It may be dead already; then there may still be members.
    """

    def __init__(self, pid: int, birth: float, session: int) -> None:
        self.pid = pid
        self.birth = birth
        self.session = session
        self.pidfd = _open(pid)
        """The process's own descriptor, readable when it is dead; None where there is none."""
        seen = look_at(pid)
        if seen is None or seen.birth != birth:
            self.close()

    def signal_leader(self, number: int) -> bool:
        """Send a signal to the process alone; False when it is gone."""
        if self.pidfd is not None:
            return _send(self.pidfd, number)
        seen = look_at(self.pid)
        return seen is not None and seen.birth == self.birth and _kill(self.pid, number)

    def signal(self, number: int) -> bool:
        """Send a signal to every member, also after the leader's death; False when there is none."""
        if self.pidfd is not None:
            try:
                signal.pidfd_send_signal(self.pidfd, number, None, _WHOLE_GROUP)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    return False
            else:
                return True
        return self._signal_each(number)

    def members(self) -> list[int]:
        """The processes that are in the group now."""
        return [pid for pid in psutil.pids() if self._has(pid)]

    def close(self) -> None:
        """Let go of the descriptor."""
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None

    def _signal_each(self, number: int) -> bool:
        reached: set[int] = set()
        for _ in range(_ROUNDS):
            coming = set(self.members()) - reached
            if not coming:
                break
            for pid in coming:
                self._signal_member(pid, number)
            reached |= coming
        return bool(reached)

    def _signal_member(self, pid: int, number: int) -> None:
        with _opened(pid) as pidfd:
            # From here on its number can be nobody else's, so it is asked (again) whether it belongs.
            if self._has(pid):
                _ = _send(pidfd, number) if pidfd is not None else _kill(pid, number)

    def _has(self, pid: int) -> bool:
        try:
            if os.getpgid(pid) != self.pid or os.getsid(pid) != self.session:
                return False
        except OSError:
            return False
        seen, leader = look_at(pid), look_at(self.pid)
        led_by_another = leader is not None and leader.birth != self.birth
        return seen is not None and seen.birth >= self.birth and not led_by_another


@contextlib.contextmanager
def _opened(pid: int) -> Iterator[int | None]:
    pidfd = _open(pid)
    try:
        yield pidfd
    finally:
        if pidfd is not None:
            os.close(pidfd)


def _open(pid: int) -> int | None:
    with contextlib.suppress(OSError, AttributeError):
        return os.pidfd_open(pid)
    return None


def _send(pidfd: int, number: int) -> bool:
    try:
        signal.pidfd_send_signal(pidfd, number)
    except OSError:
        return False
    return True


def _kill(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True
