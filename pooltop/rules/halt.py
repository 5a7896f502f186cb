"""When too many failures end a run, pure: GNU parallel's `--halt`."""

from pooltop.figures import plural
from pooltop.model import Halt

LEAST_FAILED = 3
"""A share says little of the first few items: GNU parallel waits for three failures, too."""


def verdict(halt: Halt | None, failed: int, ended: int) -> str:
    """Why the run is to end, one line; "" where it goes on. `ended` counts the failed ones, too."""
    if halt is None or not failed:
        return ""
    if halt.count is not None:
        too_many = failed >= halt.count
    else:
        too_many = failed >= LEAST_FAILED and 100 * failed >= (halt.percent or 0) * ended
    return f"{plural(failed, 'item')} of {ended:,} failed (--halt {halt})" if too_many else ""
