"""The gallery's hello: one process from its start to its end."""

import os
import re
import time
from typing import Annotated

from msgspec import Meta

import pooltop

STEPS = 50
"""The item shows its progress so many times."""
GREETING = re.compile(r"hello, .*, from PID (\d+)")


def greeted_by_itself(outcome: pooltop.Outcome) -> tuple[str, str]:
    """The PID in the last greeting is that of the worker which printed it, and that worker ended with exit code 0."""
    ends = {worker.pid: worker.end for worker in outcome.workers}
    expected, actual = "a greeting", "nothing was printed"
    for line in outcome.printed:
        if greeting := GREETING.match(line.text):
            said = int(greeting[1])
            expected = f"PID {line.pid}, exit code 0"
            actual = f"PID {said}, {ends.get(said, 'not a worker')}"
    return expected, actual


@pooltop.workload(
    title="Hello, process", section="First steps", items=("world",), check=greeted_by_itself, baseline="none"
)
def hello(whom: str, seconds: Annotated[float, Meta(ge=0, le=3600)] = 2.0) -> int:
    """One process that greets, works a little, and ends.

    What it shows: the life of a process. The standard library's words for it are `start`, `join` and `exitcode`.

    start: a process of its own is made, with a PID of its own. While its state is *starting* and *importing* it
    becomes a Python that knows this function; under the start method spawn that takes far longer than under
    forkserver, which copies a process that has imported everything already. The PID of its parent, which it prints,
    is the one that it was copied from: the fork server, or under spawn pooltop itself.

    run: the process calls the function on its one item, *world*. It shares no variable with anybody; what the function
    returns (here its PID) is pickled and sent back.

    join: pooltop waits until the process has ended, and so learns its exit code. 0 means that it came to its end by
    itself; a process that a signal has ended has the signal's name here instead.

    Watch the state of the one worker, the PID in the log, and the progress inside the item. There is one worker
    only: pooltop starts no more than there are items.

    Try to kill it while it works (K): another process with another PID takes over and greets again, and the check
    holds for the last greeting. Pause it (p): it stands still until you let it go on. Give it --seconds 20 and look
    at it with ps or htop from another terminal.
    """
    print(f"hello, {whom}, from PID {os.getpid()}, started by PID {os.getppid()}")
    for _ in pooltop.track(range(STEPS)):
        time.sleep(seconds / STEPS)
    print(f"goodbye from PID {os.getpid()}")
    return os.getpid()
