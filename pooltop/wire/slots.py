"""What each worker shows of itself in shared memory: one slot of aligned 8-byte words, written without a lock.

A slot has one writer, its worker, but for the word RECALLED, which only the supervisor writes. The order of the writes
makes what a SIGKILL leaves behind safe to read: LO and HI never claim less than what has begun.
"""

from ctypes import c_uint64
from enum import IntEnum
from multiprocessing.context import BaseContext
from typing import Any, Literal, NamedTuple, cast

CAPACITY = 4096
"""Slots of a run: the most workers it can have, and slot 0 for the baseline."""
MOST_WORKERS = CAPACITY // 2
"""Half the slots: workers that leave keep theirs until they have gone."""
WORDS = 64
COUNTERS = 16
LABEL_BYTES = 256

(
    _PHASE,
    _TICKET,
    _LO,
    _HI,
    _BASE,
    _SINCE,
    _DONE,
    _TRACKED,
    _TRACK_TOTAL,
    _LABEL_SIZE,
    _RECALLED,
    _WAITS_FOR,
    _WAITS_SINCE,
    _MEMORY,
) = range(14)
_COUNTERS = 16
_LABEL = _COUNTERS + COUNTERS
_ENDLESS = 1 << 32


class Phase(IntEnum):
    """What the process is doing."""

    STARTING = 0
    IMPORTING = 1
    WAITING = 2
    UNPICKLING = 3
    RUNNING = 4
    SENDING = 5


class SlotWait(NamedTuple):
    """A process waits for a shared object."""

    number: int
    since: int
    """Monotonic nanoseconds."""
    endless: bool
    """It has no time limit and there is no other thread in the process: only another process can end it."""


def make_slots(context: BaseContext) -> Any:
    """Shared memory for every slot of a run, to be handed to each child (a `RawArray` of the run's own context)."""
    return context.RawArray(c_uint64, CAPACITY * WORDS)


class Slot:
    """One slot, seen from either side; `memory` is what `make_slots` gave. Times are monotonic nanoseconds."""

    def __init__(self, memory: Any, number: int) -> None:
        words = memoryview(cast(bytes, memory)).cast("B").cast("Q")[number * WORDS : (number + 1) * WORDS]
        self._words = words
        self._bytes = words.cast("B")
        self._floats = self._bytes.cast("d")

    # Written by the worker

    def clear(self) -> None:
        """A new process begins in this slot."""
        self._words[_PHASE] = Phase.STARTING
        for word in (_TICKET, _LO, _HI, _SINCE, _DONE, _TRACKED, _TRACK_TOTAL, _LABEL_SIZE, _RECALLED, _WAITS_FOR):
            self._words[word] = 0
        self.clear_counters()

    def enter(self, phase: Phase) -> None:
        """The worker goes over to another phase."""
        self._words[_PHASE] = phase

    def begin_range(self, ticket: int, lo: int, hi: int, base: int, since: int) -> None:
        """The range under this ticket is about to be unpickled; `base` is the input index of the chunk's start."""
        self._words[_PHASE] = Phase.WAITING
        self._words[_HI] = hi
        self._words[_LO] = lo
        self._words[_BASE] = base
        self._words[_SINCE] = since
        self._words[_TICKET] = ticket
        self._words[_PHASE] = Phase.UNPICKLING

    def begin_block(self, lo: int, hi: int, since: int, label: str) -> None:
        """Items lo..hi of the range are about to run."""
        words = self._words
        words[_HI] = hi
        words[_LO] = lo
        words[_SINCE] = since
        words[_TRACK_TOTAL] = 0
        encoded = label.encode("utf-8", "replace")[:LABEL_BYTES]
        self._bytes[_LABEL * 8 : _LABEL * 8 + len(encoded)] = encoded
        words[_LABEL_SIZE] = len(encoded)
        words[_PHASE] = Phase.RUNNING

    def begin_sending(self, lo: int, upto: int, since: int) -> None:
        """Items lo..upto have run and are about to be handed back."""
        self._words[_SINCE] = since
        self._words[_HI] = upto
        self._words[_LO] = lo
        self._words[_PHASE] = Phase.SENDING

    def show_memory(self, most: int) -> None:
        """The most bytes that the process has had resident."""
        self._words[_MEMORY] = most

    def count_done(self, items: int) -> None:
        """More items have ended in this process."""
        self._words[_DONE] += items

    def track(self, done: int, total: int) -> None:
        """Progress inside the item."""
        self._words[_TRACKED] = done
        self._words[_TRACK_TOTAL] = total

    def show_counter(self, word: int, value: float) -> None:
        """What this process has added to a counter and not yet handed back."""
        self._floats[_COUNTERS + word] = value

    def clear_counters(self) -> None:
        """Everything added has been handed back."""
        for word in range(COUNTERS):
            self._words[_COUNTERS + word] = 0

    def begin_wait(self, number: int, since: int, *, endless: bool) -> None:
        """The process waits for the shared object of this number; `endless`: only somebody else can end that."""
        self._words[_WAITS_SINCE] = since
        self._words[_WAITS_FOR] = number + 1 | (_ENDLESS if endless else 0)

    def end_wait(self) -> None:
        """It goes on."""
        self._words[_WAITS_FOR] = 0

    @property
    def recalled(self) -> int:
        """Ranges up to this ticket are to be handed back as far as they have not begun."""
        return self._words[_RECALLED]

    # Read (and, for the recall, written) by the supervisor

    def recall(self, ticket: int) -> None:
        """Ask for everything up to this ticket."""
        self._words[_RECALLED] = ticket

    @property
    def phase(self) -> Phase:
        """What the process is doing."""
        return Phase(self._words[_PHASE])

    def begun(self) -> tuple[int, int, int, Literal["unpickling", "running", "sending"]] | None:
        """(ticket, lo, hi, phase) of what is in hand, None between ranges."""
        ticket, lo, hi = self._words[_TICKET], self._words[_LO], self._words[_HI]
        match self.phase:
            case Phase.UNPICKLING:
                return ticket, lo, hi, "unpickling"
            case Phase.RUNNING:
                return ticket, lo, hi, "running"
            case Phase.SENDING:
                return ticket, lo, hi, "sending"
        return None

    def wait(self) -> SlotWait | None:
        """What shared object the process waits for, None where it does not."""
        word = self._words[_WAITS_FOR]
        return SlotWait((word & ~_ENDLESS) - 1, self._words[_WAITS_SINCE], bool(word & _ENDLESS)) if word else None

    @property
    def label(self) -> str:
        """What the item in hand is called."""
        size = min(self._words[_LABEL_SIZE], LABEL_BYTES)
        return bytes(self._bytes[_LABEL * 8 : _LABEL * 8 + size]).decode("utf-8", "ignore")

    @property
    def item_index(self) -> int:
        """The place in the input of the first item in hand."""
        return self._words[_BASE] + self._words[_LO]

    @property
    def since(self) -> int:
        """When the items in hand began."""
        return self._words[_SINCE]

    @property
    def done(self) -> int:
        """Items ended in this process."""
        return self._words[_DONE]

    @property
    def memory(self) -> int:
        """The most bytes that the process had resident when it began its range; 0 before that."""
        return self._words[_MEMORY]

    @property
    def progress(self) -> float | None:
        """0 to 1 inside the item, None where it does not say."""
        total = self._words[_TRACK_TOTAL]
        return min(1.0, self._words[_TRACKED] / total) if total else None

    def counter(self, word: int) -> float:
        """What this process has added to a counter and not yet handed back."""
        return self._floats[_COUNTERS + word]
