# ruff: noqa: ARG001 -- a function of one item takes it, and an option may be there for a description
"""Workloads whose workers share things, as a user would write them; for the tests of sharing."""

import os
import queue
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

import pooltop
from pooltop import shared

LAB = Path(os.environ["POOLTOP_LAB"])


def mark(name: str) -> None:
    """Tell the test, or another job."""
    (LAB / name).touch()


def wait_for(name: str) -> None:
    """Until somebody has left this mark."""
    while not (LAB / name).exists():
        time.sleep(0.002)


# One after the other what the standard library's objects can do.


def outcome(call: Callable[[], Any]) -> object:
    """What a call returns, or the type of what it raises."""
    try:
        return call()
    except (
        queue.Empty,
        queue.Full,
        ValueError,
        AssertionError,
        EOFError,
        OSError,
        LookupError,
        BrokenBarrierError,
    ) as error:
        return type(error).__name__


def transcript(
    lock: Any, rlock: Any, semaphore: Any, event: Any, barrier: Any, condition: Any, line: Any, tasks: Any, pipe: Any,
    value: Any, array: Any, raw: Any,
) -> list[object]:  # fmt: skip
    """The outcomes of calls to each of the objects, which are the same whoever made these."""
    left, right = pipe
    told: list[object] = []

    def tell(*calls: Callable[[], Any]) -> None:
        told.extend(map(outcome, calls))

    tell(lock.acquire, lambda: lock.acquire(False), lambda: lock.acquire(timeout=0.01), lock.release, lock.release)
    tell(rlock.acquire, rlock.acquire, rlock.release, rlock.release, rlock.release)
    tell(
        lambda: lock.acquire(block=True, timeout=-1),
        lock.release,
        rlock.__enter__,
        lambda: rlock.__exit__(None, None, None),
    )
    tell(
        semaphore.acquire,
        lambda: semaphore.acquire(False),
        lambda: semaphore.acquire(timeout=0.01),
        semaphore.get_value,
    )
    tell(semaphore.release, semaphore.release, semaphore.get_value, semaphore.__enter__, semaphore.get_value)
    tell(event.is_set, lambda: event.wait(0.01), event.set, event.wait, event.is_set, event.clear, event.is_set)
    tell(lambda: barrier.parties, lambda: barrier.n_waiting, lambda: barrier.wait(0.01), lambda: barrier.broken)
    tell(barrier.reset, lambda: barrier.broken, barrier.abort, barrier.wait)
    tell(condition.acquire, lambda: condition.wait(0.01), condition.notify, condition.notify_all, condition.release)
    tell(lambda: condition.wait(0.01), condition.notify, condition.acquire)
    tell(lambda: condition.wait_for(lambda: False, 0.01), lambda: condition.wait_for(lambda: 7), condition.release)
    tell(lambda: line.get(False), lambda: line.put("a"), lambda: line.put("b"), line.full, lambda: line.put("c", False))
    tell(
        lambda: line.put("c", timeout=0.01), line.qsize, line.get, line.get, lambda: line.get(timeout=0.01), line.empty
    )
    tell(line.get_nowait, lambda: line.put_nowait("d"), line.get, tasks.task_done, lambda: tasks.put(1), tasks.get)
    tell(tasks.task_done, tasks.join, tasks.task_done, line.close, lambda: line.put(1), lambda: line.get(False))
    tell(
        lambda: left.poll(),
        lambda: right.send({"a": 1}),
        lambda: left.poll(1),
        left.recv,
        lambda: left.send_bytes(b"xyz"),
    )
    tell(lambda: right.recv_bytes(2), lambda: left.send("last"), left.close, right.recv, lambda: left.send(1))
    tell(lambda: left.closed, lambda: left.poll(), lambda: right.readable, lambda: right.writable)
    with value.get_lock():
        value.value += 1.5
    array[2:4] = [7, 8]
    raw.value = 9
    tell(lambda: value.value, lambda: array[:], lambda: len(array), lambda: array[9], lambda: raw.value)
    return told


EVERYTHING = {
    "lock": shared.Lock(),
    "rlock": shared.RLock(),
    "semaphore": shared.Semaphore(),
    "event": shared.Event(),
    "barrier": shared.Barrier(2),
    "condition": shared.Condition(),
    "line": shared.Queue(2),
    "tasks": shared.JoinableQueue(),
    "pipe": shared.Pipe(),
    "value": shared.Value("d", 1.0),
    "array": shared.Array("i", range(5)),
    "raw": shared.Value("c_int", 3, lock=False),
}


