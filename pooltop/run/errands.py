"""The children other than workers (feeder, baseline, collector), each started for one answer."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from pooltop.backends.local import LocalProcesses, StartError
from pooltop.children.home import Assignment
from pooltop.errors import WorkloadError
from pooltop.run.contact import KILL_SECONDS, Contact
from pooltop.run.logbook import Logbook
from pooltop.run.sharing import Concern, Sharing
from pooltop.wire.channel import Body
from pooltop.wire.messages import CannotStart, Message
from pooltop.wire.slots import CAPACITY, Slot

SCRATCH_SLOT = CAPACITY - 1
"""The slot of the children that show nothing."""

T = TypeVar("T")


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
    ) -> T:
        """Start a child and wait for a message of that type.

        What it says after that goes to `then`, and how it ended to `on_end`. `sharing` is what it shares.
        Raises WorkloadError when the child says that it cannot start, StartError when it dies first.
        """
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
                answer.set_exception(StartError(f"the {name} died: {how}"))

        commons = sharing.commons if sharing else None
        child = await self._processes.start(main, slot_number, assignment, *arguments, stdin=stdin, commons=commons)
        slot = Slot(self._processes.slots, slot_number)
        contact = self._sent[name] = Contact(child, slot, None, self._logbook, on_message, on_death)
        if sharing is not None:
            sharing.join(slot_number, child.pid, contact.send)
        return await answer

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
