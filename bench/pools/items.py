"""What the pools run: items of 20 ms that write down when they begin, one of which may be bad."""

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench.pools import CULPRIT, FOLDER, ITEMS, WARM_UP

ITEM_SECONDS = 0.02
PLACE = Path(os.environ[FOLDER])


def note(name: str, text: str) -> None:
    """Add a line, whole, whoever is killed."""
    descriptor = os.open(PLACE / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


def nap(item: int) -> int:
    note("begun", f"{item} {os.getpid()} {time.monotonic()}")
    time.sleep(ITEM_SECONDS)
    return item


def exits(item: int) -> int:
    if nap(item) == CULPRIT:
        os._exit(5)
    return item


def segfaults(item: int) -> int:
    if nap(item) == CULPRIT:
        ctypes.string_at(0)
    return item


def raises(item: int) -> int:
    if nap(item) == CULPRIT:
        raise ValueError("a bad item")
    return item


def returns_a_lock(item: int) -> object:
    """Not even cloudpickle can send that."""
    return threading.Lock() if nap(item) == CULPRIT else item


def never_returns(item: int) -> int:
    nap(item)
    while item == CULPRIT:
        time.sleep(60)
    return item


def with_a_rest() -> Iterator[int]:
    """As items for pooltop: a few, then nothing until the trial says so, then the others."""
    yield from range(-WARM_UP, 0)
    rest()
    yield from range(ITEMS)


def rest() -> None:
    """Say that the pool is idle, or soon will be, and wait to be told to go on."""
    (PLACE / "idle").touch()
    while not (PLACE / "go").exists():
        time.sleep(0.005)
