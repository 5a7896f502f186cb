"""What `bench.kills` runs: workers that all want the same thing, and write down when they get it."""

import os
import time
from typing import Any

import pooltop
from pooltop import shared

HELD_SECONDS = 0.001
TOKENS = 2


def note(log: str, what: str) -> None:
    """One line, whole, whoever is killed: the moment, the process and what it does."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, f"{time.monotonic_ns()} {os.getpid()} {what}\n".encode())
    os.close(descriptor)


def every_deposit(outcome: pooltop.Outcome) -> tuple[int, int]:
    """The deposits, but for one for each that died between the two writes."""
    return outcome.items, sum(outcome.shared["marks"])


@pooltop.workload(
    check=every_deposit, shared={"lock": shared.Lock(), "marks": shared.Array("b", shared.Option("items"), lock=False)}
)
def lock(item: int, log: str, items: int, *, marks: Any, lock: Any) -> None:
    """Everybody wants the one lock."""
    assert item < items
    with lock:
        note(log, "has")
        time.sleep(HELD_SECONDS)
        marks[item] = 1
        note(log, "left")


def tokens_left(outcome: pooltop.Outcome) -> tuple[list[int], list[int]]:
    """The tokens that went in, and those that are in the queue at the end."""
    queue = outcome.shared["line"]
    return list(range(TOKENS)), sorted(queue.get() for _ in range(queue.qsize()))


@pooltop.workload(check=tokens_left, shared={"line": shared.Queue(TOKENS)})
def queue(item: int, log: str, items: int, *, line: Any) -> None:
    """Everybody wants one of a few tokens, and puts it back."""
    assert item < items
    if item < TOKENS:
        line.put(item)
        return
    token = line.get()
    note(log, "has")
    time.sleep(HELD_SECONDS)
    line.put(token)
    note(log, "left")


def permits_left(outcome: pooltop.Outcome) -> tuple[int, int]:
    """Every permit is back."""
    return TOKENS, outcome.shared["few"].get_value()


@pooltop.workload(check=permits_left, shared={"few": shared.Semaphore(TOKENS)})
def semaphore(item: int, log: str, items: int, *, few: Any) -> None:
    """Everybody wants one of a few permits."""
    assert item < items
    with few:
        note(log, "has")
        time.sleep(HELD_SECONDS)
        note(log, "left")
