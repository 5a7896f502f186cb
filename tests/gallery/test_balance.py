"""The gallery's balance: right to the cent, and honest about a death inside the critical section."""

from types import SimpleNamespace

import psutil
import pytest

import pooltop
from pooltop.model import SharedObject, Snapshot, StartMethod
from tests.engine.harness import Lab
from tests.gallery.play import RETRIES, play, verdict
from workloads.balance import balance_is_right

SMALL = ("--entries", "30", "--hold", "0.002")
FRESH_SECONDS = 0.2
"""A lock held for no longer than this is still in the middle of what `LONG` makes of an entry."""
LONG = ("--tellers", "2", "--entries", "2", "--hold", "0.6")


def outcome(balance: float, tellers: int = 4) -> pooltop.Outcome:
    return pooltop.Outcome(
        results=[],
        options={"tellers": tellers, "entries": 10},
        items=tellers,
        failed=0,
        shared={"balance": SimpleNamespace(value=balance)},
    )


@pytest.mark.parametrize("start_method", ["forkserver", "spawn"])
async def test_balance(lab: Lab, start_method: StartMethod) -> None:
    final = await play(lab, "balance", *SMALL, start_method=start_method)
    assert verdict(final) == ("1000.00", "1000.00", True)
    assert final.check is not None and final.check.notes == ()


async def test_killed_workers_put_off_no_more_than_is_said(lab: Lab) -> None:
    final = await play(lab, "balance", "--entries", "40", workers=4, kills=4)
    _expected, actual, ok = verdict(final)
    assert final.check is not None
    assert ok or any("critical section of lock" in note for note in final.check.notes), actual
    assert abs(float(str(actual)) - 1000.0) <= 4 * 10.0


async def test_a_death_inside_the_critical_section_is_told(lab: Lab) -> None:
    run = await lab.start("balance", None, *LONG, gallery=True, workers=2, retries=RETRIES)
    snapshot = await run.until(lambda s: holder_of_the_lock(s) is not None)
    holder = next(worker for worker in snapshot.workers if worker.slot == holder_of_the_lock(snapshot))
    assert holder.pid is not None and holder.item is not None
    psutil.Process(holder.pid).kill()
    final = await run.end()
    assert verdict(final) == ("1000.00", "1010.00" if holder.item.startswith("deposits") else "990.00", False)
    assert final.check is not None
    assert any("worker died inside the critical section of lock" in note for note in final.check.notes)


def holder_of_the_lock(snapshot: Snapshot) -> int | None:
    """Who has just got the lock, while another waits for it."""
    lock: SharedObject | None = next((each for each in snapshot.shared if each.name == "lock"), None)
    if lock is None or not lock.waits or lock.waits[0].seconds > FRESH_SECONDS:
        return None
    return lock.holder


def test_the_check_says_no() -> None:
    assert balance_is_right(outcome(1000.0)) == ("1000.00", "1000.00")
    assert balance_is_right(outcome(1010.0)) == ("1000.00", "1010.00")
    assert balance_is_right(outcome(1000.0, tellers=3)) == ("1100.00", "1000.00")
