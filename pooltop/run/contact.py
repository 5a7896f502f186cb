"""A child as the supervisor deals with it: its process, its channel, its printed lines, and its death, in one."""

import asyncio
import signal
import time
from collections.abc import Callable

from pooltop.backends.local import Child
from pooltop.run.logbook import Logbook, OutputPipe
from pooltop.run.sampler import stopped
from pooltop.wire.channel import Body, SupervisorEnd
from pooltop.wire.messages import Message, Printed
from pooltop.wire.slots import Slot

KILL_SECONDS = 2.0
"""How long a killed process may take to be gone; it may be deep in a system call."""
STOP_SECONDS = 0.5
"""A process in the middle of a system call that cannot be interrupted takes its time to stop."""


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
        logbook: Logbook,
        on_message: Callable[[Message, Body], None],
        on_death: Callable[[str], None],
    ) -> None:
        self.child = child
        self.slot = slot
        self.dead = False
        self.held = False
        """Told to stand still, and not yet to go on."""
        self._slot_number = slot_number
        self._logbook = logbook
        self._on_message = on_message
        self._on_death = on_death
        self._channel = SupervisorEnd(child.channel, self._message)
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

    def kill(self) -> None:
        """End it and its children now; `on_death` will be called."""
        if not self.dead:
            self.child.kill()

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
            self._logbook.printed(
                message.text,
                error_stream=message.error_stream,
                slot=self._slot_number,
                pid=self.pid,
                item=message.item,
            )
        else:
            self._on_message(message, body)

    def _line(self, text: str) -> None:
        begun = self.slot.begun() if self._slot_number is not None else None
        item = self.slot.label if begun and begun[3] == "running" else None
        self._logbook.printed(text, slot=self._slot_number, pid=self.pid, item=item)

    def _died(self) -> None:
        asyncio.get_running_loop().remove_reader(self.child.sentinel)
        self.dead = True
        how = "an unknown end"
        try:
            how = self.child.bury()
            self._channel.drain()
            self._output.close()
        finally:
            # Whatever goes wrong here: nobody may wait for it for ever.
            self._on_death(how)
