"""A slot of the pool, as the crew keeps it: it outlives the processes that sit in it one after another."""

import time
from dataclasses import dataclass, field
from typing import Literal

from pooltop.children.worker import ChunkMemory
from pooltop.rules.actions import Begun
from pooltop.rules.speedup import RateMeter
from pooltop.run.contact import Contact
from pooltop.wire.slots import Slot


@dataclass
class Bench:
    """A slot of the pool; outlives the processes in it."""

    number: int
    view: Slot
    contact: Contact | None = None
    ready: bool = False
    chunks: ChunkMemory = field(default_factory=ChunkMemory)
    last_ticket: int = 0
    counter_names: dict[int, str] = field(default_factory=dict)
    frozen: Literal["", "paused", "stopped"] = ""
    draining: bool = False
    doomed: str = ""
    """Why pooltop ends the present process ("killed by you"); a death then is no strike."""
    signalled: str = ""
    """The signal that a person sent it; a death by just that one is no strike either."""
    skip: int | None = None
    """The input index of the item that is to be given up with the process."""
    cannot_start: tuple[str, str] | None = None
    """What the process says it cannot start for, and the user's traceback."""
    failed_starts: int = 0
    ended_before: int = 0
    """Items ended by former processes of this slot."""
    restarts: int = 0
    note: str = ""
    gone_at: float | None = None
    meter: RateMeter = field(default_factory=lambda: RateMeter(time.monotonic()))

    def begin_anew(self) -> None:
        """The next process takes this slot."""
        self.restarts += 1
        self.ready = self.draining = False
        self.frozen = ""
        self.doomed = self.signalled = ""
        self.skip = None
        self.cannot_start = None
        self.chunks = ChunkMemory()
        self.last_ticket = 0
        self.counter_names = {}

    @property
    def held(self) -> bool:
        """A person has told the process to stand still, whether it does already or not."""
        return self.contact is not None and self.contact.held

    def begun(self) -> Begun | None:
        """What the process has in hand."""
        words = self.view.begun()
        return Begun(*words) if words else None
