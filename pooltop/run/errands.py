"""The children other than workers (feeder, baseline, collector), each started for one answer."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pooltop.backends.local import LocalProcesses, StartError
from pooltop.children.home import Assignment, stacks_of
from pooltop.errors import WorkloadError
from pooltop.run.contact import KILL_SECONDS, SIGNALS_FROM_OUTSIDE, Contact
from pooltop.run.logbook import Logbook
from pooltop.run.sharing import Concern, Sharing
from pooltop.wire.channel import Body
from pooltop.wire.messages import CannotStart, Message
from pooltop.wire.slots import CAPACITY, Slot

SCRATCH_SLOT = CAPACITY - 1
"""The slot of the children that show nothing."""

T = TypeVar("T")


class _KilledFromOutside(StartError):
    """It had no part in its death."""


def _ignore(*_: object) -> None: ...


class Errands:
    """Children by name; `close` ends those that are left."""

    def __init__(self, processes: LocalProcesses, logbook: Logbook) -> None:
        self._processes = processes
        self._logbook = logbook
        self._sent: dict[str, Contact] = {}

    def __getitem__(self, name: str) -> Contact:
        return self._sent[name]

    def pid(self, name: str) -> int | None:
        """The PID of a child that is under way."""
        contact = self._sent.get(name)
        return contact.pid if contact and not contact.dead else None

    async def send(
        self,
        name: str,
        main: Callable[..., None],
        assignment: Assignment,
        *arguments: object,
        until: type[T],
        slot_number: int = SCRATCH_SLOT,
        stdin: int | None = None,
        sharing: Sharing | None = None,
        then: Callable[[Message, Body], None] = _ignore,
        on_end: Callable[[str], None] = _ignore,
        tries: int = 3,
    ) -> T:
        """Start a child and wait for a message of that type; one that is killed from outside first is sent again.

        What it says after that goes to `then`, and how it ended to `on_end`. `sharing` is what it shares.
        Raises WorkloadError when the child says that it cannot start, StartError when it dies first.
        """
        while True:
            tries -= 1
            try:
                return await self._send_once(
                    name, main, assignment, *arguments,
                    until=until, slot_number=slot_number, stdin=stdin, sharing=sharing, then=then, on_end=on_end,
                )  # fmt: skip
            except _KilledFromOutside:
                if not tries:
                    raise

    async def _send_once(
        self,
        name: str,
        main: Callable[..., None],
        assignment: Assignment,
        *arguments: object,
        until: type[T],
        slot_number: int,
        stdin: int | None,
        sharing: Sharing | None,
        then: Callable[[Message, Body], None],
        on_end: Callable[[str], None],
    ) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def on_message(message: Message, body: Body) -> None:
            if isinstance(message, Concern):
                if sharing is not None:
                    sharing.message(slot_number, message, body)
            elif answer.done():
                then(message, body)
            elif isinstance(message, until):
                answer.set_result(message)
            elif isinstance(message, CannotStart):
                answer.set_exception(WorkloadError(message.error, message.details))

        def on_death(how: str) -> None:
            if answer.done():
                on_end(how)
            else:
                outside = how in SIGNALS_FROM_OUTSIDE or self._processes.has_lost(child)
                kind = _KilledFromOutside if outside else StartError
                answer.set_exception(kind(f"the {name} died: {how}"))

        commons = sharing.commons if sharing else None
        child = await self._processes.start(main, slot_number, assignment, *arguments, stdin=stdin, commons=commons)
        slot = Slot(self._processes.slots, slot_number)
        stacks_file = stacks_of(Path(assignment.runtime), child.pid)
        contact = self._sent[name] = Contact(child, slot, None, stacks_file, self._logbook, on_message, on_death)
        if sharing is not None:
            sharing.join(slot_number, child.pid, contact.send)
        return await answer

    def lost_with_fork_server(self, name: str) -> bool:
        """Whether a child's fork server is gone, and so took it along."""
        return self._processes.has_lost(self._sent[name].child)

    async def dismiss(self, name: str) -> None:
        """End one now."""
        contact = self._sent.pop(name)
        contact.kill()
        deadline = time.monotonic() + KILL_SECONDS
        while not contact.dead and time.monotonic() < deadline:
            await asyncio.sleep(0.002)

    async def close(self) -> None:
        """End those that are left."""
        for name in list(self._sent):
            await self.dismiss(name)
