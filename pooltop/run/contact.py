"""A child as the supervisor deals with it: its process, its channel, its printed lines, and its death, in one."""

import asyncio
import signal
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pooltop.backends.local import Child
from pooltop.children.home import STACK_SIGNAL
from pooltop.errors import LONGEST_LINE, LONGEST_TRACEBACK, shortened, user_dump
from pooltop.run.logbook import Logbook, OutputPipe
from pooltop.run.sampler import stopped
from pooltop.wire.channel import Body, SupervisorEnd
from pooltop.wire.messages import Message, Printed
from pooltop.wire.slots import Slot

KILL_SECONDS = 2.0
"""How long a killed process may take to be gone; it may be deep in a system call."""
SIGNALS_FROM_OUTSIDE = frozenset({"SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"})
"""A process that one of these ends before it has begun has probably not failed by itself."""
STOP_SECONDS = 0.5
"""A process in the middle of a system call that cannot be interrupted takes its time to stop."""
STACK_SECONDS = 0.5
"""How long a process may take to write its stacks; one that stands still never does."""
MOST_STACKS = 1 << 16
"""Bytes of its stacks that are read."""
LINES_KEPT = 50
LINES_TOLD = 5
"""Of what it prints, for the account of an item that failed."""


class Contact:
    """Calls `on_message` for each message (printed lines go to the log) and `on_death` once, with how it ended.

    A death is taken from the process's sentinel, never from the end of its channel, which its own children may hold
    open; what it had sent whole before is delivered first.
    """

    def __init__(
        self,
        child: Child,
        slot: Slot,
        slot_number: int | None,
        stacks_file: Path,
        logbook: Logbook,
        on_message: Callable[[Message, Body], None],
        on_death: Callable[[str], None],
    ) -> None:
        self.child = child
        self.slot = slot
        self.dead = False
        self.held = False
        """Told to stand still, and not yet to go on."""
        self._lines: deque[tuple[str, str | None]] = deque(maxlen=LINES_KEPT)
        """What it has printed last, and with which item in hand."""
        self.stacks = ""
        """What it has written of its stacks, read at its death at the latest; without the frames of the engine."""
        self._stacks_file = stacks_file
        self._slot_number = slot_number
        self._logbook = logbook
        self._on_message = on_message
        self._on_death = on_death
        self._channel = SupervisorEnd(child.channel, self._message, self._nonsense)
        self._output = OutputPipe(child.log, self._line)
        asyncio.get_running_loop().add_reader(child.sentinel, self._died)

    @property
    def pid(self) -> int:
        """The process's PID."""
        return self.child.pid

    def send(self, message: Message, body: Body = b"") -> None:
        """Send without waiting."""
        self._channel.send(message, body)

    def read(self, wanted: bool) -> None:
        """Listen to it, or (False) leave it to wait with what it has to say."""
        if not self.dead:
            self._channel.read(wanted)
            self._output.read(wanted)

    async def write_stacks(self) -> None:
        """Have it write the stacks of its threads to `stacks`, and wait for that; not for one that stands still."""
        deadline = time.monotonic() + STACK_SECONDS
        before, now = -1, self._stacks_size()
        self.child.signal(STACK_SIGNAL)
        while not self.dead and time.monotonic() < deadline and (before != now or not now):
            await asyncio.sleep(0.01)
            before, now = now, self._stacks_size()
        self._read_stacks()

    def _stacks_size(self) -> int:
        try:
            return self._stacks_file.stat().st_size
        except OSError:
            return 0

    def _read_stacks(self) -> None:
        with suppress(OSError), self._stacks_file.open("rb") as file:
            self.stacks = shortened(user_dump(file.read(MOST_STACKS).decode("utf-8", "replace")), LONGEST_TRACEBACK)

    def _keep(self, line: str, item: str | None) -> None:
        self._lines.append((shortened(line, LONGEST_LINE), item))

    def last_lines(self, item: str | None = None) -> tuple[str, ...]:
        """What it has printed last; with this item in hand, where one is named."""
        lines = [line for line, printed_by in self._lines if item is None or printed_by == item]
        return tuple(lines[-LINES_TOLD:])

    def kill(self) -> None:
        """End it and its children now; `on_death` will be called."""
        if not self.dead:
            self.child.kill()

    def terminate(self) -> None:
        """Ask it and its children to end (SIGTERM)."""
        self.child.signal_group(signal.SIGTERM)

    def stop(self) -> None:
        """Stop it and its children (SIGSTOP)."""
        self.held = True
        self.child.signal_group(signal.SIGSTOP)

    async def stands_still(self) -> bool:
        """Wait until it really does; False when it is gone."""
        deadline = time.monotonic() + STOP_SECONDS
        while not self.dead and time.monotonic() < deadline:
            if stopped({self.pid}):
                return True
            await asyncio.sleep(0.001)
        return not self.dead

    def go_on(self) -> None:
        """Let it and its children go on (SIGCONT)."""
        self.held = False
        self.child.signal_group(signal.SIGCONT)

    def _message(self, message: Message, body: Body) -> None:
        if isinstance(message, Printed):
            self._keep(message.text, message.item)
            self._logbook.printed(
                message.text,
                error_stream=message.error_stream,
                slot=self._slot_number,
                pid=self.pid,
                item=message.item,
            )
        else:
            self._on_message(message, body)

    def _nonsense(self) -> None:
        """User code has written into its channel: nothing that comes from it can be understood any more."""
        self._logbook.event(f"process {self.pid} has sent what is no message; killed", pid=self.pid)
        self.kill()

    def _line(self, text: str) -> None:
        begun = self.slot.begun() if self._slot_number is not None else None
        item = self.slot.label if begun and begun[3] == "running" else None
        self._keep(text, item)
        self._logbook.printed(text, slot=self._slot_number, pid=self.pid, item=item)

    def _died(self) -> None:
        asyncio.get_running_loop().remove_reader(self.child.sentinel)
        self.dead = True
        how = "an unknown end"
        try:
            how = self.child.bury()
            self._channel.drain()
            self._output.close()
            self._read_stacks()
            self._stacks_file.unlink(missing_ok=True)
        finally:
            # Whatever goes wrong here: nobody may wait for it for ever.
            self._on_death(how)
