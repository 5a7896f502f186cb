"""The gallery's arrays: all workers fill one Array in shared memory in place."""

from ctypes import Array, c_longlong
from itertools import islice
from math import isqrt
from typing import Annotated

from msgspec import Meta

import pooltop
from pooltop import shared


def every_cell(cells: int) -> range:
    """An item a cell."""
    return range(cells)


def every_cell_is_right(outcome: pooltop.Outcome) -> tuple[int, int]:
    """As many cells as there are, and as many as hold what a sieve finds too."""
    cells, width = outcome.options["cells"], outcome.options["width"]
    sieve = iter(primes_below(cells * width))
    expected = (sum(islice(sieve, width)) for _ in range(cells))
    right = [found == wanted for found, wanted in zip(outcome.shared["primes"], expected, strict=True)]
    if not all(right):
        print(f"cell {right.index(False)} is the first that is wrong")
    return cells, sum(right)


def primes_below(end: int) -> bytearray:
    """The sieve of Eratosthenes: 1 at each prime."""
    sieve = bytearray([1]) * end
    sieve[:2] = bytes(len(sieve[:2]))
    for number in range(2, isqrt(end) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, end, number)))
    return sieve


@pooltop.workload(
    title="Array in shared memory",
    section="Sharing",
    items=every_cell,
    check=every_cell_is_right,
    takes_items=False,
    shared={"primes": shared.Array("q", shared.Option("cells"), lock=False)},
)
def arrays(
    cell: int,
    cells: Annotated[int, Meta(ge=1, le=100_000)] = 300,  # noqa: ARG001  # so many items, and of `primes`
    width: Annotated[int, Meta(ge=1, le=100_000)] = 5000,
    *,
    primes: "Array[c_longlong]",
) -> None:
    """The primes among the first 1,500,000 numbers, counted 5,000 at a time into the cells of one Array.

    What it shows: an Array lies in memory that all processes share. A worker writes its cell in place, and nothing is
    sent back: the function returns None. No lock is needed, since no two workers write the same cell.

    Watch the picture of the array fill up, at as many places as there are workers: each goes through a stretch of its
    own, and takes half of another's when it is through. Primes get rarer, so the picture falls to the right. That
    they also get dearer to find does not matter: the work is divided again whenever somebody is idle.

    Try to kill a worker (k): the cells it has written stay, since they are not its own, and only the one in its hand is
    counted again. Give `--width 20`: the cells become so cheap that handing them out costs more than filling them.
    """
    first = cell * width
    primes[cell] = sum(map(is_prime, range(first, first + width)))


def is_prime(number: int) -> bool:
    """By trial division."""
    return number > 1 and all(number % divisor for divisor in range(2, isqrt(number) + 1))
