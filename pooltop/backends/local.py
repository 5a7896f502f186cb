"""Processes on this machine: starts the children of a run, signals them, and sees to it that none is left.

Children come from the standard library's fork server (or spawn), which has traps; notes stand beside each way out.
"""

import asyncio
import contextlib
import errno
import fcntl
import multiprocessing
import os
import signal
import socket
import sys
import termios
from collections.abc import Callable
from multiprocessing.context import BaseContext
from multiprocessing.process import current_process
from pathlib import Path
from typing import Any

import msgspec

from pooltop.backends.fork_server import ForkServer, Patience
from pooltop.backends.group import Group, look_at
from pooltop.backends.guard import Guard
from pooltop.backends.starter import start_process, starter_thread
from pooltop.children.home import Assignment, Home
from pooltop.children.preloaded import ORDER, Order
from pooltop.children.shared.commons import Commons
from pooltop.model import StartMethod
from pooltop.runs import LOCK
from pooltop.wire.descriptor import PassedDescriptor
from pooltop.wire.slots import Slot, make_slots

STARTS_TRIED = 3
"""Times that a child is started anew when the fork server, or the child, is killed meanwhile."""
FROM_OUTSIDE = {-signal.SIGKILL, -signal.SIGTERM}
"""What ends a process that has done nothing wrong; a crash or an exit is its own doing."""
PATIENCE = Patience()
NEVER = -1.0
"""No process was born then."""


def describe_exit(exit_code: int) -> str:
    """`SIGSEGV` or `exit code 5`, from a process's exit code (negative: minus the signal's number)."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


class StartError(Exception):
    """A child could not be started: one clear line."""


class PreloadHangs(StartError):
    """The fork server was killed while it imported: one clear line. From now on each child imports for itself, so that
    another start may do better."""


class Child:
    """One process, seen from the supervisor: its private channel's end, the pipe of its output, its death."""

    def __init__(self, process: Any, channel: socket.socket, log: int, fork_server: int | None, guard: Guard) -> None:
        self.lost = False
        """Once it is buried: whether the fork server it came from had died first, and so took it along."""
        self.fork_server = fork_server
        """The PID of the one it came from; None under spawn."""
        self._process = process
        self._guard = guard
        self.pid: int = process.pid
        self.channel = channel
        self.log = log
        self._group = self._own_group(fork_server or os.getpid())
        guard.watch(self._group)
        # Under spawn the standard library's sentinel is a pipe that the process's own children keep open.
        pidfd = self._group.pidfd if fork_server is None else None
        self.sentinel: int = process.sentinel if pidfd is None else pidfd

    def _own_group(self, parent: int) -> Group:
        """From here on a signal can only reach this very process and its group; nobody, if the fork server has reaped
        it already and somebody else may have its PID."""
        seen = look_at(self.pid)
        birth = seen.birth if seen is not None and seen.parent == parent else NEVER
        return Group(self.pid, birth, os.getsid(0))

    def signal(self, number: int) -> bool:
        """Send a signal to the process alone; False when it is gone."""
        return self._group.signal_leader(number)

    def signal_group(self, number: int) -> bool:
        """Send a signal to the process and its own children; False when there are none."""
        # Before its first lines have run it is not yet a group of its own.
        return self._group.signal(number) or self._group.signal_leader(number)

    def kill(self) -> None:
        """End the process and its own children now."""
        self.signal_group(signal.SIGKILL)

    def bury(self) -> str:
        """After its sentinel: end what it left behind, free its descriptors; how it ended (`SIGSEGV`)."""
        self._group.signal(signal.SIGKILL)
        # The fork server writes how a child has ended; that it will never do so is all one sees when it has died.
        self.lost = self.fork_server is not None and not _bytes_waiting(self._process.sentinel)
        self._process.join()
        how = describe_exit(self._process.exitcode)
        self._process.close()
        self._group.close()
        self._guard.forget(self._group)
        return how


