"""A run as it is now: what it sends while it runs, what its journal holds after that."""

import asyncio
import time
from collections import deque

import msgspec

from pooltop.model import ENDED, Snapshot
from pooltop.run.journal import JournalReader
from pooltop.runs import Run, RunError
from pooltop.wire.link import Link

_FAILURES = 100
"""As many as a snapshot has."""
_CONNECT_SECONDS = 5.0
"""How long a run that has just been started may take until it listens."""


async def connected(run: Run) -> Link:
    """A link to the run, which may not listen yet; RunError where it is not running."""
    deadline = time.monotonic() + _CONNECT_SECONDS
    while run.is_alive():
        try:
            return await Link.open(run.socket)
        except OSError as error:
            if time.monotonic() > deadline:
                raise RunError(f"run {run.id} does not answer: {error.strerror}") from error
            await asyncio.sleep(0.02)
    raise RunError(f"run {run.id} is not running")


def last_snapshot(run: Run) -> Snapshot | None:
    """What the journal holds of a run that is not running; of one whose supervisor died, as failed."""
    with JournalReader(run.journal) as reader:
        snapshot = reader.snapshot()
        if snapshot is not None:
            snapshot = msgspec.structs.replace(snapshot, failures=tuple(deque(reader.failures(), maxlen=_FAILURES)))
    if snapshot is None or snapshot.state in ENDED:
        return snapshot
    return msgspec.structs.replace(snapshot, state="failed", reason="its supervisor died")
