"""What the fork server does once: take itself off the terminal, tie its life to the supervisor's, import the user's
module. Every child that is forked from it finds the module there and starts in milliseconds.

The standard library's fork server imports this module (`set_forkserver_preload`); an exception other than ImportError
would kill it, so the outcome of the user's import is kept, and each child meets it where it can be reported.
"""

import faulthandler
import os
import sys
import threading

import msgspec

import pooltop.children.feeder
import pooltop.children.worker  # noqa: F401  # so that a forked worker has nothing of ours left to import
from pooltop.children.lifeline import die_with_parent
from pooltop.children.preloaded import ORDER, ForkServer, Order
from pooltop.work.imported import WorkloadError, load


def _redirect(output: str) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(written, 1)
    os.dup2(written, 2)
    os.close(nothing)
    os.close(written)


def _carry_out(order: Order) -> None:
    die_with_parent(order.supervisor)
    ForkServer.pid = os.getpid()
    _redirect(order.output)
    faulthandler.enable(2)
    os.chdir(order.directory)
    if order.target is not None:
        try:
            ForkServer.outcome = load(order.target)
        except WorkloadError as error:
            ForkServer.outcome = error
        ForkServer.import_started_threads = threading.active_count() > 1
    sys.stdout.flush()
    sys.stderr.flush()


def _main() -> None:
    encoded = os.environ.pop(ORDER, None)
    if encoded is not None:
        _carry_out(msgspec.json.decode(encoded, type=Order))


_main()
