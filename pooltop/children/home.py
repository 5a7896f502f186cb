"""The first lines of every child process (feeder, worker, baseline, collector), before any user code runs in it."""

import faulthandler
import os
import signal
import socket
import sys
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

import msgspec

from pooltop.children.capture import PythonStreams, redirect_descriptors
from pooltop.children.lifeline import die_with_parent
from pooltop.children.preloaded import ForkServer, obtain
from pooltop.children.shared.commons import Commons
from pooltop.errors import summary, user_traceback
from pooltop.model import RunSpec
from pooltop.wire.channel import ChildEnd
from pooltop.wire.descriptor import PassedDescriptor
from pooltop.wire.messages import CannotStart
from pooltop.wire.slots import Phase, Slot
from pooltop.work.imported import Target, Workload, WorkloadError

STACK_SIGNAL: int = signal.SIGRTMAX - 1 if sys.platform == "linux" else getattr(signal, "SIGINFO", signal.SIGUSR2)
"""Asks a process for the stacks of its threads, also while C code holds the GIL. None that a person would send, or a
program use for itself."""


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """What all children of a run are told."""

    spec: RunSpec
    target: Target
    run_folder: str
    """The run's own directory."""
    runtime: str
    """Its folder for what ends with the supervisor."""
    fresh: bool = False
    """Baseline: write to a fresh folder, also where the person named one."""
    convert_items: bool = False
    """Items are texts, to be converted by the annotation of the function's first parameter."""


class Home(msgspec.Struct):
    """What one child is given: its private channel, the pipe below its output, and its slot."""

    channel_socket: socket.socket
    log: PassedDescriptor
    slots: Any
    slot_number: int
    assignment: Assignment
    stdin: PassedDescriptor | None = None
    commons: Commons | None = None
    """What it shares with others."""

    def move_in(self) -> tuple[ChildEnd, Slot]:
        """Make this process a child of the run: dies with its parent, cannot reach the terminal, has clean signals."""
        parent = parent_process()
        assert parent is not None and parent.pid is not None
        os.setpgid(0, 0)
        die_with_parent(ForkServer.pid or parent.pid)
        redirect_descriptors(self.log.descriptor)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        record_stacks(Path(self.assignment.runtime))
        os.chdir(self.assignment.spec.directory)
        target = self.assignment.target
        sys.argv = [target.file or target.module]
        slot = Slot(self.slots, self.slot_number)
        slot.enter(Phase.IMPORTING)
        return ChildEnd(self.channel_socket), slot


def record_stacks(folder: Path) -> None:
    """Have what a crash can still say of this process's threads, and what they do when it is asked, written to a file.

    Not to the log: an item's failure has its own.
    """
    try:
        file = os.open(stacks_of(folder, os.getpid()), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:  # no room for a file is no reason not to work
        file = 2
    faulthandler.enable(file)
    faulthandler.register(STACK_SIGNAL, file)


def stacks_of(folder: Path, pid: int) -> Path:
    """Where a process of the run writes its stacks."""
    return folder / f"stacks-{pid}"


def obtain_workload(assignment: Assignment) -> tuple[Workload, dict[str, object]]:
    """The workload and its options' values. Raises WorkloadError."""
    workload = obtain(assignment.target)
    run_folder = Path(assignment.run_folder)
    options = workload.bind(
        assignment.spec.options,
        run_folder=run_folder / "baseline" if assignment.fresh else run_folder,
        directory=Path(assignment.spec.directory),
        fresh=assignment.fresh,
    )
    return workload, options


def report_start(channel: ChildEnd, streams: PythonStreams, error: BaseException) -> None:
    """Tell the supervisor why this child cannot begin."""
    streams.end_lines()
    if isinstance(error, WorkloadError):
        channel.send(CannotStart(str(error), error.details))
    else:
        channel.send(CannotStart(summary(error), user_traceback(error)))
