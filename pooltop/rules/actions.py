"""The scheduler's words: ranges of items, what a worker had in hand, and the actions it asks for."""

from typing import Literal, NamedTuple, TypeAlias


class Range(NamedTuple):
    """Items lo..hi of a chunk; `careful` ones are run one at a time, so that a culprit is known exactly."""

    chunk: int
    lo: int
    hi: int
    careful: bool = False


class Begun(NamedTuple):
    """What a worker had in hand, read from its slot: items lo..hi of the range given under `ticket`."""

    ticket: int
    lo: int
    hi: int
    phase: Literal["unpickling", "running", "sending"]


class Ask(NamedTuple):
    """Ask the feeder for n more items."""

    items: int


class Give(NamedTuple):
    """Send a range to a worker."""

    slot: int
    ticket: int
    range: Range


class Accept(NamedTuple):
    """These results are the first for their items: record them."""

    range: Range


class Fail(NamedTuple):
    """An item has ended without a result."""

    chunk: int
    position: int
    error: str
    attempts: int
    item: str
    """Its label, empty where nobody knows it."""


class Forget(NamedTuple):
    """Every item of this chunk has ended; its body is needed no more."""

    chunk: int


class Spawn(NamedTuple):
    """Start a process in this slot."""

    slot: int


class Retire(NamedTuple):
    """Let the worker end after its present item and hand the rest of its range back."""

    slot: int


class Recall(NamedTuple):
    """Let the worker hand back what it has not begun."""

    slot: int


class Remove(NamedTuple):
    """The slot is no longer part of the pool."""

    slot: int


class Repack(NamedTuple):
    """Have the feeder send these items again, as a chunk of their own."""

    range: Range


class Kill(NamedTuple):
    """Kill a worker that was stopped from outside and holds the last items."""

    slot: int


Action: TypeAlias = Ask | Give | Accept | Fail | Forget | Spawn | Retire | Recall | Remove | Repack | Kill
