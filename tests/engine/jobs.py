"""The functions that the tests of the engine run, as a user would write them."""

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pooltop

LAB = Path(os.environ["POOLTOP_LAB"])
"""Where a job and its test leave marks for each other."""


def mark(name: str) -> None:
    """Tell the test."""
    (LAB / name).touch()


def wait_for(*names: str) -> None:
    """Until the test, or another job, has left one of these marks."""
    while not any((LAB / name).exists() for name in names):
        time.sleep(0.005)


def square(item: int) -> int:
    return item * item


def nap(item: int, seconds: float = 0.004) -> int:
    """A short item; it counts itself."""
    pooltop.counter("items").add(1)
    time.sleep(seconds)
    return item * item


def held(item: int) -> int:
    """Takes as long as the test wants."""
    mark(f"began-{item}")
    with (LAB / "begun").open("a") as begun:
        begun.write(f"{item}\n")
    wait_for("go", f"go-{item}")
    return item * item


def held_in_c(item: int) -> int:
    """Item 1 never lets go of the GIL; the others take as long as the test wants."""
    mark(f"began-{item}")
    if item == 1:
        re.match(r"(a+)+$", "a" * 40 + "b")
    return held(item)


def held_with_a_child(item: int) -> int:
    """Has a child of its own while it is held."""
    with subprocess.Popen(["sleep", "600"]) as child:
        (LAB / f"child-{item}").write_text(str(child.pid))
        held(item)
        child.kill()
    return item * item


def forks_and_dies(item: int) -> int:
    """Dies once, and leaves a process that has all its descriptors."""
    if item == 0 and not (LAB / "died").exists():
        mark("died")
        if os.fork() == 0:
            time.sleep(600)
        os.kill(os.getpid(), signal.SIGKILL)
    return item * item


def dies(item: int, how: str) -> int:
    """Item 5 ends its process."""
    if item == 5:
        if how == "exit":
            os._exit(5)
        if how == "segfault":
            ctypes.string_at(0)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
    return item * item


def leaves_a_child(item: int) -> int:
    """Its child would outlive it."""
    subprocess.Popen(["sleep", "600"])
    return item * item


class Mute(Exception):
    """Its message cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no message")


class Stubborn(Exception):
    """Cannot be pickled, neither itself nor what it holds."""

    def __init__(self, item: int) -> None:
        super().__init__(f"item {item}")
        self.stream = sys.stdout

    def __reduce__(self) -> str:
        raise RuntimeError("no pickle")


def raises(item: int, what: str) -> int:
    """Item 5 raises; `what` is an expression of the exception."""
    if item == 5:
        raise eval(what)
    return item * item


class Unpicklable:
    """A result that cannot be sent."""

    def __reduce__(self) -> str:
        raise RuntimeError("stays here")


def returns_unpicklable(item: int) -> object:
    return Unpicklable() if item == 5 else item * item


class Trap:
    """An item that springs when it is unpickled."""

    def __init__(self, number: int, what: str) -> None:
        self.number = number
        self.what = what

    def __reduce__(self) -> tuple[object, ...]:
        return (spring, (self.number, self.what)) if self.number == 5 else (Trap, (self.number, self.what))


def spring(number: int, what: str) -> Trap:
    if what == "raise":
        raise ValueError(f"item {number} does not want to be unpickled")
    if what == "exit":
        os._exit(5)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def raising_traps() -> list[Trap]:
    return [Trap(number, "raise") for number in range(12)]


def killing_traps() -> list[Trap]:
    return [Trap(number, "kill") for number in range(12)]


def unpicklable_items() -> list[object]:
    return [Unpicklable() if number == 5 else Trap(number + 100, "") for number in range(12)]


def opened(item: Trap) -> int:
    return item.number


def big_result(item: int) -> bytes:
    return bytes([item]) * 50_000_000


def big_items() -> Iterator[bytes]:
    for number in range(6):
        yield bytes([number]) * 20_000_000


def size(item: bytes) -> tuple[int, int]:
    return item[0], len(item)


def breaking_source() -> Iterator[int]:
    yield from range(20)
    print("about to break")
    raise ValueError("the source broke")


def endless() -> Iterator[int]:
    number = 0
    while True:
        yield number
        number += 1


def dying_source() -> Iterator[int]:
    yield from range(5)
    os._exit(3)


def counted_source() -> Iterator[int]:
    for number in range(10_000):
        mark(f"gave-{number}")
        yield number


def hanging_source() -> Iterator[int]:
    yield from range(3)
    wait_for("never")


def prints(item: int) -> None:
    print(f"line of {item}")
    print(f"complaint of {item}", file=sys.stderr)


def writes_below(item: int) -> None:
    """Past Python's own streams; held long enough to be seen with its item."""
    os.write(1, f"written by {item}\n".encode())
    subprocess.run(["echo", f"echo of {item}"], check=True)
    held(item)


def prints_oddly(_item: int) -> None:
    """Everything that a log should survive."""
    print("no end of line", end="")
    os.write(2, b"\xff\xfe binary \x00 garbage\n")
    print("\udce4 surrogate \x1b[31m red")
    os.write(1, b"nor here")


