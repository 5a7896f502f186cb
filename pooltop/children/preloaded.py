"""What the fork server has left in memory for every child that is forked from it."""

import msgspec

from pooltop.work.imported import Target, Workload, WorkloadError, load
from pooltop.work.load import put_first

ORDER = "POOLTOP_PRELOAD"
"""The environment variable with the `Order`, JSON; taken out of the environment before user code runs."""


class Order(msgspec.Struct, frozen=True):
    """What the fork server is to do."""

    supervisor: int
    target: Target | None
    """None: do not import it here, each worker does."""
    directory: str
    output: str
    """The file that takes what the import prints."""


class ForkServer:
    """The fork server that this process is or descends from; all is as below under spawn."""

    pid: int | None = None
    import_started_threads = False
    outcome: Workload | WorkloadError | None = None
    """Of the user's import; None where it has not been tried."""


def obtain(target: Target) -> Workload:
    """The workload, imported in the fork server or now. Raises WorkloadError."""
    put_first(target.folder)  # multiprocessing has given this process the supervisor's sys.path
    outcome = ForkServer.outcome if ForkServer.outcome is not None else load(target)
    if isinstance(outcome, WorkloadError):
        raise outcome
    return outcome
