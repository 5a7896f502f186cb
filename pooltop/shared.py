"""What a workload's workers share, declared as plain descriptions: `@workload(shared={"lock": shared.Lock()})`.

A declaration is evaluated in every process that imports the module, so an object made in it would be shared with
nobody. These are only descriptions; pooltop makes the objects from them, once a run, and gives them to the function,
to `setup` and to the check, by parameters of their names. They have the names and methods of `multiprocessing`'s;
Values and Arrays are `multiprocessing`'s.

A number may be left to an option of the function: `shared.Array("q", shared.Option("cells"))`.
"""

from typing import Any, TypeAlias

import msgspec


class Option(msgspec.Struct, frozen=True, tag=True):
    """Stands for the value that the function's option of this name has in the run."""

    name: str


Count: TypeAlias = int | Option


class Value(msgspec.Struct, frozen=True, tag=True):
    """One C value in shared memory; `multiprocessing.Value`, with a lock that dies with its holder.

    typecode: one of `array`'s (`"d"`, `"i"`) or the name of a simple type of ctypes (`"c_bool"`).
    initial: a number, text or bytes, as the typecode takes it, or an `Option`; None is zero.
    lock: False makes it a `RawValue`, with nothing around it.
    """

    typecode: str
    initial: Any = None
    lock: bool = True


class Array(msgspec.Struct, frozen=True, tag=True):
    """C values in shared memory, a `multiprocessing.Array`; else as `Value`.

    size_or_initializer: so many zeros (an int or an `Option`), or the values themselves (a sequence or bytes).
    """

    typecode: str
    size_or_initializer: Any
    lock: bool = True


class Lock(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.Lock` that the kernel frees when its holder dies."""


class RLock(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.RLock` that the kernel frees when its holder dies."""


class Semaphore(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.Semaphore`; what a dead worker's item did to it is undone."""

    value: Count = 1


class Event(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.Event`."""


class Barrier(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.Barrier`; an item that is run again passes at once where it has passed before."""

    parties: Count


class Condition(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.Condition` with an RLock of its own."""


class Queue(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.Queue`; a message that a dead worker's item took is taken by another. 0 is unbounded."""

    maxsize: Count = 0


class JoinableQueue(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.JoinableQueue`: a Queue with `task_done` and `join`."""

    maxsize: Count = 0


class Pipe(msgspec.Struct, frozen=True, tag=True):
    """A `multiprocessing.Pipe`: a pair of connections. With `duplex=False` the first receives and the second sends."""

    duplex: bool = True


Description: TypeAlias = (
    Value | Array | Lock | RLock | Semaphore | Event | Barrier | Condition | Queue | JoinableQueue | Pipe
)