@pooltop.workload(items="range:1", shared=EVERYTHING)
def all_of_it(
    item: int, lock: Any, rlock: Any, semaphore: Any, event: Any, barrier: Any, condition: Any, line: Any, tasks: Any,
    pipe: Any, value: Any, array: Any, raw: Any,
) -> list[object]:  # fmt: skip
    return transcript(lock, rlock, semaphore, event, barrier, condition, line, tasks, pipe, value, array, raw)


# Money, and what guards it.


def every_deposit(outcome: pooltop.Outcome) -> tuple[float, float]:
    return float(outcome.items), outcome.shared["balance"].value


@pooltop.workload(
    check=every_deposit,
    shared={
        "balance": shared.Value("d", 0.0, lock=False),
        "marks": shared.Array("b", shared.Option("items"), lock=False),
        "lock": shared.Lock(),
    },
)
def deposit(item: int, items: int, pause: float = 0.001, *, balance: Any, marks: Any, lock: Any) -> int:
    """Puts in one; by its mark, once, however often it runs, unless it dies between the two."""
    with lock:
        if not marks[item]:
            before = balance.value
            time.sleep(pause)
            balance.value = before + 1
            marks[item] = 1
    return item


@pooltop.workload(
    items="range:2", check=every_deposit, shared={"balance": shared.Value("d", 0.0), "lock": shared.Lock()}
)
def dies_inside(item: int, *, balance: Any, lock: Any) -> int:
    """Item 0 dies between two writes, once, while item 1 waits for the lock."""
    if item == 1:
        wait_for("inside")
    with lock:
        balance.value += 1
        if item == 0 and balance.value == 1:
            mark("inside")
            wait_for("go")
            os.kill(os.getpid(), signal.SIGKILL)
    return item


@pooltop.workload(items="range:2", shared={"first": shared.Lock(), "second": shared.Lock()})
def crosswise(item: int, *, first: Any, second: Any) -> str:
    """Each holds what the other wants."""
    mine, other = (first, second) if item == 0 else (second, first)
    with mine:
        mark(f"has-{item}")
        wait_for(f"has-{1 - item}")
        with other:
            return "both"


@pooltop.workload(items="range:1", shared={"lock": shared.Lock()})
def locks_twice(item: int, *, lock: Any) -> None:
    """A deadlock with itself."""
    with lock, lock:
        pass


@pooltop.workload(items="range:3", shared={"line": shared.Queue()})
def waits_for_nobody(item: int, *, line: Any) -> Any:
    """Nobody ever puts anything."""
    return line.get()


@pooltop.workload(items="range:2", shared={"lock": shared.Lock(), "line": shared.Queue(), "event": shared.Event()})
def waits(item: int, what: str, *, lock: Any, line: Any, event: Any) -> None:
    """Item 1 waits until the test lets item 0 end that."""
    if item == 0:
        with lock:
            mark("held")
            wait_for("go")
        line.put(1)
        event.set()
    else:
        wait_for("held")
        {"lock": lock.acquire, "line": line.get, "event": event.wait}[what]()
        if what == "lock":
            lock.release()


# Parts that need each other.


def parts(producers: int, consumers: int) -> list[tuple[str, int]]:
    return [*(("producer", n) for n in range(producers)), *(("consumer", n) for n in range(consumers))]


def all_once(outcome: pooltop.Outcome) -> tuple[list[int], list[int]]:
    wanted = outcome.options["messages"] * outcome.options["producers"]
    return list(range(wanted)), sorted(message for part in outcome.results for message in part)


@pooltop.workload(
    items=parts,
    check=all_once,
    together=lambda producers, consumers: producers + consumers,
    shared={"line": shared.Queue(3)},
)
def trade(
    part: tuple[str, int], messages: int = 100, producers: int = 2, consumers: int = 2, pause: float = 0.001, *,
    line: Any,
) -> list[int]:  # fmt: skip
    """Every message is consumed once, whoever dies."""
    kind, number = part
    got: list[int] = []
    if kind == "producer":
        for message in range(messages):
            line.put(number * messages + message)
            time.sleep(pause)
        line.put(None)
        return got
    ends = (producers + consumers - 1 - number) // consumers
    while ends:
        message = line.get()
        time.sleep(pause)
        if message is None:
            ends -= 1
        else:
            got.append(message)
    return got


