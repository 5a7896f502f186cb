"""What the fork server does once: take itself off the terminal, tie its life to the supervisor's, import the user's
module. Every child that is forked from it finds the module there and starts in milliseconds.

The standard library's fork server imports this module (`set_forkserver_preload`); an exception other than ImportError
would kill it, so the outcome of the user's import is kept, and each child meets it where it can be reported.
"""

import os
import sys
import threading

import msgspec

from pooltop.imported import Target, Workload, WorkloadError, load

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


fork_server_pid: int | None = None
"""The PID of the fork server that this process is or descends from; None under spawn."""
import_started_threads = False
_outcome: Workload | WorkloadError | None = None


def obtain(target: Target) -> Workload:
    """The workload, imported in the fork server or now. Raises WorkloadError."""
    outcome = _outcome if _outcome is not None else load(target)
    if isinstance(outcome, WorkloadError):
        raise outcome
    return outcome


def _redirect(output: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.close(nothing)
    os.close(written)


def _carry_out(order: Order) -> None:
    global fork_server_pid, import_started_threads, _outcome
    import faulthandler

    import pooltop.feeder
    import pooltop.worker  # noqa: F401  # so that a forked worker has nothing of ours left to import
    from pooltop.lifeline import die_with_parent

    die_with_parent(order.supervisor)
    fork_server_pid = os.getpid()
    _redirect(order.output)
    faulthandler.enable(2)
    os.chdir(order.directory)
    if order.target is not None:
        try:
            _outcome = load(order.target)
        except WorkloadError as error:
            _outcome = error
        import_started_threads = threading.active_count() > 1
    sys.stdout.flush()
    sys.stderr.flush()


def _main() -> None:
    encoded = os.environ.pop(ORDER, None)
    if encoded is not None:
        _carry_out(msgspec.json.decode(encoded, type=Order))


_main()
