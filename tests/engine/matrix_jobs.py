"""What the matrix of faults runs: each worker can be brought to any moment of its life, and waits there for its end."""

import ctypes
import operator
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pooltop
from pooltop import shared

LAB = Path(os.environ.get("POOLTOP_LAB", ""))
PADDING = 30_000_000
LARGE = 10_000_000
"""What is larger than this is a chunk or a result that was made so."""
FIRST_PART = 1_000_000
BATCHES = (10, 10, 2)
"""So many items, a pause until the test says to go on, and so on."""
EXIT, SEGFAULT = signal.SIGUSR2, signal.SIGWINCH
"""By these the test orders a process to end by itself, wherever it is."""


class Heavy(int):
    """Large on its way, and a plain number when it has arrived."""

    def __reduce__(self) -> tuple[Any, ...]:
        return operator.getitem, ((int(self), bytes(PADDING)), 0)


def batches(large: bool) -> Iterator[int]:
    """All items; in the second batch, one that is large if wanted."""
    number = 0
    for batch, count in enumerate(BATCHES):
        for place in range(count):
            yield Heavy(number) if large and (batch, place) == (1, 3) else number
            number += 1
        while batch < len(BATCHES) - 1 and not (LAB / f"batch-{batch + 1}").exists():
            time.sleep(0.005)


def small_items() -> Iterator[int]:
    return batches(large=False)


def large_items() -> Iterator[int]:
    return batches(large=True)


def await_the_fault() -> None:
    """The first worker that comes here once the test has armed it says so, and waits for what is done to it."""
    if (LAB / "armed").exists():
        with suppress(FileExistsError):
            (LAB / "struck").touch(exist_ok=False)
            (LAB / f"victim-{os.getpid()}").touch()
            while True:
                time.sleep(0.01)


def obey() -> None:
    """From now on this process ends when it is ordered to."""
    signal.signal(EXIT, lambda *_: os._exit(5))
    signal.signal(SEGFAULT, lambda *_: ctypes.string_at(0))


def interrupt_transfers() -> None:
    """Every large transfer stands still in its middle."""
    receive, send = socket.socket.recv_into, socket.socket.sendall

    def receive_a_part(self: socket.socket, buffer: Any) -> int:
        received = receive(self, buffer)
        if len(buffer) > LARGE:
            await_the_fault()
        return received

    def send_in_parts(self: socket.socket, data: Any) -> None:
        if len(data) > LARGE:
            send(self, memoryview(data)[:FIRST_PART])
            await_the_fault()
            data = memoryview(data)[FIRST_PART:]
        send(self, data)

    socket.socket.recv_into = receive_a_part  # type: ignore[method-assign,assignment]  # in this process only
    socket.socket.sendall = send_in_parts  # type: ignore[method-assign,assignment]  # as above


def get_ready(moment: str) -> None:
    if moment == "importing":
        await_the_fault()
    interrupt_transfers()


@pooltop.workload(setup=get_ready)
def work(item: int, moment: str) -> int:
    """A short item; it counts itself."""
    pooltop.counter("items").add(1)
    if moment == "running":
        await_the_fault()
    large = moment == "sending" and item == BATCHES[0]
    return Heavy(item * item) if large else item * item


@pooltop.workload(shared={"lock": shared.Lock()})
def work_with_lock(item: int, moment: str, *, lock: Any) -> int:
    """Everybody needs the one lock."""
    with lock:
        await_the_fault()
    return work(item, moment)


if LAB.name:  # else it is the tests that import this
    obey()
    await_the_fault()  # a spawned process is still importing here; a forked one does so in its setup
