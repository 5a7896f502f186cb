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
class Sentence:
    """Why pooltop ends a process because of the item in its hand, which gets a strike for it."""

    reason: str
    """One line, the item's failure: `timed out after 30 s`."""
    hand: tuple[int, int] | None
    """What it had in hand; what it has got to since then is not to blame."""


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
    sentence: Sentence | None = None
    memory: int | None = None
    """Resident bytes when that was last looked at, children included."""
    skip: int | None = None
    """The input index of the item that is to be given up with the process."""
    cannot_start: tuple[str, str] | None = None
    """What the process says it cannot start for, and the user's traceback."""
    failed_starts: int = 0
    """Processes in a row that have failed to start."""
    killed_starts: int = 0
    """Likewise, that signals from outside have ended while they started."""
    last_pid: int = 0
    last_stacks: str = ""
    last_lines: tuple[str, ...] = ()
    last_seconds: float | None = None
    """Of the process that died last: what it wrote of its stacks, what it printed last, how long its item took."""
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
        self.sentence = self.memory = None
        self.skip = None
        self.cannot_start = None
        self.chunks = ChunkMemory()
        self.last_ticket = 0
        self.counter_names = {}

    @property
    def held(self) -> bool:
        """A person has told the process to stand still, whether it does already or not."""
        return self.contact is not None and self.contact.held

    @property
    def hand(self) -> tuple[int, int] | None:
        """What tells the item (or items) in hand from all others of this process."""
        begun = self.begun()
        return (begun.ticket, begun.lo) if begun else None

    def begun(self) -> Begun | None:
        """What the process has in hand."""
        words = self.view.begun()
        return Begun(*words) if words else None