def each_round_full(outcome: pooltop.Outcome) -> tuple[list[int], list[int]]:
    return [outcome.items * n for n in range(1, 11)], next(iter(outcome.results))


@pooltop.workload(
    items="range:3",
    check=each_round_full,
    together=3,
    shared={"gate": shared.Barrier(3), "steps": shared.Array("i", 3)},
)
def rounds(item: int, pause: float = 0.002, *, gate: Any, steps: Any) -> list[int]:
    """In no round anybody is ahead of the others: between two barriers all have made the same number of steps."""
    seen = []
    for step in range(1, 11):
        time.sleep(pause)
        steps[item] = max(step, steps[item])
        gate.wait()
        seen.append(sum(min(step, done) for done in steps[:]))
        gate.wait()
    return seen


@pooltop.workload(shared={"few": shared.Semaphore(2)})
def crowd(item: int, pause: float, *, few: Any) -> tuple[float, float]:
    """Since when until when it was inside."""
    with few:
        began = time.monotonic()
        time.sleep(pause)
        return began, time.monotonic()


def in_order(outcome: pooltop.Outcome) -> tuple[list[int], list[int]]:
    return list(range(60)), list(outcome.results)[1]


@pooltop.workload(items="range:2", check=in_order, together=2, shared={"pipe": shared.Pipe(duplex=False)})
def talk(item: int, *, pipe: Any) -> list[int]:
    """One sends, the other receives until the end."""
    receiver, sender = pipe
    got: list[int] = []
    if item == 0:
        with sender:
            for number in range(60):
                sender.send(number)
                time.sleep(0.001)
        return got
    while True:
        try:
            got.append(receiver.recv())
        except EOFError:
            return got
        time.sleep(0.001)


@pooltop.workload(
    items="range:3",
    together=3,
    shared={"turn": shared.Value("i", 0, lock=False), "changed": shared.Condition()},
)
def in_turn(item: int, pause: float, *, turn: Any, changed: Any) -> int:
    """Each waits for its turns, twenty of them."""
    while True:
        time.sleep(pause)
        with changed:
            changed.wait_for(lambda: turn.value % 3 == item or turn.value >= 60)
            if turn.value >= 60:
                return int(turn.value)
            turn.value += 1
            changed.notify_all()


class TookTooLong(Exception):
    """What a person's own time limit raises."""


def too_long(*_: object) -> None:
    raise TookTooLong


@pooltop.workload(items="range:1", shared={"line": shared.Queue(), "few": shared.Semaphore(3)})
def with_a_time_limit(item: int, *, line: Any, few: Any) -> tuple[int, int, list[int]]:
    """Alarms end many waits, some just when there is an answer: what is put is put while it may be waiting."""
    signal.signal(signal.SIGALRM, too_long)
    got: list[int] = []
    ended = 0
    for number in range(300):
        putting = threading.Timer(0.001, line.put, [number])
        try:
            putting.start()
            signal.setitimer(signal.ITIMER_REAL, 0.001 + 0.000003 * number)
            message = line.get()
            signal.setitimer(signal.ITIMER_REAL, 0)
            got.append(message)
        except TookTooLong:
            ended += 1
        putting.join()
    while not line.empty():
        got.append(line.get())
    return ended, few.get_value(), got


@pooltop.workload(items="range:1", shared={"line": shared.Queue()})
def puts_sets(item: int, *, line: Any) -> int:
    """Dies once, after it has put what has no order of its own; how many messages there are in the end."""
    for number in range(20):
        line.put({f"{number}-{letter}" for letter in "abcdefgh"})
    line.qsize()
    if not (LAB / "died").exists():
        mark("died")
        os.kill(os.getpid(), signal.SIGKILL)
    return int(line.qsize())


@pooltop.workload(items="range:1", shared={"line": shared.Queue()})
def from_a_fork(item: int, *, line: Any) -> str:
    """A process that a worker forks cannot use the worker's channel."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            line.put(1)
        except RuntimeError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        return told.read().decode()
