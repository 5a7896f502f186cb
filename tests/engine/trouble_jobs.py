"""Workloads that use what they share in every way that makes trouble; for the tests of sharing."""
# ruff: noqa: ARG001 -- a function of one item takes it

import multiprocessing
import os
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pooltop
from pooltop import shared

LAB = Path(os.environ["POOLTOP_LAB"])


def once(name: str) -> bool:
    """Whether this has not been asked before, by whatever process."""
    with suppress(FileExistsError):
        (LAB / name).touch(exist_ok=False)
        return True
    return False


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for(name: str) -> None:
    while not (LAB / name).exists():
        time.sleep(0.002)


@pooltop.workload(items="range:2", together=2, shared={"line": shared.Queue(1)})
def threads_put(item: int, *, line: Any) -> int:
    """Three threads of one item put at the same time."""
    if item == 1:
        got = 0
        while line.get() is not None:
            got += 1
        return got
    threads = [threading.Thread(target=lambda: [line.put(n) for n in range(100)]) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    line.put(None)
    return 300


class Late(Exception):
    pass


def late(*_: object) -> None:
    raise Late


@pooltop.workload(items="range:1", shared={"line": shared.Queue()})
def alarms_while_putting(item: int, *, line: Any) -> tuple[list[int], list[int], bool]:
    """What was put without an alarm, what arrives, and whether alarms still come in the end."""
    signal.signal(signal.SIGALRM, late)
    put = []
    for n in range(1500):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.00001 + (n % 50) * 0.000002)
            line.put(n)
            line.put(-1)
            signal.setitimer(signal.ITIMER_REAL, 0)
            put.append(n)
        except Late:
            pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    got = [line.get() for _ in range(line.qsize())]
    return put, got, signal.SIGALRM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pooltop.workload(
    items="range:3",
    together=3,
    check=lambda outcome: (list(range(20)), sorted(n for part in outcome.results for n in part or ())),
    shared={"following": shared.Value("i"), "line": shared.Queue()},
)
def claims(item: int, *, following: Any, line: Any) -> list[int] | None:
    """Producers claim numbers in shared memory, so one that is run again puts others than before."""
    if item == 2:
        got: list[int] = []
        ends = 0
        while ends < 2:
            number = line.get()
            if number is None:
                ends += 1
            else:
                got.append(number)
        return got
    while True:
        with following.get_lock():
            number, following.value = following.value, following.value + 1
        if number >= 20:
            line.put(None)
            return None
        line.put(number)
        time.sleep(0.01)
        if item == 0 and number >= 8 and once("died"):
            line.qsize()
            die()


@pooltop.workload(items="range:1", shared={"few": shared.Semaphore(0)})
def limits(item: int, *, few: Any) -> float:
    """The first execution waits a short time and dies before it is over; the second waits longer."""
    began = time.monotonic()
    if once("died"):
        threading.Timer(0.1, die).start()
        few.acquire(timeout=0.6)
    few.acquire(timeout=1.5)
    return time.monotonic() - began


def meet(*, gate: Any) -> None:
    gate.wait()


@pooltop.workload(items="range:2", together=2, setup=meet, shared={"gate": shared.Barrier(2), "line": shared.Queue()})
def meets_in_setup(item: int, *, line: Any) -> Any:
    """A replacement finds the gate open that its predecessor has passed."""
    if item == 0:
        if once("died"):
            die()
        line.put("on")
        return None
    return line.get()


@pooltop.workload(items="range:2", shared={"lock": shared.Lock()})
def never_released(item: int, *, lock: Any) -> None:
    """The first raises with the lock in its hand."""
    if item == 0:
        lock.acquire()
        (LAB / "held").touch()
        raise ValueError("oops")
    wait_for("held")
    time.sleep(0.1)
    lock.acquire()


@pooltop.workload(items="range:3", shared={"lock": shared.Lock()})
def holds(item: int, *, lock: Any) -> int:
    """Whoever is first is stopped by the test with the lock in its hand."""
    with lock:
        if once("holder"):
            (LAB / "pid").write_text(str(os.getpid()))
            (LAB / "inside").touch()
            time.sleep(600)
    return item


@pooltop.workload(items="range:60", shared={"line": shared.Queue()})
def needs_its_neighbour(item: int, *, line: Any) -> Any:
    """Item 20 waits for what item 21 puts, which lies in the same worker's hand."""
    time.sleep(0.0005)
    if item == 20:
        return line.get()
    if item == 21:
        line.put("x")
    return None


@pooltop.workload(items="range:2", together=2, shared={"pipe": shared.Pipe()})
def closes_what_it_does_not_use(item: int, *, pipe: Any) -> list[int]:
    """As every tutorial does."""
    left, right = pipe
    got: list[int] = []
    if item == 0:
        right.close()
        for number in range(5):
            left.send(number)
        left.close()
        return got
    left.close()
    with suppress(EOFError):
        while True:
            got.append(right.recv())
    return got


def locked(lock: Any, value: Any) -> None:
    with lock:
        value.value += 1


@pooltop.workload(items="range:1", shared={"lock": shared.Lock(), "value": shared.Value("i")})
def children_lock_too(item: int, *, lock: Any, value: Any) -> tuple[list[int | None], int]:
    """Forked children wait for the lock that their parent holds meanwhile."""
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=locked, args=(lock, value)) for _ in range(3)]
    with lock:
        for child in children:
            child.start()
        time.sleep(0.6)
    for child in children:
        child.join(20)
    return [child.exitcode for child in children], value.value


@pooltop.workload(items="range:1", shared={"lock": shared.Lock()})
def only_the_baseline_stands_still(item: int, *, lock: Any) -> int:
    """Its process is the one that is not a worker's first: it has no journal of its own to tell by."""
    if once("baseline"):
        with lock, lock:
            pass
    return item


def waits_in_the_check(outcome: pooltop.Outcome) -> tuple[object, object]:
    return 1, outcome.shared["line"].get()


@pooltop.workload(items="range:1", check=waits_in_the_check, shared={"line": shared.Queue()})
def check_that_waits(item: int, *, line: Any) -> int:
    return item


def raises_in_the_check(outcome: pooltop.Outcome) -> tuple[object, object]:
    raise LookupError("nothing there")


@pooltop.workload(items="range:1", check=raises_in_the_check)
def check_that_raises(item: int) -> int:
    return item


@pooltop.workload(items="range:1", shared={"letters": shared.Array("u", 4, lock=False)})
def no_such_character(item: int, *, letters: Any) -> int:
    """Its memory holds what no character is."""
    import ctypes

    ctypes.memset(ctypes.addressof(letters), 0xFF, ctypes.sizeof(letters))
    time.sleep(0.6)
    return item


@pooltop.workload(items="range:1", shared={"line": shared.Queue()})
def own_time_limit(item: int, *, line: Any) -> str:
    """An alarm will end the wait: that is no deadlock."""
    signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    try:
        return str(line.get())
    except Late:
        return "late"
