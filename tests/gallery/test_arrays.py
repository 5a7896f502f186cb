"""The gallery's arrays: every cell is filled, whoever dies over it."""

from ctypes import Array, c_longlong
from multiprocessing.sharedctypes import RawArray

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pooltop
from pooltop.model import StartMethod
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads.arrays import arrays, every_cell_is_right, is_prime, primes_below


def outcome(primes: list[int], width: int) -> pooltop.Outcome:
    return pooltop.Outcome(
        results=[],
        options={"cells": len(primes), "width": width},
        items=len(primes),
        failed=0,
        shared={"primes": primes},
    )


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_every_cell(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "arrays", "--cells", "40", "--width", "100", start_method=start_method)
    assert verdict(final) == (40, 40, True)
    (primes,) = final.shared
    assert (primes.name, primes.kind, primes.size) == ("primes", "Array", 40)
    assert primes.cells[:3] == (25, 21, 16)


async def test_workers_killed_meanwhile(lab: Lab) -> None:
    final = await play(lab, "arrays", "--cells", "100", "--width", "3000", workers=3, kills=4)
    assert verdict(final) == (100, 100, True)


def test_the_check_says_no() -> None:
    assert every_cell_is_right(outcome([4, 4, 2], width=10)) == (3, 3)
    assert every_cell_is_right(outcome([4, 0, 2], width=10)) == (3, 2)


@given(st.integers(0, 300))
def test_sieve_and_trial_division_agree(end: int) -> None:
    assert list(primes_below(end)) == [is_prime(number) for number in range(end)]


def test_a_cell_is_written_in_place() -> None:
    primes: Array[c_longlong] = RawArray("q", 3)
    arrays(1, 3, 10, primes=primes)
    assert primes[:] == [0, 4, 0]
