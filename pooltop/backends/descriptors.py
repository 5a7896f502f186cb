"""How many workers the limit on open files allows."""

import resource
import sys

from pooltop.figures import amount, plural

_PER_WORKER = 5
"""In the supervisor, which has the most: channel, output, pidfd and two pipes of multiprocessing's. The fork server has
one a worker."""
_BESIDES = 64
"""For everything else: the journal, the socket and its screens, the feeder, a child that is just being started."""

_LEAST = _BESIDES + _PER_WORKER


def descriptors_for(workers: int) -> int:
    """The open files that a run with so many workers needs."""
    return _BESIDES + _PER_WORKER * workers


def most_workers() -> int:
    """The workers that the hard limit on open files allows, to which every run raises its own."""
    return max(0, (_hard_limit() - _BESIDES) // _PER_WORKER)


def too_many(workers: int) -> str:
    """Why so many workers cannot be had, in one line; empty where they can."""
    limit = _hard_limit()
    if descriptors_for(workers) <= limit:
        return ""
    if not most_workers():
        return f"the limit on open files, {amount(limit)} (ulimit -n), is too low for any worker: that needs {_LEAST}"
    return (
        f"{plural(workers, 'worker')} need about {amount(descriptors_for(workers))} open files and the limit is "
        f"{amount(limit)} (ulimit -n): at most {plural(most_workers(), 'worker')}"
    )


def _hard_limit() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard
