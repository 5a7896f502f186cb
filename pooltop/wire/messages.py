"""What supervisor, feeder and workers say to each other over a worker's private channel.

Each message is a MessagePack struct and, for items and results, a body of pickled bytes beside it that the supervisor
passes on without looking inside.
"""

from typing import Literal, TypeAlias

import msgspec

from pooltop.model import Number
from pooltop.shared import Description


class AskItems(msgspec.Struct, frozen=True, tag=1):
    """To the feeder: send a chunk of at most n items."""

    items: int


class Items(msgspec.Struct, frozen=True, tag=2):
    """From the feeder: a chunk; the body is the pickled list of its items. Chunks are numbered as they come, from 0."""

    count: int
    first: int = 0
    """The place in the input of its first item; the others follow without a gap."""
    keys: bytes = b""
    """What each item is recognised by when a run is resumed (`work/keys.py`), end to end."""
    answered: bool = True
    """The last chunk of the answer to one request."""
    again: tuple[int, int] | None = None
    """These are items of another chunk, sent again: its number, and the position of the first."""


class Kept(msgspec.Struct, frozen=True, tag=20):
    """From the feeder of a resumed run: items that had ended before stand at `first` of the input now."""

    count: int
    first: int
    keys: bytes
    session: int
    """The session in which they ended."""
    session_first: int
    """The place of the first of them in the input of that session."""
    failed: int = 0
    """How many of them are failures."""


class LeftOut(msgspec.Struct, frozen=True, tag=21):
    """From the feeder of a run whose failures alone are run again: items that never ended stand at `first` now."""

    count: int
    first: int
    keys: bytes


class SourceEnded(msgspec.Struct, frozen=True, tag=3):
    """From the feeder: there are no more items, or (`error`, one line) the source raised."""

    error: str = ""
    details: str = ""
    notes: tuple[str, ...] = ()
    """What a resumed run's source has changed in, a line each."""
    left_out: int = 0
    """Items that are not to be run now (`--retry-failed`), and have no end."""


class RunRange(msgspec.Struct, frozen=True, tag=4):
    """To a worker: run items lo..hi; the body is the chunk, empty where the worker still has it."""

    ticket: int
    chunk: int
    lo: int
    hi: int
    first_index: int
    """The place in the input of the chunk's first item."""
    several: bool
    """The chunk has more than one item."""
    careful: bool
    slice_seconds: float
    """After how long to hand results and rest back; 0 is never."""


class FailedItem(msgspec.Struct, frozen=True):
    """An item that raised, or whose result cannot be pickled."""

    position: int
    item: str
    error: str
    traceback: str


class Returned(msgspec.Struct, frozen=True, tag=5):
    """From a worker: items lo..upto have ended; the body is the pickled list of results, failed ones left out."""

    ticket: int
    chunk: int
    lo: int
    upto: int
    seconds: float
    failures: tuple[FailedItem, ...] = ()
    counters: dict[str, Number] = {}
    """What these items have added."""
    began: float = 0.0
    """When the first of them began, seconds since the epoch."""
    blocks: tuple[tuple[int, int], ...] = ()
    """How long they took, in order: (items, nanoseconds of all of these together)."""
    raised: bool = False
    """The last of them is a failure because the function raised, and what it has added to counters is told apart."""
    raised_counters: dict[str, Number] = {}
    """It counts only if this was the item's last attempt."""
    labels: tuple[str, ...] = ()
    """What they are called, where a job log is written."""


class Ready(msgspec.Struct, frozen=True, tag=6):
    """The process has imported and set up everything; `total` is the feeder's, the number of items if known."""

    total: int | None = None
    source_seconds: float = 0.0
    """What opening the source took: listing a folder, making sample pictures. The plain loop needs it too."""
    textual: bool = False
    """The items are texts, to be converted by the annotation of the function's first parameter."""
    threads: bool = False
    """The import started Python threads, so forking after it is not safe."""
    outputs: tuple[str, ...] = ()
    checked: bool = False
    """The workload has a check."""
    shared: dict[str, Description] = {}
    """What the workers share."""
    together: int = 1
    """So many items must run at the same time."""


