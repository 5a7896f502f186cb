"""Dying with the parent: nothing that pooltop starts outlives its supervisor, however that one dies.

On Linux the kernel does it (`PR_SET_PDEATHSIG`, see prctl(2)): also for a process that is stopped, or deep in C code
that holds the GIL. The signal follows the *thread* that forked, so whoever starts children does it from a thread that
never ends. Elsewhere a thread of the child waits for the parent; it cannot act while C code holds the GIL.
"""

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have this process killed when its parent (a PID) dies; end it at once if that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
