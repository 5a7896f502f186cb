"""Processes on this machine: starts the children of a run, signals them, and sees to it that none is left.

Children come from the standard library's fork server (or spawn), which has traps; DESIGN notes stand beside each way
out. `Process.start()` blocks, so one thread does it; that thread never ends, since the parent-death signal follows it.
"""

import asyncio
import contextlib
import errno
import multiprocessing
import os
import select
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver, resource_tracker
from multiprocessing import process as process_module
from multiprocessing.context import BaseContext
from multiprocessing.process import current_process
from pathlib import Path
from typing import Any

import msgspec

from pooltop.children.home import Assignment, Home
from pooltop.children.preloaded import ORDER, Order
from pooltop.children.shared.commons import Commons
from pooltop.model import StartMethod
from pooltop.wire.descriptor import PassedDescriptor
from pooltop.wire.slots import Slot, make_slots

DYING_SECONDS = 0.002
"""How often a dying process is looked at."""


def describe_exit(exit_code: int) -> str:
    """`SIGSEGV` or `exit code 5`, from a process's exit code (negative: minus the signal's number)."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


TERMINAL_SIGNALS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


class StartError(Exception):
    """A child could not be started: one clear line."""


def _shield_from_the_terminal() -> None:
    """Let what this thread starts (fork server, resource tracker) be deaf to a Ctrl-C or hang-up of the whole group.

    It is the supervisor's to act on that. Our own children clear the mask in their first lines.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL_SIGNALS)
    resource_tracker.ensure_running()
    # Python 3.11 unblocks them when it has started the tracker.
    signal.pthread_sigmask(signal.SIG_BLOCK, TERMINAL_SIGNALS)


def _start(process: Any) -> None:
    """Start it, and keep it out of multiprocessing's own list of children.

    Every later start asks all that are listed whether they have ended. It would do so in this thread while the loop's
    thread buries one of them, and one of the two would find it reaped already and take its exit code for unknown.
    """
    process.start()
    process_module._children.discard(process)  # type: ignore[attr-defined]  # there is no public way


class Child:
    """One process, seen from the supervisor: its private channel's end, the pipe of its output, its death."""

    def __init__(self, process: Any, channel: socket.socket, log: int, fork_server: int | None) -> None:
        self.fork_server = fork_server
        self._process = process
        self.pid: int = process.pid
        self.channel = channel
        self.log = log
        # From here on a signal can only reach this very process, whatever becomes of its PID.
        self._pidfd: int | None = None
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(OSError):
                self._pidfd = os.pidfd_open(self.pid)
        # Under spawn the standard library's sentinel is a pipe that the process's own children keep open.
        spawned = fork_server is None and self._pidfd is not None
        self.sentinel: int = self._pidfd if spawned and self._pidfd is not None else process.sentinel

    def signal(self, number: int) -> bool:
        """Send a signal to the process alone; False when it is gone."""
        try:
            if self._pidfd is not None:
                signal.pidfd_send_signal(self._pidfd, number)
            else:
                os.kill(self.pid, number)
        except OSError:
            return False
        return True

    def signal_group(self, number: int) -> bool:
        """Send a signal to the process and its own children; False when it is gone."""
        if not self.signal(0):
            return False
        # Before its first lines have run it is not yet a group of its own.
        with contextlib.suppress(OSError):
            os.killpg(self.pid, number)
            return True
        return self.signal(number)

    def kill(self) -> None:
        """End the process and its own children now."""
        self.signal_group(signal.SIGKILL)

    def bury(self) -> str:
        """After its sentinel: end what it left behind, free its descriptors; how it ended (`SIGSEGV`)."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.join()
        how = describe_exit(self._process.exitcode)
        self._process.close()
        if self._pidfd is not None:
            os.close(self._pidfd)
        return how


class LocalProcesses:
    """The children of one run on this machine."""

    def __init__(self, start_method: StartMethod, runtime: Path, import_log: Path) -> None:
        # "fork" means a fork from the fork server: never from a process with threads and a loop.
        self._forks = start_method != "spawn"
        self.context: BaseContext = multiprocessing.get_context("forkserver" if self._forks else "spawn")
        self._import_log = import_log
        self._closed = False
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter", initializer=_shield_from_the_terminal)
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
        """Start one child. Raises StartError."""
        if self._closed:
            raise StartError("the run is ending")
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
            await asyncio.get_running_loop().run_in_executor(self._starter, _start, process)
        except (OSError, EOFError) as error:
            ours.close()
            os.close(log_read)
            raise StartError(await self._why(error)) from error
        finally:
            theirs.close()
            os.close(log_write)
        return Child(process, ours, log_read, self.fork_server_pid)

    async def _why(self, error: Exception) -> str:
        while self._fork_server_is_gone() and self._fork_server_exit() is None:
            await asyncio.sleep(DYING_SECONDS)
        code = self._fork_server_exit()
        if code is not None:
            return f"the import ended the process: {describe_exit(code)}"
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            return "too many open files for so many workers (ulimit -n)"
        return f"no process could be started: {error or type(error).__name__}"

    @property
    def fork_server_pid(self) -> int | None:
        """The fork server's PID, None under spawn or before the first start."""
        return getattr(forkserver._forkserver, "_forkserver_pid", None) if self._forks else None

    def _fork_server_exit(self) -> int | None:
        """How the fork server has ended, None while it lives; leaves it to be reaped by its owner."""
        pid = self.fork_server_pid
        if pid is None:
            return None
        with contextlib.suppress(ChildProcessError):
            gone = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if gone is not None:
                return gone.si_status if gone.si_code == os.CLD_EXITED else -gone.si_status
        return None

    def _fork_server_is_gone(self) -> bool:
        """Whether it has closed its end of the pipe by which it sees us live: a dying process does that before it can
        be waited for, and before its children are seen to end."""
        pipe = getattr(forkserver._forkserver, "_forkserver_alive_fd", None) if self._forks else None
        if pipe is None:
            return False
        poll = select.poll()
        poll.register(pipe, 0)
        return bool(poll.poll(0))

    def has_lost(self, child: Child) -> bool:
        """Whether the fork server that a child came from is gone, and so took it along."""
        if child.fork_server is None:
            return False
        return child.fork_server != self.fork_server_pid or self._fork_server_is_gone()

    async def end_fork_server(self) -> None:
        """Kill the fork server, and wait until that can be seen: the next start makes a new one."""
        self._kill_fork_server()
        while self.fork_server_pid is not None and self._fork_server_exit() is None:
            await asyncio.sleep(DYING_SECONDS)

    def _kill_fork_server(self) -> None:
        pid = self.fork_server_pid
        if pid is not None:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Nothing more will be started."""
        self._closed = True
        self._kill_fork_server()
        self._starter.shutdown(wait=False, cancel_futures=True)
        current_process()._config.pop("tempdir", None)  # type: ignore[attr-defined]  # as above