class LocalProcesses:
    """The children of one run on this machine."""

    def __init__(
        self, start_method: StartMethod, runtime: Path, import_log: Path, *, patience: Patience = PATIENCE
    ) -> None:
        # "fork" means a fork from the fork server: never from a process with threads and a loop.
        self._forks = start_method != "spawn"
        self.context: BaseContext = multiprocessing.get_context("forkserver" if self._forks else "spawn")
        self._runtime = runtime
        self._import_log = import_log
        self._patience = patience
        self._fork_server = ForkServer()
        self._imported_in: int | None = None
        """The fork server that has come through its import."""
        self._guard: Guard | None = None
        self._closed = False
        self._one_at_a_time = asyncio.Lock()
        self._starter = starter_thread()
        # multiprocessing keeps the fork server's listener here; a killed run's is swept away with its folder.
        current_process()._config["tempdir"] = str(runtime)  # type: ignore[attr-defined]  # there is no public way
        self.slots = make_slots(self.context)

    def prepare(self, assignment: Assignment, *, preload_target: bool = True) -> None:
        """Have the fork server import the user's module, once. (Under spawn each child does.)"""
        if not self._forks:
            return
        order = Order(
            supervisor=os.getpid(),
            target=assignment.target if preload_target else None,
            directory=assignment.spec.directory,
            output=str(self._import_log),
        )
        os.environ[ORDER] = msgspec.json.encode(order).decode()
        self.context.set_forkserver_preload(["pooltop.children.preload"])

    async def start(
        self,
        main: Callable[..., None],
        slot_number: int,
        assignment: Assignment,
        *arguments: object,
        stdin: int | None = None,
        commons: Commons | None = None,
    ) -> Child:
        """Start one child; again, where the fork server dies meanwhile of no fault of the import's.

        Raises StartError, and PreloadHangs, after which it may be tried again.
        """
        async with self._one_at_a_time:
            Slot(self.slots, slot_number).clear()
            ours, theirs = socket.socketpair()
            log_read, log_write = os.pipe()
            os.set_blocking(log_read, False)
            home = Home(
                theirs,
                PassedDescriptor(log_write),
                self.slots,
                slot_number,
                assignment,
                PassedDescriptor(stdin) if stdin is not None else None,
                commons,
            )
            process = self.context.Process(  # type: ignore[attr-defined]  # each concrete context has it
                target=main, args=(home, *arguments), name=f"pooltop-{slot_number}", daemon=False
            )
            try:
                await self._start(process, assignment)
            except StartError:
                ours.close()
                os.close(log_read)
                raise
            finally:
                theirs.close()
                os.close(log_write)
            return Child(process, ours, log_read, self.fork_server_pid, self._guarded(assignment))

    async def _start(self, process: Any, assignment: Assignment) -> None:
        for tries_left in reversed(range(STARTS_TRIED)):
            if self._closed:
                raise StartError("the run is ending")
            try:
                await self._start_or_hang(process, assignment)
            except (OSError, EOFError) as error:
                ended = await self._fork_server.ended() if self._forks else None
                if not (tries_left and self._may_be_chance(error, ended)):
                    raise StartError(_why(error, ended)) from error
            else:
                self._imported_in = self.fork_server_pid
                return

    async def _start_or_hang(self, process: Any, assignment: Assignment) -> None:
        """Start it in the thread for that. Raises OSError, EOFError, and PreloadHangs where the import does."""
        starting = asyncio.get_running_loop().run_in_executor(self._starter, start_process, process)
        if not self._forks or (self._imported_in == self.fork_server_pid is not None):
            await starting
            return
        hanging = asyncio.ensure_future(self._fork_server.hangs(self._patience))
        either: set[asyncio.Future[Any]] = {starting, hanging}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                return
            self.prepare(assignment, preload_target=False)
            await self._fork_server.end()
            with contextlib.suppress(OSError, EOFError):
                await starting
            raise PreloadHangs(f"the import {hanging.result()}")
        finally:
            hanging.cancel()

    def _may_be_chance(self, error: Exception, fork_server_ended: int | None) -> bool:
        if _is_out_of_descriptors(error):
            return False
        had_imported = self._imported_in == self.fork_server_pid
        return fork_server_ended is None or fork_server_ended in FROM_OUTSIDE or had_imported

    def _guarded(self, assignment: Assignment) -> Guard:
        """The run's guardian, started after the first child so that it delays none."""
        if self._guard is None:
            self._guard = Guard(self._runtime, Path(assignment.run_folder) / LOCK)
            if not self._closed:
                self._starter.submit(self._guard.start)
        return self._guard

    @property
    def fork_server_pid(self) -> int | None:
        """The fork server's PID, None under spawn or before the first start."""
        return self._fork_server.pid if self._forks else None

    def has_lost(self, child: Child) -> bool:
        """Whether the fork server that a child came from is gone, and so took it along."""
        return child.lost

    def kill_fork_server(self) -> None:
        """Kill the fork server; what came from it dies with it, and the next start makes a new one."""
        if self._forks:
            self._fork_server.kill()

    async def end_fork_server(self) -> None:
        """Kill the fork server, and wait until that can be seen: the next start makes a new one."""
        if self._forks:
            await self._fork_server.end()

    def close(self) -> None:
        """Nothing more will be started."""
        self._closed = True
        if self._forks:
            self._fork_server.kill()
        if self._guard is not None:
            self._guard.end()
        self._starter.shutdown(wait=False, cancel_futures=True)
        current_process()._config.pop("tempdir", None)  # type: ignore[attr-defined]  # as above


def _bytes_waiting(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def _why(error: Exception, fork_server_ended: int | None) -> str:
    if fork_server_ended is not None:
        return f"the import ended the process: {describe_exit(fork_server_ended)}"
    if _is_out_of_descriptors(error):
        return "too many open files for so many workers (ulimit -n)"
    return f"no process could be started: {error or type(error).__name__}"


def _is_out_of_descriptors(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)
