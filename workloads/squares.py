"""The gallery's squares: tiny items, one by one and in spans, beside a plain loop."""

import math
import timeit
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from time import monotonic
from typing import Annotated, TypedDict

from msgspec import Meta

import pooltop

SAMPLE = 100_000
"""About so many numbers are enough to time the plain loop."""


class Summed(TypedDict):
    """The sum of the squares of one item's numbers."""

    first: int
    numbers: int
    total: int
    began: float
    """On the clock that all processes share, `time.monotonic`."""
    ended: float


class Starts:
    """The number that each item begins with: up to n - singly every `span`th number, then every number.

    None of them is made before it is asked for.
    """

    def __init__(self, n: int, span: int, singly: int) -> None:
        in_spans = max(0, n - singly)
        self._spans = range(1, in_spans + 1, span)
        self._alone = range(in_spans + 1, n + 1)

    def __len__(self) -> int:
        return len(self._spans) + len(self._alone)

    def __iter__(self) -> Iterator[int]:
        return chain(self._spans, self._alone)


def numbers_from(first: int, n: int, span: int, singly: int) -> range:
    """The numbers of the item that begins with `first`."""
    in_spans = n - singly
    return range(first, min(first + span, in_spans + 1) if first <= in_spans else first + 1)


@dataclass
class Stretch:
    """Items that were worked on in one stretch of time, by whatever workers."""

    numbers: int = 0
    began: float = math.inf
    ended: float = -math.inf

    def add(self, summed: Summed) -> None:
        """One more of them."""
        self.numbers += summed["numbers"]
        self.began = min(self.began, summed["began"])
        self.ended = max(self.ended, summed["ended"])

    @property
    def rate(self) -> float:
        """Numbers a second, from the beginning of the first item to the end of the last, whatever lay between."""
        return self.numbers / (self.ended - self.began)


def sum_in_closed_form(outcome: pooltop.Outcome) -> tuple[int, int]:
    """The sum of the squares up to n is n (n + 1) (2 n + 1) / 6.

    (R. L. Graham, D. E. Knuth, O. Patashnik, Concrete Mathematics, 2nd edition, section 2.5.)
    """
    n, singly = outcome.options["n"], outcome.options["singly"]
    assert isinstance(n, int) and isinstance(singly, int)
    total, in_spans, alone = 0, Stretch(), Stretch()
    for summed in outcome.results:
        total += summed["total"]
        (in_spans if summed["first"] <= n - singly else alone).add(summed)
    compare(plain_rate(n), {"the pool, in spans": in_spans, "the pool, one by one": alone})
    return n * (n + 1) * (2 * n + 1) // 6, total


def plain_rate(n: int) -> float:
    """Numbers up to n that the plain loop squares in a second, here and undisturbed: the best of several samples."""
    sample = range(1, n + 1, max(1, n // SAMPLE))
    return len(sample) / min(timeit.repeat(lambda: sum_of_squares(sample), number=1, repeat=10))


def compare(plain: float, stretches: dict[str, Stretch]) -> None:
    """Print the rates beside each other."""
    print(f"{'a plain loop':20} {plain:12,.0f} numbers a second")
    for name, stretch in stretches.items():
        if stretch.numbers:
            rate = stretch.rate
            print(f"{name:20} {rate:12,.0f} numbers a second, {rate / plain:.2g} times the plain loop")


@pooltop.workload(
    title="Sum a million squares", section="Real work", items=Starts, check=sum_in_closed_form, takes_items=False
)
def squares(
    first: int,
    n: Annotated[int, Meta(ge=1, le=100_000_000)] = 1_000_000,
    span: Annotated[int, Meta(ge=1, le=10_000_000)] = 10_000,
    singly: Annotated[int, Meta(ge=0, le=1_000_000)] = 20_000,
) -> Summed:
    """Squares from 1 to n, summed: handed out one by one they do not pay, in spans they do.

    What it shows: what an item must cost to be worth a pool. To square a number takes some fifty nanoseconds; to
    hand it to another process and to take its square back takes a microsecond or two, even though pooltop packs many
    items into each message. So most numbers travel in spans: an item is only the number that a span begins with, the
    worker squares all of the span, and what comes back is their sum. The last 20,000 numbers (--singly) are items of
    their own, to compare. At the end three rates stand in the log: that of a plain loop, of the pool in spans, and of
    the pool one by one. They are taken from the clock in the workers and count all the waiting in between.

    Watch the items: the spans are over before one can look, and the far fewer single numbers take about as long. The
    speedup is that of both together, against one process that calls the function for the same items in a loop. For
    a million numbers it is little or none, and with the start of the pool it is a loss: one process needs a
    twentieth of a second for all of it.

    Try --n 100000000, where spans take the speedup close to the number of cores. Memory does not grow: no list
    is ever made, numbers come as they are asked for and only sums are kept. Try --singly 0 and --span 100, 1000, 100000
    to see from which size on a chunk pays, and --n 20000 with -j 2 --chunksize 1 on the command line, where every
    number has a message of its own.
    """
    began = monotonic()
    numbers = numbers_from(first, n, span, singly)
    total = sum_of_squares(numbers)
    return {"first": first, "numbers": len(numbers), "total": total, "began": began, "ended": monotonic()}


def sum_of_squares(numbers: range) -> int:
    """The plain loop."""
    total = 0
    for number in numbers:
        total += number * number
    return total
