"""The thread in which processes are started, since `Process.start()` blocks.

There is one, as multiprocessing cannot start two processes at once, and it never ends, as the parent-death signal
follows it.
"""

import signal
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import process as process_module
from multiprocessing import resource_tracker
from typing import Any

_TERMINAL_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def starter_thread() -> ThreadPoolExecutor:
    """The thread; what it starts itself (fork server, resource tracker, guardian) is deaf to a Ctrl-C or hang-up of the
    whole group.

    It is the supervisor's to act on that. Our own children clear the mask in their first lines.
    """
    return ThreadPoolExecutor(1, thread_name_prefix="starter", initializer=_shield_from_the_terminal)


def _shield_from_the_terminal() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL_SIGNALS)
    resource_tracker.ensure_running()
    # Python 3.11 unblocks them when it has started the tracker.
    signal.pthread_sigmask(signal.SIG_BLOCK, _TERMINAL_SIGNALS)


def start_process(process: Any) -> None:
    """Start it, and keep it out of multiprocessing's own list of children.

    Every later start asks all that are listed whether they have ended. It would do so in this thread while the loop's
    thread buries one of them, and one of the two would find it reaped already and take its exit code for unknown.
    """
    process.start()
    process_module._children.discard(process)  # type: ignore[attr-defined]  # there is no public way
