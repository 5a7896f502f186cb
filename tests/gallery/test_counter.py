"""The gallery's counter: exact with the lock, lossy without, and told so."""

from types import SimpleNamespace

import pytest

import pooltop
from pooltop.model import StartMethod
from tests.engine.harness import Lab
from tests.gallery.play import play, verdict
from workloads.counter import AtMost, no_raise_lost

SMALL = ("--raises", "50", "--pause", "0.002")


def outcome(total: int, *, lock: bool) -> pooltop.Outcome:
    return pooltop.Outcome(
        results=[],
        options={"parts": 4, "raises": 100, "lock": lock},
        items=4,
        failed=0,
        shared={"total": SimpleNamespace(value=total)},
    )


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_with_the_lock_no_raise_is_lost(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "counter", *SMALL, start_method=start_method)
    assert verdict(final) == (200, 200, True)
    assert final.counters == {"raises": 200}


async def test_without_the_lock_raises_are_lost_and_the_check_says_how_many(lab: Lab) -> None:
    final = await play(lab, "counter", "--no-lock", *SMALL, workers=4)
    expected, actual, ok = verdict(final)
    assert (expected, ok) == ("at most 200", True)
    assert isinstance(actual, int) and 0 < actual < 200
    assert f"200 raises, {200 - actual} of them lost" in [line.text for line in final.log]
    assert final.counters == {"raises": 200}


async def test_one_worker_alone_loses_nothing_without_the_lock(lab: Lab) -> None:
    final = await play(lab, "counter", "--no-lock", "--raises", "20", "--pause", "0", workers=1)
    assert verdict(final) == ("at most 80", 80, True)


async def test_killed_workers_lose_nothing(lab: Lab) -> None:
    final = await play(lab, "counter", "--raises", "60", workers=3, kills=4)
    expected, actual, ok = verdict(final)
    assert final.check is not None
    assert ok or any("critical section" in note for note in final.check.notes), (expected, actual)
    assert final.counters == {"raises": 240}


def test_the_check_says_no() -> None:
    assert no_raise_lost(outcome(400, lock=True)) == (400, 400)
    for total in (399, 401):
        expected, actual = no_raise_lost(outcome(total, lock=True))
        assert expected != actual
    expected, actual = no_raise_lost(outcome(401, lock=False))
    assert expected != actual


def test_at_most() -> None:
    assert AtMost(400) == 0 and AtMost(400) == 400 and AtMost(400) != 401 and AtMost(400) != -1
    assert repr(AtMost(4000)) == "at most 4,000"