def prints_long_lines(_item: int) -> None:
    print("x" * 1_000_000)
    os.write(1, b"y" * 1_000_000 + b"\n")


def prints_much(item: int) -> int:
    for number in range(20_000):
        print(f"{item}: line {number} of a great many")
    return item * item


def floods(item: int) -> int:
    """A child that prints as fast as it can."""
    subprocess.run(["sh", "-c", "yes | head -c 400000"], check=True)
    return item * item


def prints_in_a_thread(_item: int) -> None:
    thread = threading.Thread(target=print, args=("from a thread",))
    thread.start()
    thread.join()


def chatty_source() -> Iterator[int]:
    for number in range(3):
        print(f"giving {number}")
        yield number


def alarmed(item: int) -> int:
    """An alarm that raises may come in the middle of a print."""

    def ring(_number: int, _frame: object) -> None:
        raise TimeoutError("too long")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        while True:
            print("a line that is long enough to be cut in two " * 20)
    except TimeoutError:
        return item * item
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def counts(item: int) -> int:
    """Adds in small steps, to more counters than a slot can show."""
    for _ in range(10):
        pooltop.counter("steps").add(1)
    pooltop.counter("weight").add(item / 2)
    pooltop.counter("debt").add(-1)
    for number in range(1, 21):
        pooltop.counter(f"many-{number}").add(number)
    time.sleep(0.001)
    return item * item


def counts_and_fails(item: int) -> int:
    pooltop.counter("tried").add(1)
    if item % 2:
        raise ValueError(item)
    return item * item


def counts_beyond_64_bits(item: int) -> int:
    pooltop.counter("vast").add(2**70)
    return item * item


def tracked(item: int) -> int:
    for step in pooltop.track(range(4)):
        mark(f"step-{step}")
        wait_for("go", f"go-step-{step}")
    return item * item


def tracked_without_length(item: int) -> int:
    for _ in pooltop.track(iter([1, 2, 3])):
        held(item)
    return item * item


def hangs(item: int, victim: int = 5, seconds: float = 0.0, deaf: bool = False, raising: bool = False) -> int:
    """The victim never ends by itself."""
    time.sleep(seconds)
    if item == victim:
        print("about to hang")
        if deaf:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if raising:
            signal.signal(signal.SIGTERM, _raise_exit)
        time.sleep(600)
    return item * item


def _raise_exit(_number: int, _frame: object) -> None:
    raise SystemExit("told to end")


class SlowTrap:
    """Hangs when it is unpickled (2), or when it is pickled as a result (5)."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[object, ...]:
        return (hang_or_make, (self.number,))


def hang_or_make(number: int) -> SlowTrap:
    if number == 2:
        time.sleep(600)
    return SlowTrap(number)


class Sticky:
    """A result that cannot be let go of."""

    def __reduce__(self) -> str:
        time.sleep(600)
        return "never"


def slow_traps() -> list[SlowTrap]:
    return [SlowTrap(number) for number in range(8)]


def opened_slowly(item: SlowTrap) -> object:
    return Sticky() if item.number == 5 else item.number


def swells(item: int, in_a_child: bool = False) -> int:
    """Item 5 takes hundreds of megabytes, and keeps them."""
    if item == 5:
        if in_a_child:
            code = "import time; kept = b'x' * (400 << 20); time.sleep(600)"
            subprocess.run([sys.executable, "-c", code], check=False)
        kept = b"x" * (400 << 20)
        time.sleep(600)
        return len(kept)
    return item * item


def raises_at_first(item: int, times: int) -> int:
    """Item 3 raises the first times."""
    pooltop.counter("tries").add(1)
    if item == 3:
        with (LAB / "tries").open("a+") as tries:
            tries.seek(0)
            before = len(tries.read())
            tries.write("x")
        if before < times:
            raise ValueError("not yet")
    pooltop.counter("ends").add(1)
    return item * item


def fails_from_ten_on(item: int) -> int:
    time.sleep(0.002)
    if item >= 10:
        raise ValueError(item)
    return item * item


def held_or_fails(item: int) -> int:
    """Item 0 is held, the others fail."""
    return held(item) if item == 0 else fails_from_ten_on(item + 10)


def whose(_item: int) -> int:
    time.sleep(0.001)
    return os.getpid()


def dies_talking(item: int) -> int:
    """Item 5 prints, and crashes."""
    if item == 5:
        print("line 1")
        print("line 2")
        ctypes.string_at(0)
    return item * item


def kill_yourself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pooltop.workload(setup=kill_yourself)
def killed_in_setup(item: int) -> int:
    return item


def naps_then_holds(item: int) -> int:
    """Item 20 takes as long as the test wants."""
    time.sleep(0.01)
    return held(item) if item == 20 else item * item


def raises_a_page(item: int) -> int:
    """Its message is as long as what it quotes."""
    raise ValueError(f"{item} is not in {'y' * 1_000_000}")


def prints_and_raises(item: int) -> int:
    """Every third item raises."""
    prints(item)
    if item % 3 == 0:
        raise ValueError(item)
    return item * item