class CannotStart(msgspec.Struct, frozen=True, tag=7):
    """The import, the options, the source or `setup` failed: one line, and the user's traceback."""

    error: str
    details: str = ""


class Printed(msgspec.Struct, frozen=True, tag=8):
    """A line written to Python's stdout or stderr."""

    text: str
    error_stream: bool
    item: str | None = None


class CounterNamed(msgspec.Struct, frozen=True, tag=9):
    """The display word `word` of this process's slot belongs to this counter."""

    word: int
    name: str


class BaselineDone(msgspec.Struct, frozen=True, tag=10):
    """The plain loop is through."""

    seconds: float
    items: int


class Collected(msgspec.Struct, frozen=True, tag=11):
    """The output file is written and the check, if there is one, has run."""

    checked: bool = False
    expected: object = None
    actual: object = None
    ok: bool = True
    printed: tuple[str, ...] = ()
    """The first lines that the check has printed."""


class SendAgain(msgspec.Struct, frozen=True, tag=13):
    """To the feeder: send items lo..hi of that chunk again, as a chunk of their own."""

    chunk: int
    lo: int
    hi: int


class Release(msgspec.Struct, frozen=True, tag=14):
    """To the feeder: every item of that chunk has ended."""

    chunk: int


class Unreadable(msgspec.Struct, frozen=True, tag=15):
    """From a worker: the chunk of several items under this ticket cannot be unpickled."""

    ticket: int


Verb: TypeAlias = Literal[
    "put", "get", "peek", "size", "close", "task_done", "join",  # of queues and pipes
    "acquire", "release", "value",  # of semaphores
    "set", "clear", "is_set", "wait",  # of events; "wait" of barriers and conditions too
    "abort", "reset", "state",  # of barriers
    "enlist", "unlist", "notify",  # of conditions
]  # fmt: skip


class Call(msgspec.Struct, frozen=True, tag=16):
    """To the supervisor: do this to the shared object of that number. A queue's message is the body."""

    number: int
    verb: Verb
    request: int = 0
    """The answer's; 0 wants none."""
    item: int | None = None
    """The input index of the item in hand, None outside one."""
    timeout: float | None = None
    """Seconds to wait, None for ever."""
    amount: int = 1
    """How many to notify; the request under which the caller has enlisted."""


class Answer(msgspec.Struct, frozen=True, tag=17):
    """From the supervisor: what has become of a call."""

    request: int
    outcome: Literal["done", "timeout", "closed", "broken", "refused"] = "done"
    values: tuple[int, ...] = ()


class Withdraw(msgspec.Struct, frozen=True, tag=19):
    """To the supervisor: whoever asked that turned away before there was an answer."""

    request: int


class Abandoned(msgspec.Struct, frozen=True, tag=18):
    """From a worker: the lock of that number, which it has now, was still held by that process when it died."""

    number: int
    pid: int


class End(msgspec.Struct, frozen=True, tag=12):
    """To any child: end now that you have nothing in hand."""


Message: TypeAlias = (
    AskItems
    | Items
    | Kept
    | LeftOut
    | SourceEnded
    | RunRange
    | Returned
    | Ready
    | CannotStart
    | Printed
    | CounterNamed
    | BaselineDone
    | Collected
    | SendAgain
    | Release
    | Unreadable
    | Call
    | Answer
    | Abandoned
    | Withdraw
    | End
)

_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)


class Nonsense(Exception):
    """What has come is no message, or has a body for which there is no room."""


def decode(encoded: bytes | bytearray) -> Message:
    """The message that was packed. Raises Nonsense."""
    try:
        return _decoder.decode(encoded)
    except (ValueError, RecursionError) as error:
        raise Nonsense from error
