"""What a run's workers share, as it travels to each of them, and the objects that they make of it."""

from collections.abc import Mapping
from multiprocessing import sharedctypes
from typing import Any, cast

import msgspec

from pooltop import shared
from pooltop.children.shared.asking import Asking
from pooltop.children.shared.locks import Lock, LockFile, RLock
from pooltop.children.shared.pipes import Connection
from pooltop.children.shared.queues import JoinableQueue, Queue
from pooltop.children.shared.signals import Barrier, Condition, Event, Semaphore
from pooltop.wire.descriptor import PassedDescriptor


class Commons(msgspec.Struct, frozen=True):
    """Made by the supervisor, once for the baseline and once for the pool."""

    described: dict[str, shared.Description]
    memory: dict[str, Any]
    """The raw ctypes objects of Values and Arrays."""
    owners: Any
    """Shared words: the PID of each lock's holder, or 0."""
    lock_file: PassedDescriptor


def numbered(described: Mapping[str, shared.Description]) -> dict[str, int]:
    """The number of each object: its lock's, and its meeting point's. A pipe has a second one, for the way back."""
    numbers: dict[str, int] = {}
    following = 0
    for name, description in described.items():
        numbers[name] = following
        following += 2 if isinstance(description, shared.Pipe) else 1
    return numbers


def hand_out(commons: Commons | None, asking: Asking) -> dict[str, Any]:
    """The objects by their names, for the code of this process."""
    if commons is None:
        return {}
    owners = memoryview(cast(bytes, commons.owners)).cast("B").cast("Q")
    locks = LockFile(
        commons.lock_file.descriptor,
        owners,
        lambda number, endless: asking.shown_waiting(number, endless=endless),
        asking.abandoned,
    )
    numbers = numbered(commons.described)
    return {
        name: _made(description, numbers[name], commons.memory.get(name), locks, asking)
        for name, description in commons.described.items()
    }


def _made(description: shared.Description, number: int, memory: Any, locks: LockFile, asking: Asking) -> Any:
    match description:
        case shared.Value(lock=False) | shared.Array(lock=False):
            return memory
        case shared.Value() | shared.Array():
            return sharedctypes.synchronized(memory, cast(Any, RLock(locks, number)))  # any lock will do
        case shared.Lock():
            return Lock(locks, number)
        case shared.RLock():
            return RLock(locks, number)
        case shared.Semaphore():
            return Semaphore(asking, number)
        case shared.Event():
            return Event(asking, number)
        case shared.Barrier(parties=int(parties)):
            return Barrier(asking, number, parties)
        case shared.Condition():
            return Condition(asking, number, RLock(locks, number))
        case shared.JoinableQueue(maxsize=int(maxsize)):
            return JoinableQueue(asking, number, maxsize)
        case shared.Queue(maxsize=int(maxsize)):
            return Queue(asking, number, maxsize)
        case shared.Pipe(duplex=True):
            return Connection(asking, number + 1, number), Connection(asking, number, number + 1)
        case shared.Pipe():
            return Connection(asking, number, None), Connection(asking, None, number)
    raise AssertionError(f"an option was left open: {description}")
