"""Following a run to its end, whichever end that is."""

from collections.abc import AsyncIterator

import msgspec

from pooltop.model import ENDED, Snapshot
from tui.engine import Feed

NEVER_SEEN = Snapshot(run="", workload="run", state="failed", time=0.0)


async def to_the_end(feed: Feed) -> AsyncIterator[Snapshot]:
    """The feed's snapshots; where it breaks off before the run has ended, one more that says so."""
    last = NEVER_SEEN
    why = ""
    try:
        async for snapshot in feed.snapshots():
            last = snapshot
            yield snapshot
    except Exception as error:  # whatever a broken connection brings must not take the screen with it
        why = f" ({error})"
    if last.state not in ENDED or last is NEVER_SEEN:
        reason = f"The run's supervisor is gone{why}; what was finished is kept in the run's directory."
        yield msgspec.structs.replace(last, state="failed", reason=reason)
