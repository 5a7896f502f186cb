"""Items that take too long or too much, that raise, and that are too many to fail: what ends what, and what is kept."""

import os
import signal

import pytest

from pooltop.model import Halt, Pause, Resume
from tests.engine.harness import Lab

MB = 1 << 20


async def test_an_item_over_its_time_is_ended_with_its_stack_and_tried_again(lab: Lab) -> None:
    run = await lab.start("hangs", "range:20", retries=1, timeout=0.3)
    final = await run.ends_exactly(20, failed=[5])
    (failure,) = run.failures()
    assert (failure.error, failure.attempts) == ("timed out after 0.3 s", 2)
    assert "in hangs" in failure.traceback and "most recent call first" in failure.traceback
    assert "pooltop/children" not in failure.traceback
    assert failure.memory and failure.seconds and failure.seconds >= 0.3
    assert failure.last_lines == ("about to hang",)
    assert final.workers_killed == 2


async def test_what_ignores_sigterm_gets_sigkill(lab: Lab) -> None:
    run = await lab.start("hangs", "range:8", "--deaf", retries=0, timeout=0.3)
    await run.ends_exactly(8, failed=[5])
    assert any("timed out after 0.3 s: SIGKILL" in event for event in run.events())


async def test_an_item_that_answers_sigterm_with_an_exception_has_timed_out(lab: Lab) -> None:
    run = await lab.start("hangs", "range:8", "--raising", retries=1, timeout=0.3)
    final = await run.ends_exactly(8, failed=[5])
    (failure,) = run.failures()
    assert (failure.error, failure.attempts) == ("timed out after 0.3 s", 2)
    assert final.workers_killed == 0


async def test_a_hang_while_an_item_is_unpickled_or_its_result_pickled_times_out(lab: Lab) -> None:
    run = await lab.start("opened_slowly", f"{lab.jobs}:slow_traps", retries=0, timeout=0.4, chunksize=4)
    await run.ends_exactly(8, lambda item: item, failed=[2, 5])
    assert {failure.error for failure in run.failures()} == {"timed out after 0.4 s"}


async def test_a_share_of_the_median_is_a_time_limit_once_enough_items_are_done(lab: Lab) -> None:
    run = await lab.start("hangs", "range:40", "--seconds", "0.02", "--victim", "30", retries=0, timeout_percent=1500.0)
    await run.ends_exactly(40, failed=[30])
    (failure,) = run.failures()
    assert failure.error.startswith("timed out after 0.") and failure.error.endswith(" s (1500% of the median)")


async def test_a_pause_does_not_count(lab: Lab) -> None:
    run = await lab.start("held", "range:2", timeout=1.5, retries=0)
    await lab.wait_for("began-0", "began-1")
    await run.do(Pause())
    paused = await run.until(lambda s: s.state == "paused")
    await run.until(lambda s: s.elapsed > paused.elapsed + 1.8)
    await run.do(Resume())
    lab.signal("go")
    await run.ends_exactly(2)


async def test_a_worker_over_its_memory_is_ended_and_the_item_named(lab: Lab) -> None:
    run = await lab.start("swells", "range:8", retries=1, memory_limit=200 * MB)
    await run.ends_exactly(8, failed=[5])
    (failure,) = run.failures()
    assert failure.error.startswith("memory: ") and failure.error.endswith(", over the limit of 200 MiB")
    assert failure.attempts == 2 and failure.memory and failure.memory > 200 * MB


async def test_the_memory_of_children_counts(lab: Lab) -> None:
    run = await lab.start("swells", "range:6", "--in-a-child", retries=0, memory_limit=200 * MB)
    await run.ends_exactly(6, failed=[5])
    assert run.failures()[0].error.startswith("memory: ")


async def test_an_exception_fails_at_once_unless_it_is_to_be_retried(lab: Lab) -> None:
    run = await lab.start("raises_at_first", "range:12", "--times", "2", retry_exceptions=True)
    final = await run.ends_exactly(12)
    assert final.progress.retried == 2 and final.workers_killed == 0
    assert final.counters == {"ends": 12, "tries": 12}, "what an attempt that is tried again has added does not count"


async def test_an_exception_that_stays_fails_after_all_its_attempts(lab: Lab) -> None:
    run = await lab.start("raises", "range:300", "--what", "ValueError('no')", retries=3, retry_exceptions=True)
    await run.ends_exactly(300, failed=[5])
    (failure,) = run.failures()
    assert (failure.error, failure.attempts) == ("ValueError: no", 4)


