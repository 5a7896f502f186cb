"""The guardian: sees to it that what items have started themselves does not outlive the supervisor either.

The kernel ends the supervisor's own children with it (`lifeline.py`), but not theirs. The guardian is told the group
of each child, reads until the supervisor is gone, however that ended, and kills the groups that are left. It has a
session of its own, so that neither a Ctrl-C nor a terminal that hangs up reaches it, and until the end it is a bare
interpreter that has imported next to nothing, which costs 8 MB and a hundredth of a second.

It is run as a file, by a bare interpreter: `guardian.py SESSION RUNTIME LOCK PATH...`, `PATH...` being the sys.path
with which it can import the rest. Its standard input is lines: `+ PID BIRTH` for a group, `- PID` when it is buried.
"""

import sys


def main() -> None:
    """Read to the end, then clear up."""
    session, runtime, lock, *path = sys.argv[1:]
    births: dict[int, float] = {}
    for line in sys.stdin:
        what, pid, *birth = line.split()
        if what == "+":
            births[int(pid)] = float(birth[0])
        else:
            births.pop(int(pid), None)
    sys.path[:0] = path
    _end(births, int(session))
    _remove(runtime, lock)


def _end(births: dict[int, float], session: int) -> None:
    if not births:
        return
    import signal

    from pooltop.backends.group import Group

    for pid, birth in births.items():
        Group(pid, birth, session).signal(signal.SIGKILL)


def _remove(runtime: str, lock: str) -> None:
    """Remove the folder of a run that has not done so itself, unless the run is on again already."""
    import os

    if not os.path.exists(runtime):  # noqa: PTH110  # pathlib takes longer to import than this process lives on
        return
    import contextlib
    import fcntl
    import shutil

    with contextlib.suppress(OSError), open(lock, "rb") as held:  # noqa: PTH123  # as above
        # Shared: nobody can take the run on meanwhile, and whoever asks sees that nobody holds it.
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        shutil.rmtree(runtime, ignore_errors=True)


if __name__ == "__main__":
    main()