@pytest.mark.parametrize("when", ["now", "soon"])
async def test_too_many_failures_end_the_run(lab: Lab, when: str) -> None:
    run = await lab.start("fails_from_ten_on", "range:1000", halt=Halt("now" if when == "now" else "soon", count=3))
    final = await run.end()
    assert final.state == "failed"
    assert final.reason.startswith(("3 items of ", "4 items of ")), "the other worker may have one more in hand"
    assert final.reason.endswith(f"failed (--halt {when},fail=3)")
    assert final.progress.done >= 1 and final.progress.done + final.progress.failed < 1000
    assert len(run.values()) == final.progress.done, "what is finished is kept"


async def test_a_halt_soon_lets_what_is_in_hand_end(lab: Lab) -> None:
    run = await lab.start("held_or_fails", "range:30", halt=Halt("soon", percent=50))
    await lab.wait_for("began-0")
    await run.until(lambda s: s.progress.failed >= 3)
    lab.signal("go")
    final = await run.end()
    assert run.values() == {0: 0}
    assert final.state == "failed" and "(--halt soon,fail=50%)" in final.reason


@pytest.mark.parametrize("chunksize", [None, 7])
async def test_a_worker_is_replaced_after_so_many_items(lab: Lab, chunksize: int | None) -> None:
    run = await lab.start("whose", "range:24", maxtasksperchild=5, chunksize=chunksize)
    final = await run.end()
    pids = list(run.values().values())
    assert max(map(pids.count, pids)) <= 5 and len(pids) == 24
    assert final.workers_killed == 0 and final.progress.retried == 0


async def test_a_death_is_told_with_all_that_is_known(lab: Lab) -> None:
    run = await lab.start("dies_talking", "range:8", retries=0)
    await run.ends_exactly(8, failed=[5])
    (failure,) = run.failures()
    assert failure.error == "SIGSEGV"
    assert failure.last_lines == ("line 1", "line 2")
    assert "Segmentation fault" in failure.traceback and "in dies_talking" in failure.traceback
    assert failure.memory and failure.seconds
    assert any("Segmentation fault" in line.text for line in run.printed()), "the log has it, too"


@pytest.mark.chaos
async def test_a_setup_that_is_killed_again_and_again_ends_the_run(lab: Lab) -> None:
    run = await lab.start("killed_in_setup", "range:8", workers=1)
    final = await run.end(40)
    assert final.state == "failed" and "killed 10 times while it starts: SIGKILL" in final.reason


async def test_a_slow_item_is_marked(lab: Lab) -> None:
    run = await lab.start("naps_then_holds", "range:40", workers=2)
    snapshot = await run.until(lambda s: any(worker.slow for worker in s.workers))
    assert {worker.slow: worker.item for worker in snapshot.workers if worker.slow} == {"waiting": "20"}
    lab.signal("go")
    await run.ends_exactly(40)


async def test_the_median_of_a_stopped_worker(lab: Lab) -> None:
    """One stopped from outside for ever is over its time like any other."""
    run = await lab.start("held", "range:2", timeout=0.6, retries=0)
    worker = await run.holder(0)
    os.kill(worker.pid or 0, signal.SIGSTOP)
    lab.signal("go-1")
    await run.ends_exactly(2, failed=[0])
    assert run.failures()[0].error == "timed out after 0.6 s"


LOCKED = """
import time
import pooltop
from pooltop import shared

@pooltop.workload(shared={"lock": shared.Lock()})
def locked(item: int, *, lock) -> int:
    with lock:
        if item == 0:
            time.sleep(600)
    return item * item
"""


async def test_who_waits_for_the_lock_of_one_that_hangs_has_time(lab: Lab) -> None:
    file = lab.write("locking.py", LOCKED)
    run = await lab.start(f"{file}:locked", "range:6", workers=3, retries=0, timeout=0.6)
    await run.ends_exactly(6, failed=[0])
    assert run.failures()[0].error == "timed out after 0.6 s"


HOG = """
import threading, time
import pooltop

def swell():
    time.sleep(0.1)
    kept.append(b"x" * (400 << 20))

kept = []

def items():
    time.sleep(600)
    yield 1

@pooltop.workload(setup=lambda: threading.Thread(target=swell).start())
def hog(item: int) -> int:
    return item
"""


async def test_workers_that_take_too_much_before_their_first_item_end_the_run(lab: Lab) -> None:
    file = lab.write("hog.py", HOG)
    run = await lab.start(f"{file}:hog", f"{file}:items", memory_limit=200 * MB)
    final = await run.end(40)
    assert final.state == "failed" and "memory: " in final.reason
